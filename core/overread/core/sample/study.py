"""The sample study on disk: a DICOM series and, beside it, the truth about it.

``truth.json``: ``seed``, ``synthetic``, ``series_uid``, ``study_uid`` and a list ``nodules`` of ``number``,
``centre_lps_mm``, ``diameter_mm``, ``volume_mm3`` (of the mask), ``kind`` and ``setting``; ``decoys`` of ``what`` and
``centre_lps_mm``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from overread.core.errors import NotWrittenError
from overread.core.sample.chest import ChestSample, Size, make_chest
from overread.core.sample.series_writer import SeriesText, write_series
from overread.core.text import sentence
from overread.core.whole import write_whole

SYNTHETIC = "SYNTHETIC IMAGE made by Overread. No patient. Not for diagnosis."
STUDY_DATES = {False: "20260302", True: "20250224"}


def write_sample(folder: Path, seed: int, size: Size = "medium", *, prior: bool = False) -> ChestSample:
    """Make the sample of a seed and write ``folder/series`` and ``folder/truth.json``. Raises NotWrittenError."""
    if (folder / "series").exists():
        raise NotWrittenError(sentence("sample.exists", folder=str(folder / "series")))
    made = make_chest(seed, size, prior=prior)
    study, series = write_series(made.voxels, made.geometry, sample_text(made), folder / "series")
    write_truth(folder / "truth.json", truth_of(made, study, series))
    return made


def sample_text(made: ChestSample) -> SeriesText:
    """The header words of a sample."""
    date = STUDY_DATES[made.prior]
    return SeriesText(
        patient_name=f"SAMPLE^Chest {made.seed}",
        patient_id=f"SAMPLE-{made.seed}",
        birth_date="19620517",
        sex="F" if made.female else "M",
        age="063Y" if not made.prior else "062Y",
        study_date=date,
        study_description="CT chest (synthetic)",
        series_description=f"Lung {made.geometry.spacing_ijk_mm[2]:.2f} mm (synthetic)",
        comment=SYNTHETIC,
        identity=f"overread-sample/{made.seed}/{made.voxels.shape}/{date}",
        person=f"overread-sample/{made.seed}",
    )


def truth_of(made: ChestSample, study_uid: str, series_uid: str) -> dict[str, Any]:
    """What is known of a sample, in JSON's terms."""
    return {
        "synthetic": True,
        "seed": made.seed,
        "prior": made.prior,
        "study_uid": study_uid,
        "series_uid": series_uid,
        "nodules": [
            {
                "number": one.number,
                "centre_lps_mm": [round(value, 3) for value in one.centre_lps_mm],
                "diameter_mm": one.diameter_mm,
                "volume_mm3": round((one.mask.voxels if one.mask else 0) * made.geometry.voxel_mm3, 2),
                "kind": one.kind,
                "setting": one.setting,
            }
            for one in made.nodules
        ],
        "decoys": [
            {"what": one.what, "centre_lps_mm": [round(value, 3) for value in one.centre_lps_mm]}
            for one in made.decoys
        ],
    }


def write_truth(path: Path, truth: dict[str, Any]) -> None:
    """Write a truth file whole or not at all. Raises NotWrittenError."""
    try:
        write_whole(path, json.dumps(truth, indent=1).encode())
    except OSError as error:
        raise NotWrittenError(sentence("sample.not-written", folder=str(path), why=error.strerror or "")) from error
