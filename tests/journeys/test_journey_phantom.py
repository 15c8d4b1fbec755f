"""A chest without symmetry, from its images to every file that comes of it: place and side of each nodule in mm.

Load, planes, engine, findings, SEG, SR, NIfTI in each orientation without a screen; in the real window with its
outlines, keys and a kill for the hardest of them. Nothing may be off by half a voxel. What was written is read by
other programs and by readers that share no code with this one.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sysconfig
from collections.abc import Iterator
from multiprocessing.resource_tracker import ensure_running
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from outside_readers import (
    Segment,
    centre_ras_mm,
    distances_mm,
    nifti,
    numbers_by_tracking_uid,
    segments_by_tracking_uid,
)
from overread.core.dicom.load import LoadingVolume, load
from overread.core.dicom.scan import scan
from overread.core.finding import Finding, Judgement
from overread.core.reading import Reading
from overread.core.saving import save_reading
from overread.core.series import Series
from overread.core.settings import account_name
from overread.core.store import now
from overread.inference.cards import Fit, card, suits
from overread.inference.client import Answer, EngineClient, Event, Request
from overread.inference.protocol import Failure
from overread.viewer.cli.main import main
from overread.viewer.cli.screen import Screen
from overread.viewer.proposing import engine_facts, proposed
from overread.viewer.render.planes import plane_grid, plane_pixels
from overread.viewer.state.views import Plane, VolumeState
from phantom_study import EDGE_HU, NODULES, ORIENTATIONS, Phantom, Truth, write_phantom
from window_steps import (
    Pixels,
    clean_screen,
    findings,
    go_to_next,
    judge,
    kill_and_come_back,
    open_study,
    own_read_done,
    pixels,
    quit_clean,
    run_model,
    save,
)

HALF = 0.5
"""Voxels."""
LONG_MM = 1.0
"""A long axis is that of whole pixels: about a pixel's diagonal more or less."""
VOLUME_SHARE = 0.1
"""Of the ball's volume; whole voxels, of 2.5 mm where slices are thick, say no more of a ball of 9 mm."""
PROGRAM_S = 120
VIEWS = ("view-axial", "view-coronal", "view-sagittal")
BRIGHT = 155
"""Grey between lung (83) and nodule (235) in the lung window."""


@pytest.fixture(scope="module", autouse=True)
def resource_tracker() -> None:
    """The helper process of multiprocessing stays until this process ends: it is no leftover of a test."""
    ensure_running()


def answer_of(series: Series, loading: LoadingVolume) -> Answer:
    """What lung-nodule answers, from an engine of its own."""
    heard: queue.Queue[Event] = queue.Queue()
    client = EngineClient(heard.put)
    try:
        facts = engine_facts(series)
        client.submit(Request("lung-nodule", loading.volume, loading.block, "cpu", facts, heatmap=False))
        while True:
            event = heard.get(timeout=PROGRAM_S)
            assert not isinstance(event, Failure), event
            if isinstance(event, Answer):
                return event
    finally:
        client.close()


@pytest.mark.parametrize("name", ORIENTATIONS)
def test_every_place_is_right_in_every_orientation(tmp_path: Path, name: str) -> None:
    phantom = write_phantom(tmp_path / "study", name)
    (series,) = scan([phantom.folder]).series
    assert series.verdict.codes == ()
    with load(series) as loading:
        check_planes(series, loading, phantom)
        marks = accepted_marks(answer_of(series, loading), series, loading)
    for truth, mark in by_truth(marks, phantom).items():
        assert mark.place is not None
        assert mark.place.say() == truth.words
        assert phantom.off_voxels(mark.measures.centre_lps_mm, truth) < HALF
    uids = {truth: mark.uid for truth, mark in by_truth(marks, phantom).items()}
    reading = Reading(series.study.uid, findings=tuple(marks))
    check_files(save_reading(reading, [series], tmp_path / "out", "Reader 1").folder, uids, phantom, tmp_path)
    check_export(phantom, tmp_path / "nifti")


