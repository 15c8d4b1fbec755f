"""The look of the window: fonts, palette, one style sheet, icons in the colours of the palette, and the measures.

Everything is built from the tokens of ``resources/palette`` and one size in percent. Sizes are points at 96 dpi.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from string import Template

from PySide6.QtCore import QByteArray, QLibraryInfo, QSize, Qt, QTranslator
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QIcon, QPalette, QPixmap, QRawFont
from PySide6.QtWidgets import QApplication, QStyleFactory

from overread.core.text import Language
from overread.viewer.render.fonts import load_fonts

FAMILIES = (
    "Inter",
    "Noto Sans CJK SC",
    "Segoe UI",
    "Microsoft YaHei UI",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "DejaVu Sans",
)
"""Latin first, families with Chinese after it: the first that has a sign draws it."""

SMALLEST_PERCENT, LARGEST_PERCENT = 80, 200
_HAN_OF_LUNG = "\N{CJK UNIFIED IDEOGRAPH-80BA}"


@dataclass(frozen=True)
class Look:
    """Colours by token (``#RRGGBB``) and the size of everything in percent (80 to 200)."""

    colours: Mapping[str, str]
    percent: int = 100

    def px(self, measure: float) -> int:
        """A measure of the design (points at 100 %) at this size."""
        return max(1, round(measure * self.percent / 100))

    def icon(self, name: str, token: str = "text") -> QIcon:
        """An icon in the colour of a token; disabled it is ``faint``, pressed or chosen ``bright``."""
        icon = QIcon()
        box = self.px(16 if name.startswith("state-") else 20)
        states = ((QIcon.Mode.Normal, token), (QIcon.Mode.Disabled, "faint"), (QIcon.Mode.Active, "bright"))
        for mode, colour in states:
            for ratio in (1, 2):
                icon.addPixmap(icon_pixmap(name, self.colours[colour], box, ratio), mode)
        return icon

    def pixmap(self, name: str, token: str = "text", size: int = 16, ratio: float = 1.0) -> QPixmap:
        """A picture of an icon, ``size`` points of the design wide, for labels."""
        return icon_pixmap(name, self.colours[token], self.px(size), ratio)


def icon_pixmap(name: str, colour: str, box: int, ratio: float = 1.0) -> QPixmap:
    """An icon of ``resources/icons`` drawn in ``colour`` in a square of ``box`` points. Raises FileNotFoundError."""
    drawing = QPixmap()
    side = round(box * ratio)
    svg = _svg(name).replace("currentColor", colour)
    svg = svg.replace('width="20" height="20"', f'width="{side}" height="{side}"', 1)
    svg = svg.replace('width="16" height="16"', f'width="{side}" height="{side}"', 1)
    drawing.loadFromData(QByteArray(svg.encode()), "SVG")
    drawing.setDevicePixelRatio(ratio)
    return drawing


@cache
def _svg(name: str) -> str:
    return (resources.files("overread.resources") / "icons" / f"{name}.svg").read_text(encoding="utf-8")


def missing_cjk() -> bool:
    """True when no installed font has the Chinese sign for lung (U+80BA): Chinese text would be boxes."""
    for family in QFontDatabase.families(QFontDatabase.WritingSystem.SimplifiedChinese):
        if QRawFont.fromFont(QFont([family])).supportsCharacter(ord(_HAN_OF_LUNG)):
            return False
    return True


def font(percent: int = 100, size: float = 13, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of the window with tabular figures, ``size`` points of the design (pixels at 96 dpi)."""
    made = QFont(list(FAMILIES))
    made.setPixelSize(max(1, round(size * percent / 100)))
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def apply(application: QApplication, look: Look) -> None:
    """Give the application its style, font, palette and style sheet."""
    load_fonts()
    application.setStyle(QStyleFactory.create("Fusion"))
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateMenu, False)
    application.setEffectEnabled(Qt.UIEffect.UI_AnimateCombo, False)
    application.setEffectEnabled(Qt.UIEffect.UI_FadeMenu, False)
    application.setEffectEnabled(Qt.UIEffect.UI_FadeTooltip, False)
    application.setFont(font(look.percent))
    application.setPalette(qt_palette(look.colours))
    application.setStyleSheet(style_sheet(look))


def qt_palette(colours: Mapping[str, str]) -> QPalette:
    """The palette of the tokens, for all that no style sheet rule names."""
    role = QPalette.ColorRole
    chosen = {
        role.Window: "panel",
        role.WindowText: "text",
        role.Base: "panel",
        role.AlternateBase: "raised",
        role.Text: "text",
        role.Button: "raised",
        role.ButtonText: "text",
        role.BrightText: "bright",
        role.ToolTipBase: "raised",
        role.ToolTipText: "bright",
        role.PlaceholderText: "dim",
        role.Highlight: "held",
        role.HighlightedText: "bright",
        role.Link: "accent",
        role.Light: "edge",
        role.Mid: "line",
        role.Dark: "line",
        role.Shadow: "view",
        role.Accent: "accent",
    }
    made = QPalette()
    for each, token in chosen.items():
        made.setColor(each, QColor(colours[token]))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(colours["faint"]))
    return made


def style_sheet(look: Look) -> str:
    """The style sheet: ``$token`` is a colour, ``@12@`` a measure in points of the design."""
    text = (resources.files("overread.resources") / "palette" / "window.qss").read_text(encoding="utf-8")
    coloured = Template(text).substitute(look.colours)
    parts = coloured.split("@")
    return "".join(f"{look.px(float(part))}px" if index % 2 else part for index, part in enumerate(parts))


def text_width(text: str, of: QFont) -> int:
    """Width of one line of text in points."""
    return QFontMetrics(of).horizontalAdvance(text)


def square(look: Look, side: float) -> QSize:
    """A square of ``side`` points of the design."""
    return QSize(look.px(side), look.px(side))


class QtWords:
    """Qt's own words (dialogs of files, menus of text fields) in the language of the window."""

    def __init__(self, application: QApplication) -> None:
        self._application = application
        self._translator = QTranslator()

    def set_language(self, language: Language) -> bool:
        """Load them; False when Qt's translation is not installed (its words then stay English)."""
        self._application.removeTranslator(self._translator)
        if language == "en":
            return True
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        found = self._translator.load("qtbase_zh_CN", folder)
        if found:
            self._application.installTranslator(self._translator)
        return found
