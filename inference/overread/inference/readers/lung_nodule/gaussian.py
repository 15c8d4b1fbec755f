"""The one smoothing of the scale space."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from overread.inference.readers.lung_nodule.grid import Float32

TRUNCATE = 3.0
"""The kernel ends at this many standard deviations."""


def gaussian(image: Float32, sigma: float) -> Float32:
    """A float32 image [k, j, i] smoothed by ``sigma`` voxels; mirrored at its borders."""
    smoothed: Float32 = ndimage.gaussian_filter(image, sigma, output=np.float32, truncate=TRUNCATE)
    return smoothed
