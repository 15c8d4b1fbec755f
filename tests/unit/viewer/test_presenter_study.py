"""Opening without a window: patients kept apart, places kept, memory given back, the inbox."""

from __future__ import annotations

import shutil
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLSLossless

import decode_faults
from build_series import Stack
from overread.core.dicom.decode_pool import DecodePool
from overread.core.dicom.load import LoadingVolume
from overread.core.text import Sentence
from overread.viewer.presenters.inbox import ArrivalStatus, Inbox
from overread.viewer.presenters.study import StudyPresenter
from overread.viewer.presenters.volumes import VolumeShelf
from overread.viewer.state.views import Plane, VolumeState, Workspace
from steps import Steps


class Desk:
    def __init__(self, decoder: DecodePool | None = None) -> None:
        self.steps = Steps()
        self.told: list[tuple[str, str]] = []
        self.workspace = Workspace()
        self.shelf = VolumeShelf(self.steps, self.tell, decoder)
        self.study = StudyPresenter(self.steps, self.shelf, self.workspace, self.tell, decoder)

    def tell(self, kind: str, told: Sentence) -> None:
        self.told.append((kind, told.say()))

    def open(self, *paths: Path) -> Desk:
        self.study.open_paths(paths)
        self.steps.finish()
        return self


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_series_is_shown_in_three_planes(desk: Desk, tmp_path: Path) -> None:
    desk.open(Stack().write(tmp_path / "s"))
    shown = desk.study.shown.value
    assert shown is not None
    assert shown.state.complete
    assert [view.plane.value for view in desk.workspace.views.value] == [Plane.AXIAL, Plane.CORONAL, Plane.SAGITTAL]
    assert all(view.volume.value is shown.state for view in desk.workspace.views.value)
    assert shown.state.window.value.width == 1500
    assert desk.study.thumbnails[shown.series.key].shape == (56, 56)
    desk.shelf.close()


