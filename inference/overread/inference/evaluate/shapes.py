"""Shapes of nodules to insert: lumpy balls that are drawn, or masks that readers have outlined, from files."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import edt
import numpy as np
from numpy.typing import NDArray

from overread.core.errors import NotReadableError
from overread.core.text import sentence

Float32 = NDArray[np.float32]
Kind = Literal["solid", "part-solid", "ground-glass"]

TABLE: Final = "readers.csv.gz"
"""The table with pixel sizes and textures, beside the file of masks."""
MOST_BYTES: Final = 256 << 20
SOLID_FROM, GLASS_TO = 4.0, 2.0
"""Mean texture rating (1 ground glass, 5 solid): from here solid, up to here ground glass, else part-solid."""
SIZES_MM: Final = (3.5, 30.0)
"""Equivalent diameters that are inserted."""
PAD_MM: Final = 2.0
BALL_STEP_MM: Final = 0.5
BUMPS, BUMP_SHARE = 6, 0.09
SPICULES, SPICULES_FROM_MM = 14, 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """``signed_mm`` [k, j, i]: distance to the surface in mm, negative inside, on voxels of ``step_kji_mm``."""

    signed_mm: Float32
    step_kji_mm: tuple[float, float, float]
    kind: Kind
    diameter_mm: float


def shape_of(mask: NDArray[np.bool_], step_kji_mm: tuple[float, float, float], kind: Kind) -> Shape:
    """A mask as a shape; ``diameter_mm`` is that of the ball of its volume."""
    pads = [int(np.ceil(PAD_MM / step)) + 1 for step in step_kji_mm]
    wide = np.pad(mask, [(pad, pad) for pad in pads])
    inside = edt.edt(wide, anisotropy=step_kji_mm)
    outside = edt.edt(~wide, anisotropy=step_kji_mm)
    # Distances are to the nearest centre of the other kind: the surface lies half a step before it.
    half = min(step_kji_mm) / 2
    signed = np.where(wide, half - inside, outside - half).astype(np.float32)
    volume = float(mask.sum()) * float(np.prod(step_kji_mm))
    return Shape(signed, step_kji_mm, kind, float((6 * volume / np.pi) ** (1 / 3)))


def lumpy_ball(rng: np.random.Generator, diameter_mm: float, kind: Kind) -> Shape:
    """A ball with six bumps, and with spicules above 10 mm."""
    reach = int(np.ceil(diameter_mm * 0.9 / BALL_STEP_MM))
    axis = np.arange(-reach, reach + 1) * BALL_STEP_MM
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    offset = np.stack([x, y, z])
    distance = np.sqrt((offset**2).sum(axis=0))
    direction = offset / np.maximum(distance, 1e-6)
    factor = np.ones_like(distance)
    for _bump in range(BUMPS):
        along = np.tensordot(_direction(rng), direction, axes=1)
        factor += BUMP_SHARE * rng.choice([-1, 1]) * np.maximum(0, along) ** 6
    for _spicule in range(SPICULES if diameter_mm > SPICULES_FROM_MM else 0):
        along = np.tensordot(_direction(rng), direction, axes=1)
        factor += rng.uniform(0.1, 0.4) * np.maximum(0, along) ** 120
    return shape_of(distance <= diameter_mm / 2 * factor, (BALL_STEP_MM,) * 3, kind)


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    vector = rng.normal(size=3)
    return np.asarray(vector / np.linalg.norm(vector))


def balls(rng: np.random.Generator, count: int) -> list[Shape]:
    """Lumpy balls of 4 to 20 mm: three fifths solid, one fifth part-solid, one fifth ground glass."""
    kinds: tuple[Kind, ...] = ("solid", "solid", "solid", "part-solid", "ground-glass")
    sizes = rng.uniform(4, 20, size=count)
    return [
        lumpy_ball(rng, float(max(size, 6) if kinds[n % 5] != "solid" else size), kinds[n % 5])
        for n, size in enumerate(sizes)
    ]


class ReaderShapes:
    """Masks of several readers from ``FILE.npz``, with pixel size and texture from ``readers.csv.gz`` beside it.

    The npz holds ``index`` (rows of nodule, readers, slices, rows, cols, byte offset, first row, first column, first
    annotation) and ``packed`` (bits of blocks [readers, slices, rows, cols]). Raises NotReadableError.
    """

    def __init__(self, file: Path) -> None:
        try:
            if file.stat().st_size > MOST_BYTES:
                raise ValueError("too large")
            with np.load(file, allow_pickle=False) as data:
                index, self._packed = np.asarray(data["index"], dtype=np.int64), np.asarray(data["packed"])
            steps, textures = _table(file.with_name(TABLE))
            self._rows = _usable(index, len(self._packed), steps, textures)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise NotReadableError(sentence("evaluate.bad-shapes", file=file.name, table=TABLE)) from error
        if not self._rows:
            raise NotReadableError(sentence("evaluate.bad-shapes", file=file.name, table=TABLE))

    def draw(self, rng: np.random.Generator, count: int) -> list[Shape]:
        """Shapes drawn without repeating one while there are others, each mirrored at random."""
        shapes: list[Shape] = []
        while len(shapes) < count:
            for number in rng.permutation(len(self._rows)):
                shape = self._shape(self._rows[number])
                if SIZES_MM[0] <= shape.diameter_mm <= SIZES_MM[1]:
                    shapes.append(_mirrored(shape, rng))
                if len(shapes) == count:
                    break
        return shapes

    def _shape(self, row: _Row) -> Shape:
        """The voxels that at least half of the readers marked."""
        count = int(np.prod(row.block))
        packed = self._packed[row.offset : row.offset + (count + 7) // 8]
        readers = np.unpackbits(packed, count=count).reshape(row.block)
        return shape_of(2 * readers.sum(axis=0) >= row.block[0], row.step_kji_mm, row.kind)


@dataclass(frozen=True, slots=True)
class _Row:
    block: tuple[int, int, int, int]
    offset: int
    step_kji_mm: tuple[float, float, float]
    kind: Kind


def _table(file: Path) -> tuple[dict[int, tuple[float, float]], dict[int, list[float]]]:
    """(pixel, slice step) by annotation, textures by nodule."""
    with gzip.open(file, "rb") as packed:
        text = packed.read(MOST_BYTES).decode("utf-8")
    steps: dict[int, tuple[float, float]] = {}
    textures: dict[int, list[float]] = {}
    for row in csv.DictReader(io.StringIO(text)):
        steps[int(row["ann_id"])] = (float(row["pixel_mm"]), float(row["slice_step_mm"]))
        textures.setdefault(int(row["nodule"]), []).append(float(row["texture"]))
    return steps, textures


def _usable(
    index: NDArray[np.int64],
    size: int,
    steps: dict[int, tuple[float, float]],
    textures: dict[int, list[float]],
) -> list[_Row]:
    rows = []
    for line in index.tolist():
        nodule, readers, slices, height, width, offset, _row, _column, annotation = line
        block = (readers, slices, height, width)
        fits = min(block) > 0 and 0 <= offset <= size - (int(np.prod(block)) + 7) // 8
        if not fits:
            raise ValueError("a block leaves the file")
        if annotation in steps and nodule in textures:
            pixel, step = steps[annotation]
            rows.append(_Row(block, offset, (step, pixel, pixel), _kind(textures[nodule])))
    return rows


def _kind(textures: Sequence[float]) -> Kind:
    mean = float(np.mean(textures))
    if mean >= SOLID_FROM:
        return "solid"
    return "ground-glass" if mean <= GLASS_TO else "part-solid"


def _mirrored(shape: Shape, rng: np.random.Generator) -> Shape:
    turned = tuple(slice(None, None, -1 if rng.random() < 0.5 else 1) for _axis in range(3))
    flipped = shape.signed_mm[turned]
    return Shape(np.ascontiguousarray(flipped), shape.step_kji_mm, shape.kind, shape.diameter_mm)
