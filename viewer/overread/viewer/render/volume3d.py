"""Volume rendering by VTK, off-screen, in one thread that owns everything of it; pictures come out as QImage.

No native VTK window is embedded. The mapper is chosen by the name of the GL renderer: on a software renderer the
fixed-point ray caster draws a half-resolution copy (50 times quicker there than VTK's GPU mapper), else the GPU's.
"""

from __future__ import annotations

import os
import queue
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtGui import QColor, QImage

from overread.core.volume import Volume

if os.name == "posix":
    # Before VTK opens its first window: without it VTK would look for an X server first.
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import vtkmodules.vtkRenderingOpenGL2
import vtkmodules.vtkRenderingVolumeOpenGL2  # noqa: F401 - registers the mappers
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPiecewiseFunction
from vtkmodules.vtkCommonMath import vtkMatrix4x4
from vtkmodules.vtkRenderingCore import (
    vtkColorTransferFunction,
    vtkRenderer,
    vtkRenderWindow,
    vtkVolume,
    vtkVolumeProperty,
)
from vtkmodules.vtkRenderingVolume import vtkFixedPointVolumeRayCastMapper, vtkGPUVolumeRayCastMapper

from overread.viewer.render.camera import Camera, Look
from overread.viewer.render.reslice import vtk_image
from overread.viewer.render.surfaces import Surface, SurfaceScene, aim

SOFTWARE = ("llvmpipe", "softpipe", "swrast", "software")
COARSE_DISTANCE, FINE_DISTANCE = 4.0, 1.0
"""Rays per pixel side while turning and at rest, on a software renderer."""
MOST_VOXELS = 4_000_000
"""On a software renderer a larger volume is drawn from every second voxel."""


