"""Cases to measure a model on: a volume and what is known to be in it.

A case is a folder with an image and a truth. The image is a DICOM series in ``series`` or one file ``image.nii.gz``,
``image.nii``, ``image.nrrd`` or ``image.mha`` in HU. The truth is ``truth.json`` as `overread sample` writes it, or a
mask on any grid of the same patient space: ``mask.nii.gz`` (each connected piece is a target) or ``readers.nii.gz``
(one bit for each reader; a target is what at least half of them marked). With both, the masks go to the targets of
``truth.json`` in which their centres lie. A folder of such folders holds several cases.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import cc3d
import msgspec
import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name that its own documentation uses
from numpy.typing import NDArray

from overread.core.dicom.load import load
from overread.core.dicom.scan import scan
from overread.core.errors import DoesNotFitError, NotReadableError
from overread.core.geometry import Geometry, Triple
from overread.core.mask import Mask
from overread.core.sample.chest import make_chest
from overread.core.text import sentence
from overread.core.volume import Volume
from overread.inference.cards import Fit, ModelCard, suits

Origin = Literal["real", "synthetic"]
IMAGES: Final = ("image.nii.gz", "image.nii", "image.nrrd", "image.mha")
MASK: Final = "mask.nii.gz"
READERS: Final = "readers.nii.gz"
TRUTH: Final = "truth.json"


@dataclass(frozen=True, slots=True)
class Known:
    """One thing to be found: centre (LPS mm), diameter (mm), what kind it is, and its mask where one is known."""

    centre_lps_mm: Triple
    diameter_mm: float
    kind: str = ""
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A volume and what is known of it."""

    volume: Volume
    known: tuple[Known, ...]
    origin: Origin


class _Nodule(msgspec.Struct, frozen=True):
    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    kind: str = ""


class _Truth(msgspec.Struct, frozen=True):
    nodules: list[_Nodule]
    synthetic: bool = False


def read_cases(folder: Path, model: ModelCard) -> list[Case]:
    """The case in a folder, or those in its folders. Raises NotReadableError, DoesNotFitError."""
    folders = [folder] if _is_case(folder) else sorted(one for one in folder.glob("*") if _is_case(one))
    if not folders:
        raise NotReadableError(sentence("evaluate.no-cases", folder=str(folder)))
    return [_read(one, model) for one in folders]


def synthetic_cases(seeds: Sequence[int]) -> list[Case]:
    """Sample studies of these seeds, with their nodules as targets."""
    made = [make_chest(seed) for seed in seeds]
    return [
        Case(
            Volume(chest.voxels, chest.geometry, f"sample-{chest.seed}"),
            tuple(Known(one.centre_lps_mm, one.diameter_mm, one.kind, one.mask) for one in chest.nodules),
            "synthetic",
        )
        for chest in made
    ]


def _is_case(folder: Path) -> bool:
    return folder.is_dir() and any((folder / name).is_file() for name in (TRUTH, MASK, READERS))


def _read(folder: Path, model: ModelCard) -> Case:
    volume = _series(folder / "series", model) if (folder / "series").is_dir() else _image(folder)
    pieces = _pieces(folder, volume.geometry)
    if not (folder / TRUTH).is_file():
        return Case(volume, tuple(pieces), "real")
    try:
        truth = msgspec.convert(json.loads((folder / TRUTH).read_text(encoding="utf-8")), _Truth)
    except (OSError, ValueError) as error:
        raise NotReadableError(sentence("evaluate.bad-truth", file=str(folder / TRUTH))) from error
    known = [Known(one.centre_lps_mm, one.diameter_mm, one.kind) for one in truth.nodules]
    return Case(volume, tuple(_masked(one, pieces) for one in known), "synthetic" if truth.synthetic else "real")


def _masked(one: Known, pieces: Sequence[Known]) -> Known:
    """A target with the piece of mask whose centre lies in it, if there is one."""
    for piece in pieces:
        away = float(np.linalg.norm(np.subtract(piece.centre_lps_mm, one.centre_lps_mm)))
        if away < one.diameter_mm / 2:
            return replace(one, mask=piece.mask)
    return one


