"""Volumes as files of other programs: NIfTI, NRRD, MetaImage (through SimpleITK) and NumPy's npz."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses

from overread.core.errors import NotWrittenError
from overread.core.text import sentence
from overread.core.volume import Volume

Format = Literal["nifti", "nrrd", "mha", "npz"]
SUFFIX: dict[Format, str] = {"nifti": ".nii.gz", "nrrd": ".nrrd", "mha": ".mha", "npz": ".npz"}


def export_volume(volume: Volume, folder: Path, name: str, file_format: Format) -> Path:
    """Write a volume as loaded; its values carry the rescale. Holes hold the padding value and stand in a side file.

    Raises NotWrittenError; nothing half-written stays. NIfTI gets an sform that is the volume's affine (RAS).
    """
    target = folder / f"{name}{SUFFIX[file_format]}"
    part = folder / f".part-{name}{SUFFIX[file_format]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if file_format == "npz":
            with open(part, "wb") as file:
                np.savez_compressed(file, voxels=_values(volume), affine_ijk_to_lps_mm=volume.geometry.affine)
        else:
            sitk.WriteImage(_image(volume), str(part), useCompression=True)
        _flush(part)
        os.replace(part, target)
        if volume.holes:
            _side_file(target, volume)
    except (OSError, RuntimeError) as error:
        if part.exists():
            part.unlink()
        raise NotWrittenError(sentence("dicom.not-written", file=str(target), why=_why(error))) from error
    return target


def _values(volume: Volume) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    if volume.slope == 1.0 and volume.intercept == 0.0:
        return np.asarray(volume.voxels)
    scaled: np.ndarray[tuple[int, ...], np.dtype[np.generic]] = (
        np.asarray(volume.voxels, dtype=np.float32) * volume.slope + volume.intercept
    ).astype(np.float32)
    return scaled


def _image(volume: Volume) -> sitk.Image:
    """The volume as an ITK image; a volume is never sheared when it is loaded, so a direction matrix can hold it."""
    geometry = volume.geometry
    image = sitk.GetImageFromArray(_values(volume))
    image.SetSpacing(geometry.spacing_ijk_mm)
    image.SetOrigin([float(value) for value in geometry.affine[:3, 3]])
    image.SetDirection([float(value) for value in geometry.directions.ravel()])
    return image


def _side_file(target: Path, volume: Volume) -> None:
    side = target.with_name(f"{target.name}.holes.json")
    side.write_text(json.dumps({"holes_k": sorted(volume.holes)}), encoding="utf-8")


def _flush(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _why(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__