def check_planes(series: Series, loading: LoadingVolume, phantom: Phantom) -> None:
    """In each plane through a nodule its bright spot lies where it must, and on the right side of the picture."""
    state = VolumeState(series, loading.volume, series.windows[0])
    into = np.linalg.inv(phantom.affine)
    for truth in NODULES:
        state.go_to_lps_mm(truth.centre_lps_mm)
        right, low, back = (truth.words.startswith("Right"), "lower" in truth.words, truth is NODULES[0])
        for plane, letters, at_left, at_bottom in (
            (Plane.AXIAL, "RLAP", right, back),
            (Plane.CORONAL, "RLHF", right, low),
            (Plane.SAGITTAL, "APHF", not back, low),
        ):
            grid = plane_grid(state, plane)
            picture = plane_pixels(loading.volume, grid)
            # An oblique plane names a second, smaller axis too.
            assert "".join(each[0] for each in grid.letters()) == letters
            column, row = spot(picture, grid.pixel(loading.volume.geometry.ijk_from_lps(truth.centre_lps_mm)))
            assert (column < grid.columns / 2, row > grid.rows / 2) == (at_left, at_bottom)
            # The centre of the spot, by the header of the images: along the plane's own axes it is the nodule's.
            voxel = into @ [*loading.volume.geometry.lps_from_ijk(grid.ijk(column, row)), 1.0]
            wanted = into @ [*truth.centre_lps_mm, 1.0]
            assert np.abs(voxel - wanted).max() <= HALF


def spot(picture: NDArray[np.generic], near: tuple[float, float]) -> tuple[float, float]:
    """Centre (column, row) of what is brighter than lung around a pixel."""
    labels, _count = ndimage.label(picture.astype(np.float64) > EDGE_HU)
    here = labels[round(near[1]), round(near[0])]
    assert here > 0
    row, column = ndimage.center_of_mass(labels == here)
    return float(column), float(row)


def accepted_marks(answer: Answer, series: Series, loading: LoadingVolume) -> list[Finding]:
    """What the model lists, accepted by a person."""
    model = card("lung-nodule")
    suitability = suits(model, series)
    assert suitability.kind is Fit.FITS
    marks = proposed(answer, model, suitability, series, loading.volume, account_name()).findings
    by_person = Judgement(verdict="accepted", who="Reader 1", at=now())
    return [msgspec.structs.replace(one, judgement=by_person) for one in marks]


def by_truth(marks: list[Finding], phantom: Phantom) -> dict[Truth, Finding]:
    """The mark on each nodule; there is no other mark."""
    assert len(marks) == len(NODULES)
    return {
        truth: min(marks, key=lambda one: phantom.off_voxels(one.measures.centre_lps_mm, truth)) for truth in NODULES
    }


def check_files(folder: Path, uids: dict[Truth, str], phantom: Phantom, scratch: Path) -> None:
    """SEG and SR by pydicom and numpy alone, and the SEG by dcmqi: centre, side, long axis and volume."""
    segments = segments_by_tracking_uid(folder / "seg-1.dcm")
    numbers = numbers_by_tracking_uid(folder / "sr-1.dcm")
    assert set(segments) == set(numbers) == set(uids.values())
    others = centres_by_dcmqi(folder / "seg-1.dcm", scratch / "dcmqi")
    for truth, uid in uids.items():
        assert phantom.off_voxels(segments[uid].centre_lps_mm, truth) < HALF
        assert others[uid] == pytest.approx(segments[uid].centre_lps_mm, abs=0.01)
        check_size(segments[uid], numbers[uid], truth)


def check_size(segment: Segment, numbers: dict[str, float], truth: Truth) -> None:
    assert numbers["Volume"] == pytest.approx(segment.volume_mm3, rel=1e-3)
    assert segment.volume_mm3 == pytest.approx(truth.volume_mm3, rel=VOLUME_SHARE)
    assert numbers["Long axis"] == pytest.approx(truth.diameter_mm, abs=LONG_MM)
    assert 0 < numbers["Short axis"] <= numbers["Long axis"]


def centres_by_dcmqi(path: Path, folder: Path) -> dict[str, NDArray[np.float64]]:
    """The centre of each segment in LPS mm, from the NIfTI files that dcmqi makes of a segmentation."""
    folder.mkdir()
    program = str(Path(sysconfig.get_path("scripts")) / "segimage2itkimage")
    words = ["--inputDICOM", str(path), "--outputDirectory", str(folder), "--outputType", "nifti"]
    subprocess.run([program, *words], check=True, capture_output=True, timeout=PROGRAM_S)
    described = json.loads((folder / "meta.json").read_text(encoding="utf-8"))["segmentAttributes"]
    found = {}
    for number, (attributes,) in enumerate(described, start=1):
        voxels, matrix = nifti(folder / f"{number}.nii.gz")
        found[str(attributes["TrackingUniqueIdentifier"])] = centre_ras_mm(voxels > 0, matrix) * [-1, -1, 1]
    return found


