"""Where in the lungs a place is: the side and the third of its height. From the lung mask alone, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry, Triple
from overread.core.text import Sentence, sentence
from overread.inference.readers.lung_nodule.grid import Bool, Grid

BIN_MM: Final = 2.0
SEARCH_MM: Final = 20.0
"""The valley between the lungs is looked for this far from where the two halves part best."""
VALLEY: Final = 0.35
"""Between two lungs the profile falls below this share of the lower peak; else the sides are not told."""
LEAST_SHARE: Final = 0.1
"""A lung smaller than this share of both is no second lung."""
NEAR_MM: Final = 4.0
"""So close to the border between the lungs no side is told."""
CUT_MM2: Final = 500.0
"""A lung that meets the end of the scan with a larger area goes on beyond it: its height is not known."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LungPlaces:
    """``border_x_mm`` parts right (smaller LPS x) from left; ``heights_mm`` is (foot, head) of each lung, or None."""

    border_x_mm: float | None
    heights_mm: tuple[tuple[float, float] | None, tuple[float, float] | None]

    def place(self, point_lps_mm: Triple) -> Sentence:
        """The place of a point in words: side and third, side alone, or not known."""
        if self.border_x_mm is None or abs(point_lps_mm[0] - self.border_x_mm) < NEAR_MM:
            return sentence("place.not-known")
        side = 0 if point_lps_mm[0] < self.border_x_mm else 1
        name = ("right", "left")[side]
        heights = self.heights_mm[side]
        if heights is None:
            return sentence(f"place.{name}")
        share = (point_lps_mm[2] - heights[0]) / (heights[1] - heights[0])
        third = ("lower", "middle", "upper")[min(2, max(0, int(share * 3)))]
        return sentence(f"place.{name}-{third}")


def lung_places(lungs: Bool, grid: Grid, geometry: Geometry, axial_axis: int) -> LungPlaces:
    """Sides and heights of the lungs of a mask on ``grid``; ``axial_axis`` is the array axis along the body."""
    indices = np.argwhere(lungs)
    points = geometry.lps_from_ijk(grid.voxels(indices.astype(np.float64))[:, ::-1])
    border = _border(points[:, 0])
    if border is None:
        return LungPlaces(None, (None, None))
    right = points[:, 0] < border
    ends = np.isin(indices[:, axial_axis], (0, lungs.shape[axial_axis] - 1))
    area = grid.step_mm**2
    heights = [_height(points[side, 2], float(ends[side].sum()) * area) for side in (right, ~right)]
    return LungPlaces(border, (heights[0], heights[1]))


def _height(z_mm: Points, cut_mm2: float) -> tuple[float, float] | None:
    if cut_mm2 > CUT_MM2:
        return None
    low, high = np.percentile(z_mm, (0.1, 99.9))
    return float(low), float(high)


def _border(x_mm: Points) -> float | None:
    """x of the valley between two lungs; None when the profile does not show two."""
    edges = np.arange(x_mm.min(), x_mm.max() + 2 * BIN_MM, BIN_MM)
    profile = np.histogram(x_mm, edges)[0].astype(np.float64)
    middles = (edges[:-1] + edges[1:]) / 2
    total, weight = profile.sum(), np.cumsum(profile)
    moment = np.cumsum(profile * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        between = (moment[-1] * weight / total - moment) ** 2 / (weight * (total - weight))
    between = np.nan_to_num(between, nan=0.0, posinf=0.0)
    near = np.flatnonzero(np.abs(middles - middles[int(between.argmax())]) <= SEARCH_MM)
    valley = int(near[profile[near].argmin()])
    low, high = profile[:valley], profile[valley + 1 :]
    if low.sum() < LEAST_SHARE * total or high.sum() < LEAST_SHARE * total:
        return None
    if profile[valley] > VALLEY * min(low.max(), high.max()):
        return None
    return float(middles[valley])
