"""What the keys and menus do to the views: slices, presets, layouts, tools, overlays."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import msgspec

from overread.core.errors import OverreadError
from overread.core.text import Sentence, number, sentence, table
from overread.core.window import Window
from overread.viewer.commands import CommandRegistry
from overread.viewer.presenters.study import LAYOUTS, StudyPresenter
from overread.viewer.render.volume3d import presets as volume_presets
from overread.viewer.state.observable import Property
from overread.viewer.state.views import Plane, ViewState, VolumeState, Workspace

TOOLS = ("window", "pan", "zoom", "length", "bidirectional", "angle", "roi", "probe")
LAYOUT_ORDER = tuple(LAYOUTS)
COMMANDS = (
    *(f"slice.{name}" for name in ("previous", "next", "back-ten", "on-ten", "first", "last")),
    *("view.previous", "view.next", "view.reset", "layout.choose", "layout.previous", "layout.next", "volume.shown"),
    *("crosshair.shown", "overlays.shown", "outlines.shown", "rejected.shown", "overlays.hide-held"),
    *(f"layout.{name}" for name in LAYOUT_ORDER),
    *(f"tool.{name}" for name in TOOLS),
    *(f"preset.{number}" for number in range(1, 10)),
    "preset.file",
)
"""The commands that this module gives."""


WindowPresets = Mapping[str, tuple[Window, ...]]
MOST_PRESETS = 9
"""The keys 1 to 9."""


class _Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of a file of presets."""

    centre: float
    width: Annotated[float, msgspec.Meta(ge=1)]
    id: str = ""


_Presets = Annotated[list[_Preset], msgspec.Meta(max_length=MOST_PRESETS)]


class PresetsError(OverreadError):
    """A file of window presets that cannot be used; the sentence names the file and what is wrong."""


@cache
def presets(own: Path | None = None) -> WindowPresets:
    """Window presets by modality, in the order of the keys 1 to 9.

    A file of a person's own names only the modalities that differ. Raises PresetsError.
    """
    shipped = resources.files("overread.resources") / "presets" / "windows.toml"
    found = _parsed(shipped)
    return found if own is None else found | _parsed(own)


def _parsed(file: Traversable) -> dict[str, tuple[Window, ...]]:
    modality, found = "", {}
    try:
        for modality, rows in tomllib.loads(file.read_text(encoding="utf-8")).items():
            entries = msgspec.convert(rows, _Presets)
            found[modality] = tuple(Window(one.centre, one.width, name=one.id) for one in entries)
    except (OSError, ValueError) as error:
        why = (error.strerror or "") if isinstance(error, OSError) else f"{modality} {error}".strip()
        raise PresetsError(sentence("open.bad-presets", file=file.name, why=why)) from error
    return found


