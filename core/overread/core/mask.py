"""A mask: a boolean box in voxel space, packed; and the difference that one gesture made to it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Box = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
"""((k0, k1), (j0, j1), (i0, i1)), half open, in voxels."""

Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Mask:
    """Bounding box and packed bits of a region, in [k, j, i] order. The box is tight; an empty mask has no voxel.

    ``bits`` is ``np.packbits`` of the box in C order, compressed by zlib level 1.
    """

    box: Box
    bits: bytes

    @classmethod
    def from_array(cls, array: Bool, origin_kji: tuple[int, int, int] = (0, 0, 0)) -> Mask:
        """The mask of a boolean array [k, j, i] whose first voxel lies at ``origin_kji`` of the volume."""
        if not array.any():
            return EMPTY
        spans = []
        for axis in range(3):
            other = tuple(a for a in range(3) if a != axis)
            filled = np.flatnonzero(array.any(axis=other))
            spans.append((int(filled[0]), int(filled[-1]) + 1))
        (k0, k1), (j0, j1), (i0, i1) = spans
        inner = array[k0:k1, j0:j1, i0:i1]
        shifted = tuple((a + o, b + o) for (a, b), o in zip(spans, origin_kji, strict=True))
        return cls((shifted[0], shifted[1], shifted[2]), zlib.compress(np.packbits(inner).tobytes(), 1))

    @property
    def shape_kji(self) -> tuple[int, int, int]:
        """Voxels of the box along (k, j, i)."""
        (k0, k1), (j0, j1), (i0, i1) = self.box
        return k1 - k0, j1 - j0, i1 - i0

    @property
    def origin_kji(self) -> tuple[int, int, int]:
        """First voxel of the box."""
        return self.box[0][0], self.box[1][0], self.box[2][0]

    @property
    def is_empty(self) -> bool:
        """True when there is no voxel."""
        return 0 in self.shape_kji

    def to_array(self) -> Bool:
        """The box as a boolean array [k, j, i]. Raises ValueError when the bits do not fill the box."""
        count = int(np.prod(self.shape_kji))
        if count == 0:
            return np.zeros(self.shape_kji, dtype=np.bool_)
        want = (count + 7) // 8
        inflater = zlib.decompressobj()
        packed = inflater.decompress(self.bits, want + 1)
        if len(packed) != want:
            raise ValueError("the bits of a mask do not fill its box")
        flat = np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=count)
        return flat.astype(np.bool_).reshape(self.shape_kji)

    def to_volume(self, shape_kji: tuple[int, int, int]) -> Bool:
        """The mask in a whole grid. Raises ValueError when the box leaves the grid."""
        for (low, high), size in zip(self.box, shape_kji, strict=True):
            if low < 0 or high > size:
                raise ValueError("the mask leaves the grid")
        whole = np.zeros(shape_kji, dtype=np.bool_)
        (k0, k1), (j0, j1), (i0, i1) = self.box
        whole[k0:k1, j0:j1, i0:i1] = self.to_array()
        return whole

    def plane(self, axis: int, index: int) -> tuple[Bool, tuple[int, int]] | None:
        """The 2D cut at ``index`` along array axis 0 (k), 1 (j) or 2 (i), and its first (row, column).

        Rows and columns are the two remaining array axes in their order. None outside the box.
        """
        low, high = self.box[axis]
        if not low <= index < high:
            return None
        cut = np.take(self.to_array(), index - low, axis=axis)
        first, second = (self.box[a][0] for a in range(3) if a != axis)
        return cut, (first, second)

    @property
    def voxels(self) -> int:
        """How many voxels are set."""
        return int(self.to_array().sum())


EMPTY = Mask(((0, 0), (0, 0), (0, 0)), b"")


@dataclass(frozen=True, slots=True)
class MaskChange:
    """Which voxels of a mask changed sides: a box and its packed bits as in ``Mask``. Twice, it does nothing."""

    box: Box
    bits: bytes

    @classmethod
    def between(cls, before: Mask, after: Mask) -> MaskChange:
        """The change that leads from one mask to another."""
        box = union(before.box, after.box)
        differs = Mask.from_array(in_box(before, box) ^ in_box(after, box), origin(box))
        return cls(differs.box, differs.bits)

    @property
    def voxels(self) -> int:
        """How many voxels change sides."""
        return Mask(self.box, self.bits).voxels

    def apply(self, mask: Mask) -> Mask:
        """The mask with this change. Raises ValueError when the bits do not fill the box."""
        change = Mask(self.box, self.bits)
        if change.is_empty:
            return mask
        box = union(mask.box, change.box)
        return Mask.from_array(in_box(mask, box) ^ in_box(change, box), origin(box))


def origin(box: Box) -> tuple[int, int, int]:
    """First voxel of a box."""
    return box[0][0], box[1][0], box[2][0]


def union(first: Box, second: Box) -> Box:
    """The smallest box around two boxes; an empty one adds nothing."""
    if any(low >= high for low, high in first):
        return second
    if any(low >= high for low, high in second):
        return first
    spans = [(min(a[0], b[0]), max(a[1], b[1])) for a, b in zip(first, second, strict=True)]
    return spans[0], spans[1], spans[2]


def in_box(mask: Mask, box: Box) -> Bool:
    """The voxels of a mask that lie in a box, as an array of the box's size."""
    whole = np.zeros([max(0, high - low) for low, high in box], dtype=np.bool_)
    spans = [(max(a[0], b[0]), min(a[1], b[1])) for a, b in zip(mask.box, box, strict=True)]
    if all(low < high for low, high in spans):
        inner = tuple(slice(low - mine[0], high - mine[0]) for (low, high), mine in zip(spans, mask.box, strict=True))
        target = tuple(slice(low - its[0], high - its[0]) for (low, high), its in zip(spans, box, strict=True))
        whole[target] = mask.to_array()[inner]
    return whole
