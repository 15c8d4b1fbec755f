"""The surfaces of findings in 3D: marching cubes of the mask, smoothed a little, in a picture of their own.

That picture lies over the volume's, so a finding is seen through what lies before it, a judgement or Space changes it
without casting a ray, and nothing of a mark that must be hidden is in the volume's picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the mappers
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkCommonTransforms import vtkMatrixToLinearTransform
from vtkmodules.vtkFiltersCore import vtkFlyingEdges3D, vtkPolyDataNormals, vtkWindowedSincPolyDataFilter
from vtkmodules.vtkFiltersGeneral import vtkTransformFilter
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow

from overread.core.geometry import Geometry
from overread.core.mask import Mask
from overread.viewer.render.camera import Camera, Look
from overread.viewer.render.palette import colour
from overread.viewer.render.reslice import vtk_image

SMOOTH_STEPS, SMOOTH_BAND = 15, 0.1
"""Windowed sinc: takes the steps of the voxels away and leaves the size as it is."""
FINE = 2
"""At rest the picture is made so many times larger and scaled down: smooth edges."""


@dataclass(frozen=True, slots=True)
class Surface:
    """What is drawn of one finding: its tracking UID, its mask, and the token of its colour."""

    uid: str
    mask: Mask
    token: str


class SurfaceScene:
    """VTK's side. Everything here runs in the render thread."""

    def __init__(self, geometry: Geometry) -> None:
        self._geometry = geometry
        self._camera = Camera.of(geometry)
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetAlphaBitPlanes(1)
        self._renderer = vtkRenderer()
        self._renderer.SetBackground(0.0, 0.0, 0.0)
        self._renderer.SetBackgroundAlpha(0.0)
        self._window.AddRenderer(self._renderer)
        self._actors: dict[Mask, vtkActor] = {}
        self._pixels = vtkUnsignedCharArray()

    def draw(self, surfaces: tuple[Surface, ...], look: Look, width: int, height: int, *, coarse: bool) -> QImage:
        """The surfaces over nothing, with pixels of its own."""
        self._show(surfaces)
        aim(self._renderer, self._camera, look)
        more = 1 if coarse else FINE
        wide, high = width * more, height * more
        self._window.SetSize(wide, high)
        self._window.Render()
        self._window.GetRGBACharPixelData(0, 0, wide - 1, high - 1, 0, self._pixels, 0)
        pixels = vtk_to_numpy(self._pixels)
        picture = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGBA8888).flipped()
        keep, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        return picture if more == 1 else picture.scaled(width, height, keep, smooth)

    def _show(self, surfaces: tuple[Surface, ...]) -> None:
        wanted = {surface.mask for surface in surfaces}
        for mask in [mask for mask in self._actors if mask not in wanted]:
            self._renderer.RemoveActor(self._actors.pop(mask))
        for surface in surfaces:
            if surface.mask not in self._actors:
                self._actors[surface.mask] = _actor(surface.mask, self._geometry)
                self._renderer.AddActor(self._actors[surface.mask])
            drawn = colour(surface.token)
            self._actors[surface.mask].GetProperty().SetColor(drawn.redF(), drawn.greenF(), drawn.blueF())

    def close(self) -> None:
        """Give the GL context back."""
        self._window.Finalize()


def aim(renderer: vtkRenderer, camera: Camera, look: Look) -> None:
    """Let a renderer look as a camera does."""
    eye = renderer.GetActiveCamera()
    eye.SetFocalPoint(*camera.centre)
    eye.SetPosition(*camera.eye(look))
    eye.SetViewUp(0.0, 0.0, 1.0)
    eye.SetViewAngle(camera.angle_degrees(look))
    renderer.ResetCameraClippingRange()


def surface_of(mask: Mask, geometry: Geometry) -> vtkPolyData:
    """The smoothed surface of a mask in LPS mm, with normals."""
    padded = np.pad(mask.to_array(), 1).astype(np.uint8)
    image = vtk_image(padded)
    k, j, i = (first - 1.0 for first in mask.origin_kji)
    image.SetOrigin(i, j, k)
    edges = vtkFlyingEdges3D()
    edges.SetInputData(image)
    edges.ComputeNormalsOff()
    edges.SetValue(0, 0.5)
    matrix = vtkMatrix4x4()
    for row in range(4):
        for column in range(4):
            matrix.SetElement(row, column, float(geometry.affine[row, column]))
    to_lps = vtkMatrixToLinearTransform()
    to_lps.SetInput(matrix)
    placed = vtkTransformFilter()
    placed.SetInputConnection(edges.GetOutputPort())
    placed.SetTransform(to_lps)
    smooth = vtkWindowedSincPolyDataFilter()
    smooth.SetInputConnection(placed.GetOutputPort())
    smooth.SetNumberOfIterations(SMOOTH_STEPS)
    smooth.SetPassBand(SMOOTH_BAND)
    smooth.BoundarySmoothingOff()
    smooth.FeatureEdgeSmoothingOff()
    smooth.NonManifoldSmoothingOn()
    smooth.NormalizeCoordinatesOn()
    normals = vtkPolyDataNormals()
    normals.SetInputConnection(smooth.GetOutputPort())
    normals.SplittingOff()
    normals.AutoOrientNormalsOn()
    normals.Update()
    made = vtkPolyData()
    made.DeepCopy(normals.GetOutput())
    return made


def _actor(mask: Mask, geometry: Geometry) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(surface_of(mask, geometry))
    mapper.ScalarVisibilityOff()
    actor = vtkActor()
    actor.SetMapper(mapper)
    light = actor.GetProperty()
    light.SetAmbient(0.4)
    light.SetDiffuse(0.6)
    light.SetSpecular(0.1)
    light.SetSpecularPower(20)
    return actor