def test_two_patients_in_one_folder_are_never_mixed(desk: Desk, tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")
    Stack(patient_id="P2", patient_name="Roe^John", study_uid="1.2.4", series_uid="1.2.4.1").write(
        tmp_path / "s", "b"
    )
    desk.open(tmp_path / "s")
    assert (
        "warning",
        "2 patients are in this folder. Each is listed apart; the views show one at a time.",
    ) in desk.told
    assert {series.patient.id for series in desk.study.catalogue.value} == {"P1", "P2"}
    for series in desk.study.catalogue.value:
        desk.study.show(series.key)
        desk.steps.finish()
        states = {view.volume.value for view in desk.workspace.views.value}
        (state,) = states
        assert state is not None
        assert state.series.patient.id == series.patient.id
        assert desk.shelf.is_shelved(series.key)
    assert sum(desk.shelf.is_shelved(series.key) for series in desk.study.catalogue.value) == 1
    desk.study.step_series(1)
    desk.steps.finish()
    assert desk.study.shown.value is not None
    assert desk.study.shown.value.series.key == desk.study.catalogue.value[-1].key
    desk.shelf.close()


def test_another_series_of_the_study_keeps_the_place(desk: Desk, tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")
    Stack(series_uid="1.2.3.5", spacing_mm=(0.75, 0.75), origin=(-10, -20, -29)).write(tmp_path / "s", "b")
    desk.open(tmp_path / "s")
    first = desk.study.shown.value
    assert first is not None
    first.state.go_to_lps_mm((-4.0, -14.0, -24.0))
    other = next(series for series in desk.study.catalogue.value if series.key != first.series.key)
    desk.study.show(other.key)
    desk.steps.finish()
    second = desk.study.shown.value
    assert second is not None
    assert second.state.place_lps_mm() == pytest.approx((-4.0, -14.0, -24.0))
    desk.shelf.close()


def test_the_end_of_the_series_is_said(desk: Desk, tmp_path: Path) -> None:
    Stack().write(tmp_path / "s")
    desk.open(tmp_path / "s")
    desk.study.step_series(1)
    assert desk.told[-1] == ("note", "This is the last series of the study.")
    desk.study.step_series(-1)
    assert desk.told[-1] == ("note", "This is the first series of the study.")
    desk.shelf.close()


def test_closing_gives_the_memory_back(desk: Desk, tmp_path: Path) -> None:
    desk.open(Stack().write(tmp_path / "s"))
    shown = desk.study.shown.value
    assert shown is not None
    block = desk.shelf.block_of(shown.series.key)
    assert block is not None
    assert block.block.path.exists()
    desk.study.close_all()
    assert not block.block.path.exists()
    assert desk.workspace.views.value == ()


def test_a_load_that_is_put_back_gives_its_memory_back_too(desk: Desk, tmp_path: Path) -> None:
    desk.study.open_paths((Stack().write(tmp_path / "s"),))
    while not desk.study.shown.value:
        desk.steps.todo.popleft()()
    block = desk.shelf.block_of(desk.study.shown.value.series.key)
    assert block is not None
    desk.study.close_all()
    desk.steps.finish()
    assert not block.block.path.exists()
    desk.shelf.close()


def test_slices_of_a_load_that_was_put_back_do_not_count_for_the_next_one(desk: Desk, tmp_path: Path) -> None:
    folder = Stack().write(tmp_path / "s")
    desk.study.open_paths((folder,))
    while not desk.study.shown.value:
        desk.steps.todo.popleft()()
    first = desk.study.shown.value
    series = first.series
    block = desk.shelf.block_of(series.key)
    assert block is not None
    load = desk.steps.todo.pop()
    desk.steps.finish()
    # The load runs, what it tells is still on its way.
    load()
    told = list(desk.steps.todo)
    desk.steps.todo.clear()
    desk.shelf.keep_only(set())
    states: list[VolumeState] = []
    desk.shelf.take(series, states.append)
    desk.steps.todo.popleft()()
    desk.steps.todo.popleft()()
    assert states
    assert states[0] is not first.state
    waiting = list(desk.steps.todo)
    desk.steps.todo = deque(told)
    desk.steps.finish()
    assert not states[0].loaded.any()
    assert not block.block.path.exists()
    desk.steps.todo = deque(waiting)
    desk.steps.finish()
    assert states[0].complete
    desk.shelf.close()


def test_a_load_that_failed_gives_its_memory_back(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: LoadingVolume, **_given: object) -> None:
        raise MemoryError

    monkeypatch.setattr(LoadingVolume, "load", broken)
    desk.open(Stack().write(tmp_path / "s"))
    assert desk.study.shown.value is not None
    block = desk.shelf.block_of(desk.study.shown.value.series.key)
    assert block is not None
    desk.study.close_all()
    assert not block.block.path.exists()
    desk.shelf.close()


def test_a_folder_that_vanishes_is_said(desk: Desk, tmp_path: Path) -> None:
    folder = Stack().write(tmp_path / "s")
    desk.study.open_paths((folder,))
    while not desk.study.shown.value:
        desk.steps.todo.popleft()()
    for file in folder.iterdir():
        file.unlink()
    desk.steps.finish()
    assert any("6 of 6 images cannot be read" in text for kind, text in desk.told if kind == "warning")
    assert desk.study.shown.value.state.volume.holes == frozenset(range(6))
    desk.shelf.close()


def test_an_empty_folder_is_said(desk: Desk, tmp_path: Path) -> None:
    desk.open(tmp_path)
    assert desk.told[-1] == (
        "error",
        f"No image was found in “{tmp_path.name}”. Choose a folder that holds DICOM files.",
    )


def test_pictures_without_a_position_are_shown_one_by_one(desk: Desk, tmp_path: Path) -> None:
    def change(made: object, _k: int) -> None:
        del made.ImagePositionPatient  # type: ignore[attr-defined]

    desk.open(Stack(change=change).write(tmp_path / "s"))
    assert [view.plane.value for view in desk.workspace.views.value] == [Plane.IMAGES]
    shown = desk.study.shown.value
    assert shown is not None
    assert not shown.state.has_mm
    assert shown.state.slice_count(Plane.IMAGES) == 6
    desk.shelf.close()


def test_a_series_without_a_window_shows_its_range(desk: Desk, tmp_path: Path) -> None:
    def change(made: object, _k: int) -> None:
        del made.WindowCenter, made.WindowWidth  # type: ignore[attr-defined]
        made.Modality = "MR"  # type: ignore[attr-defined]

    desk.open(Stack(change=change).write(tmp_path / "s"))
    shown = desk.study.shown.value
    assert shown is not None
    middle = np.asarray(shown.state.volume.voxels[3])
    window = shown.state.window.value
    assert (window.width, window.centre) == (
        float(middle.max()) - float(middle.min()) + 1, (float(middle.max()) + float(middle.min()) + 1) / 2,
    )  # fmt: skip
    desk.shelf.close()


def test_the_inbox_waits_until_a_study_is_whole(tmp_path: Path) -> None:
    steps = Steps()
    judged: set[str] = set()
    inbox = Inbox(steps, lambda uid: ArrivalStatus.JUDGED if uid in judged else ArrivalStatus.NEW)
    folder = tmp_path / "inbox"
    folder.mkdir()
    inbox.watch(folder)

    def look() -> list[str]:
        inbox.look()
        steps.finish()
        return [arrival.study_uid for arrival in inbox.arrivals.value]

    Stack(shape=(3, 4, 4)).write(folder / "one")
    assert look() == []
    Stack(shape=(5, 4, 4)).write(folder / "one")
    assert look() == []
    assert look() == ["1.2.3"]
    Stack(shape=(3, 4, 4), study_uid="1.2.4", series_uid="1.2.4.1", patient_id="P2").write(folder / "two")
    look()
    assert look() == ["1.2.3", "1.2.4"]
    following = inbox.next_after("1.2.3")
    assert following is not None
    assert following.study_uid == "1.2.4"
    judged.add("1.2.4")
    inbox.refresh_status()
    assert inbox.next_after("1.2.3") is None
    assert [str(arrival.status) for arrival in inbox.arrivals.value] == ["new", "judged"]
    inbox.watch(None)
    assert inbox.arrivals.value == ()


def test_an_inbox_that_is_not_there_is_quiet(tmp_path: Path) -> None:
    steps = Steps()
    inbox = Inbox(steps, lambda _uid: ArrivalStatus.NEW)
    inbox.watch(tmp_path / "gone")
    inbox.look()
    steps.finish()
    assert inbox.arrivals.value == ()


def test_a_folder_that_goes_while_it_loads_leaves_named_holes(desk: Desk, tmp_path: Path) -> None:
    folder = Stack().write(tmp_path / "s")
    desk.study.open_paths((folder,))
    while desk.study.shown.value is None:
        desk.steps.todo.popleft()()
    shutil.rmtree(folder)
    desk.steps.finish()
    state = desk.study.shown.value.state
    count = state.volume.geometry.shape_kji[0]
    assert state.volume.holes == frozenset(range(count))
    assert state.complete
    warning = next(text for kind, text in desk.told if kind == "warning")
    assert warning.startswith(f"{count} of {count} images cannot be read; their places stay empty. The first: ")
    desk.shelf.close()


def test_a_compressed_series_is_decoded_by_workers_that_stay(tmp_path: Path) -> None:
    def change(made: Dataset, _k: int) -> None:
        made.compress(JPEGLSLossless)

    with DecodePool(2) as decoder:
        desk = Desk(decoder)
        desk.open(Stack(change=change).write(tmp_path / "s"))
        shown = desk.study.shown.value
        assert shown is not None
        assert shown.state.complete
        assert shown.state.volume.value_at((4, 2, 1)) == -102
        assert desk.study.thumbnails[shown.series.key].any()
        assert len(decode_faults.workers()) == 2
        desk.shelf.close()