def check_export(phantom: Phantom, folder: Path) -> None:
    """The exported series: each nodule stands at (-x, -y, z) of its place in LPS."""
    assert main(["export", str(phantom.folder), "--to", str(folder), "--format", "nifti"]) == 0
    (file,) = folder.glob("*.nii.gz")
    voxels, matrix = nifti(file)
    for truth in NODULES:
        away = distances_mm(voxels.shape, matrix, np.array(truth.centre_lps_mm) * [-1, -1, 1])
        centre = centre_ras_mm((voxels > EDGE_HU) & (away < truth.diameter_mm), matrix)
        assert phantom.off_voxels(centre * [-1, -1, 1], truth) < HALF


# --- in the real window ---


@pytest.fixture
def screen(own_home: Path) -> Iterator[Screen]:
    with clean_screen(own_home) as made:
        yield made


def test_the_window_draws_keeps_and_saves_each_nodule_at_its_place(
    screen: Screen, tmp_path: Path, own_home: Path
) -> None:
    phantom = write_phantom(tmp_path / "study", "oblique")
    open_study(screen, phantom.folder)
    run_model(screen)
    own_read_done(screen)
    assert len(findings(screen)) == len(NODULES)
    uids: dict[Truth, str] = {}
    places: dict[str, list[float]] = {}
    for _each in NODULES:
        tag = go_to_next(screen)
        place = screen.state()["place_lps_mm"]
        truth = min(NODULES, key=lambda one: phantom.off_voxels(place, one))
        # The planes meet in the middle of a voxel: the nearest one may be half a voxel off, and no more.
        assert phantom.off_voxels(place, truth) <= 2 * HALF
        uids[truth], places[tag] = findings(screen)[tag][0], place
        check_outlines(screen, truth, phantom, tmp_path)
        judge(screen, ("a",), "accepted")
    assert set(uids) == set(NODULES)
    check_files(save(screen, own_home), uids, phantom, tmp_path)

    kill_and_come_back(screen)
    assert set(findings(screen).values()) == {(uid, "accepted") for uid in uids.values()}
    for _each in NODULES:
        tag = go_to_next(screen)
        assert screen.state()["place_lps_mm"] == pytest.approx(places[tag])
    quit_clean(screen)


def check_outlines(screen: Screen, truth: Truth, phantom: Phantom, scratch: Path) -> None:
    """In the three views the outline lies around the nodule that is seen, and there the pointer reads its mm."""
    zooms = screen.state()["zoom"]
    lines = pixels(screen, VIEWS, scratch)
    screen.key("o")
    bare = without_lines(screen, lines, scratch)
    screen.key("o")
    wide, high, deep = np.linalg.norm(phantom.affine[:3, :3], axis=0)
    middles = {}
    for name, zoom, pixel in zip(VIEWS, zooms, ((wide, high), (wide, deep), (high, deep)), strict=True):
        middles[name], around = outline_and_spot(lines[name], bare[name])
        off = np.abs(np.subtract(middles[name], around)) / (np.array(pixel) * zoom)
        assert off.max() < HALF, (name, off)
    left, top = (screen.where("view-axial") or (0, 0))[:2]
    at = round(left + middles["view-axial"][0]), round(top + middles["view-axial"][1])
    screen.move_with("shift", (at[0] + 4, at[1] + 4), at)
    screen.wait(lambda: phantom.off_voxels(screen.state()["place_lps_mm"], truth) <= 2 * HALF, "the nodule's mm")


def without_lines(screen: Screen, lines: dict[str, Pixels], scratch: Path) -> dict[str, Pixels]:
    """The views once no line is drawn in any of them any more."""
    found = lines
    while any(np.array_equal(found[name], lines[name]) for name in VIEWS):
        found = pixels(screen, VIEWS, scratch)
    return found


def outline_and_spot(lines: Pixels, bare: Pixels) -> tuple[tuple[float, float], tuple[float, float]]:
    """Points (x, y) in a view: the middle of the line that goes around a nodule, and of the bright nodule in it."""
    changed = (lines.astype(np.int16) - bare).any(axis=2)
    rows, columns = np.nonzero(changed)
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    labels, _count = ndimage.label(bare.mean(axis=2) > BRIGHT)
    here = labels[round(middle[1]), round(middle[0])]
    assert here > 0
    row, column = ndimage.center_of_mass(labels == here)
    return (float(middle[0]), float(middle[1])), (float(column), float(row))