def _series(folder: Path, model: ModelCard) -> Volume:
    found = scan([folder]).series
    if len(found) != 1:
        raise NotReadableError(sentence("evaluate.one-series", folder=str(folder), n=len(found)))
    how = suits(model, found[0])
    if how.kind is Fit.NO:
        why = " ".join(reason.say() for reason in how.reasons)
        raise DoesNotFitError(sentence("analyze.does-not-fit", model=model.name, key=found[0].key, why=why))
    with load(found[0]) as loading:
        return replace(loading.volume, voxels=loading.volume.voxels.copy())


def _image(folder: Path) -> Volume:
    for name in IMAGES:
        if (folder / name).is_file():
            image = _file(folder / name)
            voxels: NDArray[Any] = sitk.GetArrayFromImage(image)
            values = np.clip(np.round(voxels), -32768, 32767).astype(np.int16)
            return Volume(values, _geometry(image), "")
    raise NotReadableError(sentence("evaluate.no-image", folder=str(folder)))


def _file(path: Path) -> sitk.Image:
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise NotReadableError(sentence("evaluate.bad-image", file=str(path))) from error
    if image.GetDimension() != 3:
        raise NotReadableError(sentence("evaluate.bad-image", file=str(path)))
    return image


def _geometry(image: sitk.Image) -> Geometry:
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    ni, nj, nk = image.GetSize()
    return Geometry((nk, nj, ni), affine)


def _pieces(folder: Path, geometry: Geometry) -> list[Known]:
    """The connected pieces of a case's mask in the voxels of its image; none without a mask."""
    name = next((one for one in (MASK, READERS) if (folder / one).is_file()), None)
    if name is None:
        return []
    image = _file(folder / name)
    values: NDArray[Any] = sitk.GetArrayFromImage(image)
    marked = majority(values) if name == READERS else values != 0
    labels = cc3d.connected_components(_onto(marked, _geometry(image), geometry), connectivity=26)
    return [_piece(labels == number, geometry) for number in range(1, int(labels.max()) + 1)]


def majority(bits: NDArray[Any]) -> NDArray[np.bool_]:
    """Voxels that at least half of the readers marked; a reader is a bit that is set anywhere."""
    planes = [(bits.astype(np.int64) >> bit) & 1 for bit in range(8 * bits.dtype.itemsize)]
    readers = [plane for plane in planes if plane.any()]
    if not readers:
        return np.zeros(bits.shape, dtype=np.bool_)
    return np.asarray(2 * np.sum(readers, axis=0) >= len(readers))


def _onto(marked: NDArray[np.bool_], source: Geometry, target: Geometry) -> NDArray[np.bool_]:
    """A mask on another grid: each target voxel near a marked one takes the value at its own place."""
    carried = np.zeros(target.shape_kji, dtype=np.bool_)
    points = np.argwhere(marked)
    if len(points) == 0:
        return carried
    places = target.ijk_from_lps(source.lps_from_ijk(points[:, ::-1]))[:, ::-1]
    low = np.maximum(np.floor(places.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(places.max(axis=0)).astype(int) + 2, target.shape_kji)
    window = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    back = np.round(source.ijk_from_lps(target.lps_from_ijk(grid[..., ::-1]))[..., ::-1]).astype(int)
    inside = ((back >= 0) & (back < np.array(marked.shape))).all(axis=-1)
    box = carried[window]
    box[inside] = marked[tuple(back[inside].T)]
    return carried


def _piece(inside: NDArray[np.bool_], geometry: Geometry) -> Known:
    x, y, z = geometry.lps_from_ijk(np.argwhere(inside).mean(axis=0)[::-1])
    diameter = (6 * float(inside.sum()) * geometry.voxel_mm3 / np.pi) ** (1 / 3)
    return Known((float(x), float(y), float(z)), diameter, "", Mask.from_array(inside))
