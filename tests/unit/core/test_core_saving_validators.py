"""What is written, judged by other people's programs: dciodvfy, dcmqi, dsrdump. What stays of warnings is a list."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from overread.core.saving import save_proposals, save_reading
from saving_kit import Case, case, stack

SCRIPTS = Path(sysconfig.get_path("scripts"))
STACKS: dict[str, dict[str, object]] = {
    "plain": {},
    "feet first": {"step": (0.0, 0.0, -2.5)},
    "flipped": {"row": (-1.0, 0.0, 0.0), "column": (0.0, -1.0, 0.0)},
    "oblique": {"row": (0.8, 0.6, 0.0), "column": (-0.36, 0.48, 0.8), "step": (1.2, -1.6, 1.5)},
    "tilted": {"step": (0.0, 0.9, 2.5)},
}
GRIDS = [name for name in STACKS if name != "tilted"]
"""An ITK image cannot be sheared: dcmqi loses where tilted slices lie in their plane (docs/saving.md)."""
OWN_SCHEME = re.compile(
    r"Warning - Unrecognized defined term <99OVERREAD> for value 1 of attribute <Coding Scheme .*"
)
"""docs/saving.md says why these stay."""
DSRDUMP_STAYS = (
    re.compile(r"W: The VR checker does not support this Specific Character Set: ISO_IR 192"),
    re.compile(r"W: ObservationDateTime \(0040,a032\) violates VR definition in SR document"),
)


def run(name: str, *words: str) -> tuple[int, str]:
    """Exit code and everything that a program said."""
    done = subprocess.run([name, *words], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout + done.stderr


def written(folder: Path, name: str) -> tuple[Case, Path]:
    """A saved reading with an accepted, a corrected, a rejected and an added finding."""
    made = case(folder / "in", stack(**STACKS[name]))
    return made, save_reading(made.reading(), [made.series], folder / "out", "Reader 1").folder


def assert_valid(path: Path) -> None:
    """No error, and no warning but those that are explained."""
    code, said = run(str(SCRIPTS / "dciodvfy"), str(path))
    lines = [line for line in said.splitlines() if re.match("(Error|Warning)", line)]
    assert not [line for line in lines if not OWN_SCHEME.fullmatch(line)], said
    assert code == 0


@pytest.mark.parametrize("name", STACKS)
def test_dciodvfy_finds_no_error(tmp_path: Path, name: str) -> None:
    _made, folder = written(tmp_path, name)
    for path in folder.iterdir():
        assert_valid(path)


def test_dciodvfy_finds_no_error_in_proposals_and_in_a_report_of_nothing(tmp_path: Path) -> None:
    made = case(tmp_path / "in", stack())
    save_proposals((made.findings[3],), made.series, tmp_path / "some")
    save_proposals((), made.series, tmp_path / "none")
    for path in (tmp_path / "some" / "seg.dcm", tmp_path / "some" / "sr.dcm", tmp_path / "none" / "sr.dcm"):
        assert_valid(path)


@pytest.mark.parametrize("name", GRIDS)
def test_dcmqi_reads_the_same_voxels_at_the_same_mm(tmp_path: Path, name: str) -> None:
    made, folder = written(tmp_path, name)
    (tmp_path / "nrrd").mkdir()
    words = ["--inputDICOM", str(folder / "seg-1.dcm"), "--outputDirectory", str(tmp_path / "nrrd")]
    code, said = run(str(SCRIPTS / "segimage2itkimage"), *words, "--outputType", "nrrd")
    assert code == 0, said
    for number, finding in enumerate((made.findings[0], made.findings[1], made.findings[4]), start=1):
        image = sitk.ReadImage(str(tmp_path / "nrrd" / f"{number}.nrrd"))
        k, j, i = np.nonzero(sitk.GetArrayFromImage(image))
        found = [
            image.TransformIndexToPhysicalPoint((int(a), int(b), int(c))) for a, b, c in zip(i, j, k, strict=True)
        ]
        k, j, i = np.nonzero(finding.mask.to_volume(made.grid.shape_kji))
        wanted = made.grid.lps_from_ijk(np.stack([i, j, k], axis=1))
        assert len(found) == finding.mask.voxels
        assert {tuple(np.round(one, 2) + 0.0) for one in found} == {tuple(np.round(one, 2) + 0.0) for one in wanted}
    described = json.loads((tmp_path / "nrrd" / "meta.json").read_text(encoding="utf-8"))["segmentAttributes"]
    assert [one[0]["TrackingUniqueIdentifier"] for one in described] == ["2.25.11", "2.25.12", "2.25.21"]


def test_dcmqi_reads_the_report(tmp_path: Path) -> None:
    made, folder = written(tmp_path, "plain")
    target = tmp_path / "report.json"
    words = ["--inputDICOM", str(folder / "sr-1.dcm"), "--outputMetadata", str(target)]
    code, said = run(str(SCRIPTS / "tid1500reader"), *words)
    assert code == 0, said
    read = json.loads(target.read_text(encoding="utf-8"))
    assert read["VerificationFlag"] == "UNVERIFIED"
    groups = read["Measurements"]
    assert [(one["TrackingUniqueIdentifier"], one["ReferencedSegment"]) for one in groups] == [
        ("2.25.11", 1), ("2.25.12", 2), ("2.25.21", 3),
    ]  # fmt: skip
    values = {one["quantity"]["CodeMeaning"]: float(one["value"]) for one in groups[0]["measurementItems"]}
    measures = made.findings[0].measures
    assert measures.long_mm is not None
    assert values["Volume"] == pytest.approx(measures.volume_mm3)
    assert values["Long axis"] == pytest.approx(measures.long_mm)
    assert values["Mean Attenuation Coefficient"] == pytest.approx(measures.mean_value)


def test_dsrdump_prints_the_reports(tmp_path: Path) -> None:
    _made, folder = written(tmp_path, "plain")
    for name, words in (
        ("sr-1.dcm", ('Tracking Unique Identifier")="2.25.12"', 'Decision")=(MODIFIED,', 'Volume")="120.9375" (mm3')),
        ("assessment-1.dcm", ('Tracking Unique Identifier")="2.25.13"', 'Decision")=(REJECTED,', "(VESSEL,")),
    ):
        code, said = run("dsrdump", str(folder / name))
        assert code == 0, said
        assert not [word for word in words if word not in said], said
        loud = [line for line in said.splitlines() if re.match("[WEF]: ", line)]
        assert not [line for line in loud if not any(known.fullmatch(line) for known in DSRDUMP_STAYS)], said
