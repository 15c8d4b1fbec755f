"""The row of options while a finding is edited: size and values of the brush, eraser, growth, interpolation, done."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QSlider, QToolButton, QWidget

from overread.core.text import number
from overread.viewer.commands import CommandRegistry, key_text
from overread.viewer.panels.words import Words, hbox, icon_label, label
from overread.viewer.presenters.edit_session import SCALE_HU, Knots
from overread.viewer.style import Look

KNOB = 12.0
STEP_HU = 10.0


class RangeSlider(QWidget):
    """Two knobs on a line; ``moved`` tells the lower and the upper value while one is dragged."""

    moved = Signal(float, float)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._knots: Knots = SCALE_HU
        self._values = (SCALE_HU[0][1], SCALE_HU[-1][1])
        self._held: int | None = None
        self.setFixedHeight(look.px(24))
        self.setMinimumWidth(look.px(72))
        self.setMaximumWidth(look.px(140))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SizeHorCursor)

    def sizeHint(self) -> QSize:
        """As wide as in the design."""
        return QSize(self._look.px(110), self._look.px(24))

    def set_scale(self, knots: Knots) -> None:
        """Values along the line."""
        self._knots = knots
        self.update()

    def set_values(self, low: float, high: float) -> None:
        """Show a range."""
        self._values = (low, high)
        self.update()

    def x_of(self, value: float) -> float:
        """Where a value stands, in points from the left."""
        shares, values = zip(*self._knots, strict=True)
        room = self.width() - self._look.px(KNOB)
        return self._look.px(KNOB) / 2 + float(np.interp(value, values, shares)) * room

    def value_at(self, x: float) -> float:
        """The value at a place, in whole tens where the scale is HU."""
        shares, values = zip(*self._knots, strict=True)
        room = max(1, self.width() - self._look.px(KNOB))
        value = float(np.interp((x - self._look.px(KNOB) / 2) / room, shares, values))
        inner = values[0] < value < values[-1]
        return round(value / STEP_HU) * STEP_HU if inner and self._knots == SCALE_HU else value

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the knob that is nearer."""
        x = event.position().x()
        places = [self.x_of(value) for value in self._values]
        self._held = 0 if abs(x - places[0]) < abs(x - places[1]) else 1
        self._move(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the knob that was taken."""
        if self._held is not None:
            self._move(event.position().x())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let it go."""
        self._held = None

    def _move(self, x: float) -> None:
        value, (low, high) = self.value_at(x), self._values
        self._values = (min(value, high), high) if self._held == 0 else (low, max(value, low))
        self.update()
        self.moved.emit(*self._values)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line, the chosen part and the knobs."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, thin, knob = self.height() / 2, self._look.px(4), self._look.px(KNOB)
        low, high = (self.x_of(value) for value in self._values)
        for left, right, token in ((0.0, float(self.width()), "edge"), (low, high, "accent")):
            painter.setBrush(QColor(self._look.colours[token]))
            painter.drawRoundedRect(QRectF(left, middle - thin / 2, right - left, thin), thin / 2, thin / 2)
        painter.setBrush(QColor(self._look.colours["bright"]))
        for x in (low, high):
            painter.drawEllipse(QPointF(x, middle), knob / 2, knob / 2)
        painter.end()


class EditOptions(QFrame):
    """Shown while a finding is edited. ``sized``: an index of the sizes; ``ranged``: lower and upper value."""

    sized = Signal(int)
    ranged = Signal(float, float)
    erase_chosen = Signal(bool)

    def __init__(
        self,
        words: Words,
        look: Look,
        registry: CommandRegistry,
        sizes_mm: Sequence[float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("edit-options")
        self.setProperty("bar", "below")
        self.setFixedHeight(look.px(40))
        self.setMinimumWidth(1)
        self._words, self._look, self._registry, self._sizes = words, look, registry, tuple(sizes_mm)
        self._unit = "HU"
        self._row = row = hbox(self, look, (12, 0, 8, 0), 8)
        self._icon, self._title = icon_label(look, "brush", "text"), label("strong")
        row.addWidget(self._icon)
        row.addWidget(self._title)
        self._slider = self._size_slider()
        row.addWidget(self._slider)
        self._size = label("value")
        row.addWidget(self._size)
        self._caps = [self._cap(command) for command in ("edit.smaller", "edit.larger")]
        for cap in self._caps:
            row.addWidget(cap)
        self._low, self._range, self._high = label("value"), RangeSlider(look), label("value")
        self._range.moved.connect(self.ranged)
        for each in (self._low, self._range, self._high):
            row.addWidget(each)
        self.erase = self._button("erase", "editing.erase", "Ctrl")
        self.erase.setCheckable(True)
        self.erase.clicked.connect(lambda: self.erase_chosen.emit(self.erase.isChecked()))
        self.grow = self._command_button("edit.grow", "grow", "editing.grow")
        self.interpolate = self._command_button("edit.interpolate", "interpolate", "editing.interpolate")
        self.interpolate.setCheckable(True)
        row.addStretch(1)
        self.back = self._command_button("edit.back", "", "editing.back")
        self.done = self._command_button("edit.done", "", "editing.done")
        self.hide()
        words.bind(self._render)

    def _size_slider(self) -> QSlider:
        made = QSlider(Qt.Orientation.Horizontal)
        made.setRange(0, len(self._sizes) - 1)
        made.setFixedWidth(self._look.px(72))
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.valueChanged.connect(self.sized)
        return made

    def _cap(self, command: str) -> QWidget:
        return label("key", key_text(self._registry.keys(command)[0]))

    def _button(self, icon: str, text_id: str, key: str) -> QToolButton:
        made = QToolButton()
        made.setObjectName(text_id)
        made.setProperty("kind", "tool")
        made.setProperty("text-id", text_id)
        made.setProperty("key", key)
        if icon:
            made.setIcon(self._look.icon(icon))
            made.setIconSize(QSize(self._look.px(18), self._look.px(18)))
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.setMinimumHeight(self._look.px(28))
        self._row.addWidget(made)
        return made

    def _command_button(self, command: str, icon: str, text_id: str) -> QToolButton:
        keys = self._registry.keys(command)
        made = self._button(icon, text_id, key_text(keys[0]) if keys else "")
        action = self._registry.action(command)
        made.clicked.connect(lambda: self._give(command, made))
        action.enabledChanged.connect(made.setEnabled)
        return made

    def _give(self, command: str, button: QToolButton) -> None:
        # The click toggled the button itself; whether there is a preview is said by ``set_preview``.
        button.setChecked(False)
        self._registry.trigger(command)

    def set_size(self, size_mm: float) -> None:
        """Show the diameter of the brush."""
        nearest = min(range(len(self._sizes)), key=lambda n: abs(self._sizes[n] - size_mm))
        self._slider.blockSignals(True)
        self._slider.setValue(nearest)
        self._slider.blockSignals(False)
        self._size.setText(f"{number(size_mm, 1)} mm")

    def set_range(self, low: float, high: float) -> None:
        """Show the values that are painted."""
        self._range.set_values(low, high)
        decimals = 0 if self._unit == "HU" else 2
        self._low.setText(number(low, decimals))
        self._high.setText(f"{number(high, decimals)} {'' if self._unit == '1' else self._unit}".strip())

    def set_scale(self, knots: Knots, unit: str) -> None:
        """Values along the line of the range, and their unit."""
        self._unit = unit
        self._range.set_scale(knots)

    def set_erasing(self, erasing: bool) -> None:
        """Show whether the brush erases without a key too."""
        self.erase.setChecked(erasing)

    def set_preview(self, shown: bool) -> None:
        """Show whether there is something to apply or to drop."""
        self.interpolate.setChecked(shown)

    def _buttons(self) -> tuple[QToolButton, ...]:
        return self.erase, self.grow, self.interpolate, self.back, self.done

    def _render(self) -> None:
        self._title.setText(self._words.say("editing.title"))
        self._range.setToolTip(self._words.say("editing.range"))
        self._slider.setToolTip(self._words.say("editing.size"))
        for each in self._buttons():
            key = each.property("key")
            words = self._words.say(each.property("text-id"))
            each.setToolTip(f"{words} ({key})" if key else words)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keys, then words, then the title go when they do not fit."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        for level in range(4):
            self._show_level(level)
            self._row.invalidate()
            if self._row.sizeHint().width() <= self.width():
                return

    def _show_level(self, level: int) -> None:
        beside, alone = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
        for each in self._buttons():
            words, key = self._words.say(each.property("text-id")), each.property("key")
            each.setText(f"{words}  {key}" if key and level == 0 else words)
            has_icon = not each.icon().isNull()
            each.setToolButtonStyle(alone if has_icon and level >= 2 else beside)
        for cap in self._caps:
            cap.setVisible(level == 0)
        self._title.setVisible(level < 2)
        self._slider.setVisible(level < 3)