@dataclass(slots=True)
class ViewCommands:
    """Connects the commands of the views; ``tell`` says what a preset did, ``windows`` are those of keys 1 to 9."""

    registry: CommandRegistry
    workspace: Workspace
    study: StudyPresenter
    tell: Callable[[str, Sentence], None]
    windows: WindowPresets = field(default_factory=presets)

    def connect(self) -> None:
        """Connect every command of ``COMMANDS`` that the registry has."""
        calls: dict[str, Callable[..., object]] = {
            "slice.previous": lambda: self._step(-1),
            "slice.next": lambda: self._step(1),
            "slice.back-ten": lambda: self._step(-10),
            "slice.on-ten": lambda: self._step(10),
            "slice.first": lambda: self._step(-(1 << 30)),
            "slice.last": lambda: self._step(1 << 30),
            "view.previous": lambda: self._turn_view(-1),
            "view.next": lambda: self._turn_view(1),
            "view.reset": self._reset,
            "layout.previous": lambda: self._turn_layout(-1),
            "layout.next": lambda: self._turn_layout(1),
            "volume.shown": self._show_volume,
            "crosshair.shown": self.workspace.overlays.crosshair.set,
            "overlays.shown": self.workspace.overlays.shown.set,
            "outlines.shown": self.workspace.overlays.outlines.set,
            "rejected.shown": self.workspace.marks.rejected_shown.set,
            "overlays.hide-held": self.workspace.overlays.held_hidden.set,
            "preset.file": self._file_window,
        }
        for layout in LAYOUT_ORDER:
            calls[f"layout.{layout}"] = lambda layout=layout: self.study.set_layout(layout)
        for tool in TOOLS:
            calls[f"tool.{tool}"] = lambda tool=tool: self.workspace.tool.set(tool)
        for place in range(1, 10):
            calls[f"preset.{place}"] = lambda place=place: self._preset(place)
        for command, call in calls.items():
            if command in self.registry:
                self.registry.connect(command, call)
        self._show_state()

    def _show_state(self) -> None:
        """Keep ticks and the tool in hand as they are in the state."""
        registry, workspace = self.registry, self.workspace
        toggles: dict[str, Property[bool]] = {
            "crosshair.shown": workspace.overlays.crosshair,
            "overlays.shown": workspace.overlays.shown,
            "outlines.shown": workspace.overlays.outlines,
            "rejected.shown": workspace.marks.rejected_shown,
        }
        for command, state in toggles.items():
            registry.set_checked(command, state.value)
            state.watch(partial(registry.set_checked, command))
        workspace.tool.watch(lambda tool: registry.set_checked(f"tool.{tool}", True))
        workspace.views.watch(lambda _views: self._show_layout())
        workspace.active.watch(lambda _active: self._name_presets())
        registry.set_checked(f"tool.{workspace.tool.value}", True)
        self._show_layout()

    def _show_layout(self) -> None:
        layout = self.workspace.layout.value
        self.registry.set_checked(f"layout.{layout}", True)
        self.registry.set_checked("volume.shown", Plane.VOLUME in LAYOUTS[layout])
        self._name_presets()

    def _name_presets(self) -> None:
        """The menu says what each digit is in the active view; one that is nothing there cannot be given."""
        names = self._preset_names()
        for place in range(1, MOST_PRESETS + 1):
            self.registry.set_detail(f"preset.{place}", names[place - 1] if place <= len(names) else "")
            self.registry.set_enabled(f"preset.{place}", place <= len(names))

    def _preset_names(self) -> list[Sentence]:
        active = self._active()
        if active is None:
            return []
        if active[0].plane.value is Plane.VOLUME:
            return [sentence(f"preset.{name}") for name in volume_presets()]
        return [_window_name(window) for window in self._windows_of(active[1])]

    def _windows_of(self, state: VolumeState) -> tuple[Window, ...]:
        return self.windows.get(state.series.modality, ()) if state.volume.unit == "HU" else ()

    def _active(self) -> tuple[ViewState, VolumeState] | None:
        view = self.workspace.active_view
        state = None if view is None else view.volume.value
        return None if view is None or state is None else (view, state)

    def _step(self, images: int) -> None:
        active = self._active()
        if active is None or active[0].plane.value is Plane.VOLUME:
            return
        view, state = active
        most = state.slice_count(view.plane.value)
        state.step_image(view.plane.value, max(-most, min(most, images)))

    def _turn_view(self, step: int) -> None:
        count = len(self.workspace.views.value)
        if count:
            self.workspace.active.set((self.workspace.active.value + step) % count)

    def _turn_layout(self, step: int) -> None:
        place = LAYOUT_ORDER.index(self.workspace.layout.value)
        self.study.set_layout(LAYOUT_ORDER[(place + step) % len(LAYOUT_ORDER)])

    def _show_volume(self, shown: bool) -> None:
        self.study.set_layout("2x2" if shown else "chest")

    def _reset(self) -> None:
        for view in self.workspace.views.value:
            view.reset()

    def _preset(self, place: int) -> None:
        active = self._active()
        if active is None:
            return
        view, state = active
        if view.plane.value is Plane.VOLUME:
            self._volume_preset(view, place)
            return
        windows = self._windows_of(state)
        if place <= len(windows):
            window = windows[place - 1]
            state.window.set(window)
            self._tell_window(window)

    def _volume_preset(self, view: ViewState, place: int) -> None:
        """In a 3D view the digits choose how the volume is drawn."""
        names = tuple(volume_presets())
        if place <= len(names):
            view.volume_preset.set(names[place - 1])
            self.tell("note", sentence(f"preset.{names[place - 1]}"))

    def _file_window(self) -> None:
        """The next window of the header; the first one when another is shown."""
        active = self._active()
        if active is None:
            return
        state = active[1]
        own = state.series.windows or (state.file_window,)
        shown = state.window.value
        window = own[(own.index(shown) + 1) % len(own)] if shown in own else own[0]
        state.window.set(window)
        self._tell_window(window)

    def _tell_window(self, window: Window) -> None:
        self.tell("note", sentence("open.preset", width=number(window.width), centre=number(window.centre)))


def _window_name(window: Window) -> Sentence:
    """The name of a preset; one of a person's own file may have none that is known, then its numbers."""
    known = f"preset.{window.name}"
    if window.name and known in table():
        return sentence(known)
    return sentence("view.window", width=number(window.width), centre=number(window.centre))
