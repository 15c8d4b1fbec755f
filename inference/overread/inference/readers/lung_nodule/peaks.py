"""Bright round places at all sizes: peaks of differences of Gaussians, and how round their curvature is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from overread.inference.readers.lung_nodule.grid import Bool, Float32
from overread.inference.readers.lung_nodule.smoothing import smooth


@dataclass(frozen=True, slots=True)
class Peaks:
    """Peaks [n]: places on the 1 mm grid [n, 3], scales (mm), responses (HU), curvature ratios."""

    points: NDArray[np.float64]
    scales: NDArray[np.float64]
    responses: NDArray[np.float64]
    ratios: NDArray[np.float64]

    def take(self, chosen: NDArray[np.int_]) -> Peaks:
        """Some of them."""
        return Peaks(self.points[chosen], self.scales[chosen], self.responses[chosen], self.ratios[chosen])


def find_peaks(
    hu: Float32,
    inside: Bool,
    fill_hu: float,
    parameters: Mapping[str, Any],
    common: Mapping[str, Any],
    check: Callable[[], None],
) -> tuple[Peaks, Float32]:
    """Peaks of one pass on the 1 mm grid, and on each 2 mm point of it the largest blobness (HU) of all scales.

    Blobness is response times curvature ratio, where the response passes ``heat_from_hu``; 0 elsewhere and outside
    the lungs. ``common["device"]`` does the smoothing. ``check`` is called at each scale and may raise.
    """
    clamped = np.clip(hu, parameters["low_hu"], parameters["high_hu"])
    clamped[~inside] = min(fill_hu, float(parameters["high_hu"]))
    heat = np.zeros(tuple((n + 1) // 2 for n in hu.shape), dtype=np.float32)
    found: list[Peaks] = []
    for response, image, scale, stride in _levels(clamped, parameters, str(common["device"])):
        check()
        found.append(_of_level(response, image, scale, stride, float(parameters["least_response_hu"])))
        _heat_up(heat, response, image, stride, common)
    heat[~inside[::2, ::2, ::2]] = 0
    merged = Peaks(
        np.concatenate([one.points for one in found]),
        np.concatenate([one.scales for one in found]),
        np.concatenate([one.responses for one in found]),
        np.concatenate([one.ratios for one in found]),
    )
    keep = np.flatnonzero(merged.ratios >= common["least_ratio"])
    return _suppressed(merged.take(keep), parameters, common), heat


def _levels(hu: Float32, parameters: Mapping[str, Any], device: str) -> Iterator[tuple[Float32, Float32, float, int]]:
    """(response, smoothed image, scale in mm, stride) from small to large; half resolution from a scale on."""
    factor, scale, stride = float(parameters["factor"]), float(parameters["first_mm"]), 1
    image, had = hu, 0.0
    if parameters["half_from_mm"] <= scale:
        image = np.ascontiguousarray(smooth(hu, 0.8, device)[::2, ::2, ::2])
        stride, had = 2, 0.8
    image = smooth(image, np.sqrt(scale**2 - had**2) / stride, device)
    while scale <= parameters["last_mm"]:
        if stride == 1 and scale >= parameters["half_from_mm"]:
            image, stride = np.ascontiguousarray(image[::2, ::2, ::2]), 2
        following = scale * factor
        wider = smooth(image, np.sqrt(following**2 - scale**2) / stride, device)
        yield (image - wider) / np.float32(factor - 1), image, scale, stride
        image, scale = wider, following


def _heat_up(heat: Float32, response: Float32, image: Float32, stride: int, common: Mapping[str, Any]) -> None:
    """Raise the blobness of the 2 mm points to that of one scale."""
    shown = response if stride == 2 else response[::2, ::2, ::2]
    points = np.argwhere(shown > common["heat_from_hu"]) * (3 - stride)
    points = points[_within(points, response.shape)]
    values = response[tuple(points.T)] * np.clip(_curvature_ratio(image, points), 0, 1)
    at = tuple((points // (3 - stride)).T)
    heat[at] = np.maximum(heat[at], values)


def _within(points: NDArray[np.int_], shape: tuple[int, ...]) -> Bool:
    """Which points have all 26 neighbours."""
    return np.asarray(((points > 0) & (points < np.array(shape) - 1)).all(axis=1))


_NEIGHBOURS = np.array(
    [(a, b, c) for a in (-1, 0, 1) for b in (-1, 0, 1) for c in (-1, 0, 1) if (a, b, c) != (0, 0, 0)]
)


def _of_level(response: Float32, image: Float32, scale: float, stride: int, least: float) -> Peaks:
    """Local maxima over the threshold (compared with 26 neighbours only where it is passed), with their curvature."""
    points = np.argwhere(response > least)
    points = points[_within(points, response.shape)]
    values = response[tuple(points.T)]
    top = np.ones(len(points), dtype=np.bool_)
    for shift in _NEIGHBOURS:
        left = np.flatnonzero(top)
        top[left] = values[left] >= response[tuple((points[left] + shift).T)]
    points = points[top]
    ratios = _curvature_ratio(image, points)
    responses = np.asarray(values[top], dtype=np.float64)
    return Peaks(points.astype(np.float64) * stride, np.full(len(points), scale), responses, ratios)


def _curvature_ratio(image: Float32, points: NDArray[np.int_]) -> NDArray[np.float64]:
    """Weakest over strongest curvature of a bright blob: 1 for a ball, 0 for a tube, negative for a saddle."""
    if len(points) == 0:
        return np.zeros(0)

    def at(*shift: int) -> NDArray[np.float64]:
        return np.asarray(image[tuple((points + np.array(shift)).T)], dtype=np.float64)

    centre = at(0, 0, 0)
    hessian = np.empty((len(points), 3, 3))
    unit = np.eye(3, dtype=int)
    for a in range(3):
        hessian[:, a, a] = at(*unit[a]) - 2 * centre + at(*(-unit[a]))
        for b in range(a):
            mixed = (
                at(*(unit[a] + unit[b]))
                - at(*(unit[a] - unit[b]))
                - at(*(unit[b] - unit[a]))
                + at(*(-unit[a] - unit[b]))
            ) / 4
            hessian[:, a, b] = hessian[:, b, a] = mixed
    values = -np.linalg.eigvalsh(hessian)
    strongest = values[:, 0]
    ratio: NDArray[np.float64] = np.where(strongest > 0, values[:, 2] / np.maximum(strongest, 1e-9), -1.0)
    return ratio


def _suppressed(peaks: Peaks, parameters: Mapping[str, Any], common: Mapping[str, Any]) -> Peaks:
    """The strongest peak of each neighbourhood, and no more of each size than its quota. Ties go by position.

    The neighbourhood is that of the smaller of two peaks: a large vessel must not silence a small nodule beside it.
    """
    if len(peaks.scales) == 0:
        return peaks
    weight = peaks.responses * np.minimum(1.0, peaks.ratios / common["full_ratio"])
    order = np.lexsort((*peaks.points.T, -weight))
    tree = cKDTree(peaks.points)
    gone = np.zeros(len(order), dtype=np.bool_)
    quota = [[float(limit), int(count)] for limit, count in parameters["quota"]]
    chosen: list[int] = []
    for number in order:
        if gone[number]:
            continue
        scale = float(peaks.scales[number])
        slot = next(one for one in quota if scale < one[0])
        if slot[1] <= 0:
            continue
        slot[1] -= 1
        chosen.append(int(number))
        reach = max(float(common["least_apart_mm"]), float(common["apart_scales"]) * scale)
        near = np.array(tree.query_ball_point(peaks.points[number], reach))
        away = np.linalg.norm(peaks.points[near] - peaks.points[number], axis=1)
        own = np.maximum(common["least_apart_mm"], common["apart_scales"] * peaks.scales[near])
        gone[near[away <= own]] = True
    return peaks.take(np.array(chosen, dtype=np.int_))