@cache
def presets() -> dict[str, dict[str, Any]]:
    """The transfer functions of resources/presets/volume.toml by id."""
    file = resources.files("overread.resources") / "presets" / "volume.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Request:
    """One frame that is wanted."""

    look: Look
    width: int
    height: int
    coarse: bool
    surfaces: tuple[Surface, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What came of a request: the volume, and over it the surfaces of findings (None without any)."""

    request: Request
    picture: QImage
    surfaces: QImage | None = None


class Scene:
    """VTK's side. Everything here runs in the render thread."""

    def __init__(self, volume: Volume) -> None:
        self.window = vtkRenderWindow()
        self.window.SetOffScreenRendering(1)
        self.window.SetMultiSamples(0)
        self.window.SetSize(64, 64)
        self.renderer = vtkRenderer()
        self.renderer.SetBackground(0.0, 0.0, 0.0)
        self.window.AddRenderer(self.renderer)
        self.window.Render()
        self.software = is_software(self.window.ReportCapabilities())
        self._voxels, spacing, matrix = self._prepared(volume)
        self._image = vtk_image(self._voxels)
        self._image.SetSpacing(*spacing)
        self.mapper = vtkFixedPointVolumeRayCastMapper() if self.software else vtkGPUVolumeRayCastMapper()
        self.mapper.SetInputData(self._image)
        self.mapper.SetAutoAdjustSampleDistances(0)
        self.actor = vtkVolume()
        self.actor.SetMapper(self.mapper)
        self.actor.SetUserMatrix(matrix)
        self.renderer.AddVolume(self.actor)
        self._preset = ""
        self._pixels = vtkUnsignedCharArray()
        self._camera = Camera.of(volume.geometry)
        self._geometry = volume.geometry
        self._surfaces: SurfaceScene | None = None
        self._drawn: tuple[Request, QImage] | None = None
        self._rescale = (volume.slope, volume.intercept)

    def _prepared(self, volume: Volume) -> tuple[NDArray[np.generic], tuple[float, float, float], vtkMatrix4x4]:
        """The voxels to draw (fewer where a processor draws them), their spacing, and where they lie in LPS mm.

        The spacing belongs to the image: gradients are then per mm, as the presets count them.
        """
        step = 2 if self.software and volume.voxels.size > MOST_VOXELS else 1
        voxels = np.ascontiguousarray(volume.voxels[::step, ::step, ::step])
        x, y, z = volume.geometry.spacing_ijk_mm
        matrix = vtkMatrix4x4()
        for row in range(3):
            for column in range(3):
                matrix.SetElement(row, column, float(volume.geometry.directions[row, column]))
            matrix.SetElement(row, 3, float(volume.geometry.affine[row, 3]))
        return voxels, (x * step, y * step, z * step), matrix

    def frame(self, request: Request) -> Frame:
        """One frame. Where only the surfaces changed, the volume is not drawn again."""
        alone = replace(request, surfaces=())
        if self._drawn is None or self._drawn[0] != alone:
            self._drawn = alone, self._draw(alone)
        return Frame(request, self._drawn[1], self._draw_surfaces(request) if request.surfaces else None)

    def _draw_surfaces(self, request: Request) -> QImage:
        if self._surfaces is None:
            self._surfaces = SurfaceScene(self._geometry)
        return self._surfaces.draw(
            request.surfaces, request.look, request.width, request.height, coarse=request.coarse
        )

    def _draw(self, request: Request) -> QImage:
        """The volume, opaque, with pixels of its own."""
        self._set_preset(request.look.preset)
        if self.software:
            self.mapper.SetImageSampleDistance(COARSE_DISTANCE if request.coarse else FINE_DISTANCE)
        aim(self.renderer, self._camera, request.look)
        self.window.SetSize(request.width, request.height)
        self.window.Render()
        self.window.GetRGBACharPixelData(0, 0, request.width - 1, request.height - 1, 0, self._pixels, 0)
        pixels = vtk_to_numpy(self._pixels)
        picture = QImage(pixels.data, request.width, request.height, 4 * request.width, QImage.Format.Format_RGBX8888)
        return picture.flipped()

    def _set_preset(self, name: str) -> None:
        if name == self._preset:
            return
        self._preset = name
        made = presets()[name]
        slope, intercept = self._rescale
        opacity, gradient, colours = vtkPiecewiseFunction(), vtkPiecewiseFunction(), vtkColorTransferFunction()
        for value, share in made["opacity"]:
            opacity.AddPoint((value - intercept) / slope, share)
        for value, share in made["gradient"]:
            gradient.AddPoint(value / slope, share)
        for value, code in made["colour"]:
            colour = QColor(code)
            colours.AddRGBPoint((value - intercept) / slope, colour.redF(), colour.greenF(), colour.blueF())
        look = vtkVolumeProperty()
        look.SetScalarOpacity(opacity)
        look.SetGradientOpacity(gradient)
        look.SetColor(colours)
        look.ShadeOn()
        look.SetAmbient(0.48)
        look.SetDiffuse(1.0)
        look.SetSpecular(0.25)
        look.SetInterpolationTypeToLinear()
        self.actor.SetProperty(look)

    def close(self) -> None:
        """Give the GL contexts back."""
        if self._surfaces is not None:
            self._surfaces.close()
        self.window.Finalize()


def is_software(capabilities: str) -> bool:
    """True when a GL renderer's own words name a software renderer."""
    return any(word in capabilities.lower() for word in SOFTWARE)


def gl_renderer() -> str:
    """The name of the GL renderer of this computer; empty when none opens. Makes a GL context in this thread."""
    window = vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetSize(16, 16)
    window.Render()
    words = window.ReportCapabilities()
    window.Finalize()
    return next((line.split(":", 1)[1].strip() for line in words.splitlines() if "renderer string" in line), "")


class RenderThread(QThread):
    """Draws the newest request; what was asked before it and not begun is dropped."""

    drawn = Signal(object)
    """A ``Frame``."""
    failed = Signal(str)

    def __init__(self, volume: Volume, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._volume = volume
        self._jobs: queue.SimpleQueue[Request | None] = queue.SimpleQueue()

    def ask(self, request: Request) -> None:
        """Ask for a frame."""
        self._jobs.put(request)

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._jobs.put(None)
        self.wait()

    def run(self) -> None:
        """The thread: everything of VTK is made, used and given back here."""
        scene: Scene | None = None
        try:
            while (request := self._newest()) is not None:
                if scene is None:
                    scene = Scene(self._volume)
                self.drawn.emit(scene.frame(request))
        except RuntimeError as error:
            self.failed.emit(type(error).__name__)
        finally:
            if scene is not None:
                scene.close()

    def _newest(self) -> Request | None:
        request = self._jobs.get()
        while request is not None and not self._jobs.empty():
            request = self._jobs.get()
        return request
