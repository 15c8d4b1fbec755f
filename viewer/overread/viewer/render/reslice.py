"""Planes at any place and angle, by vtkImageReslice; the general way that the fast planes are held against."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkImagingCore import vtkImageReslice

from overread.core.geometry import Geometry

Float = NDArray[np.float64]


def vtk_image(voxels: NDArray[np.generic]) -> vtkImageData:
    """Voxels [k, j, i] as a VTK image in voxel units, sharing their memory; keep the array as long as the image."""
    image = vtkImageData()
    nk, nj, ni = voxels.shape
    image.SetDimensions(ni, nj, nk)
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.reshape(-1)))
    return image


def reslice(
    voxels: NDArray[np.generic],
    geometry: Geometry,
    origin_lps_mm: Float,
    right_lps_mm: Float,
    down_lps_mm: Float,
    size: tuple[int, int],
    outside: float = 0.0,
) -> NDArray[np.generic]:
    """A picture [row, column] of ``size`` (rows, columns), linear between voxels.

    Pixel (column c, row r) lies at ``origin + c * right + r * down`` in LPS mm. VTK works in voxel units, with the
    whole 4x4 on the outside, so a sheared grid is right too. Places outside the volume hold ``outside``.
    """
    to_ijk = geometry.inverse[:3, :3]
    column, row = to_ijk @ right_lps_mm, to_ijk @ down_lps_mm
    third = np.cross(column, row)
    axes = vtkMatrix4x4()
    start = geometry.ijk_from_lps(origin_lps_mm)
    for line in range(3):
        for place, vector in enumerate((column, row, third, start)):
            axes.SetElement(line, place, float(vector[line]))
    cutter = vtkImageReslice()
    source = vtk_image(voxels)
    cutter.SetInputData(source)
    cutter.SetOutputDimensionality(2)
    cutter.SetResliceAxes(axes)
    cutter.SetInterpolationModeToLinear()
    cutter.SetOutputSpacing(1.0, 1.0, 1.0)
    cutter.SetOutputOrigin(0.0, 0.0, 0.0)
    cutter.SetOutputExtent(0, size[1] - 1, 0, size[0] - 1, 0, 0)
    cutter.SetBackgroundLevel(outside)
    cutter.Update()
    result = cutter.GetOutput()
    pixels: NDArray[np.generic] = vtk_to_numpy(result.GetPointData().GetScalars()).reshape(size).copy()
    return pixels
