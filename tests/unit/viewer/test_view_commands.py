"""What the digits do depends on the view that has the keys: windows in planes, ways of drawing in 3D."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from overread.core.text import Sentence
from overread.core.window import Window
from overread.viewer.commands import CommandRegistry, load_keymap
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.state.views import Plane
from overread.viewer.tasks import Tasks
from overread.viewer.view_commands import ViewCommands
from overread_testkit import Kit, loaded


def test_digits_choose_a_window_in_a_plane_and_a_way_of_drawing_in_3d(qapp: QApplication) -> None:
    kit = Kit(loaded(), Plane.AXIAL, Plane.VOLUME)
    kit.workspace.views.set(tuple(kit.views))
    told: list[Sentence] = []
    tasks = Tasks()
    try:
        study = StudyPresenter(tasks, VolumeShelf(tasks, lambda _k, _s: None), kit.workspace, lambda _k, _s: None)
        registry = CommandRegistry(load_keymap())
        ViewCommands(registry, kit.workspace, study, lambda _kind, sentence: told.append(sentence)).connect()
        registry.trigger("preset.2")
        assert kit.state.window.value == Window(40, 400, name="mediastinum")
        kit.workspace.active.set(1)
        registry.trigger("preset.3")
        assert kit.state.window.value == Window(40, 400, name="mediastinum")
        assert kit.views[1].volume_preset.value == "lung"
        assert told[-1].id == "preset.lung"
        registry.trigger("preset.9")
        assert kit.views[1].volume_preset.value == "lung"
    finally:
        tasks.close()
