"""The lungs, closed over the pleura and over what is solid in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cc3d
import edt
import fastmorph
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from overread.core.errors import DoesNotFitError
from overread.core.text import sentence
from overread.inference.readers.lung_nodule.gaussian import gaussian
from overread.inference.readers.lung_nodule.grid import Bool, Float32


def find_lungs(hu: Float32, parameters: Mapping[str, Any], axial_axis: int) -> tuple[Bool, Bool]:
    """The air of the lungs, and the same closed, on a grid of ``step_mm`` [k, j, i].

    ``axial_axis`` is the array axis along the body: holes of the body are filled in each slice across it, so that
    an open trachea does not matter. Raises DoesNotFitError when no lungs are there.
    """
    step = float(parameters["step_mm"])
    smooth = gaussian(hu, float(parameters["smooth_voxels"]))
    body = _body(smooth > parameters["body_hu"], axial_axis)
    air = (smooth < parameters["air_hu"]) & body
    labels = cc3d.connected_components(air, connectivity=6)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    least = parameters["least_ml"] * 1000 / step**3
    kept = [label for label in np.argsort(-sizes)[: parameters["most_parts"]] if sizes[label] >= least]
    if not kept:
        raise DoesNotFitError(sentence("reader.no-lungs"))
    lungs = np.isin(labels, kept)
    return lungs, lungs | _closed(lungs, float(parameters["close_mm"]), step)


def _body(dense: Bool, axial_axis: int) -> Bool:
    opened = ndimage.binary_opening(dense)
    labels = cc3d.connected_components(opened, connectivity=6)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    if sizes.max() == 0:
        raise DoesNotFitError(sentence("reader.no-lungs"))
    body = np.moveaxis(labels == int(np.argmax(sizes)), axial_axis, 0)
    filled = np.stack([ndimage.binary_fill_holes(part) for part in body])
    return np.ascontiguousarray(np.moveaxis(filled, 0, axial_axis))


def _closed(mask: Bool, reach_mm: float, step_mm: float) -> Bool:
    """Closing by distance: what lies within reach of the mask from all sides belongs to it. Holes are filled."""
    pad = int(np.ceil(reach_mm / step_mm)) + 1
    wide = np.pad(mask, pad)
    grown = edt.edt(~wide, anisotropy=(step_mm,) * 3) < reach_mm
    shrunk: NDArray[np.bool_] = edt.edt(grown, anisotropy=(step_mm,) * 3) > reach_mm
    inner = tuple(slice(pad, -pad) for _axis in range(3))
    return np.asarray(fastmorph.fill_holes(np.ascontiguousarray((shrunk | wide)[inner]))).astype(np.bool_)
