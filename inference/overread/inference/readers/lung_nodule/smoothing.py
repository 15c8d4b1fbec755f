"""The smoothing of the scale space on the device of the job: scipy on a processor, torch on a CUDA device."""

from __future__ import annotations

import numpy as np

from overread.inference.readers.lung_nodule.gaussian import TRUNCATE, gaussian
from overread.inference.readers.lung_nodule.grid import Float32


def smooth(image: Float32, sigma: float, device: str) -> Float32:
    """A float32 image [k, j, i] smoothed by ``sigma`` voxels; mirrored at its borders."""
    return gaussian(image, sigma) if device == "cpu" else by_torch(image, sigma, device)


def by_torch(image: Float32, sigma: float, device: str) -> Float32:
    """The same by torch on any of its devices: a sum of shifted images along each axis, in float32.

    Equal to scipy's within 0.01 HU for values of CT.
    """
    # Late: only a worker with a CUDA device loads torch, and that takes seconds.
    import torch  # noqa: PLC0415

    radius = int(TRUNCATE * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    values = torch.from_numpy(np.ascontiguousarray(image)).to(device)
    for axis, size in enumerate(image.shape):
        mirrored = np.pad(np.arange(size), radius, mode="symmetric")
        wide = values.index_select(axis, torch.from_numpy(mirrored).to(device))
        values = torch.zeros_like(values)
        for shift, weight in enumerate(weights):
            values.add_(wide.narrow(axis, shift, size), alpha=float(weight))
    return np.asarray(values.cpu().numpy(), dtype=np.float32)
