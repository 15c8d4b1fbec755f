"""Grey-scale windows (values of interest), exactly as DICOM defines them.

PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.1 (SIGMOID) and C.11.2.1.3.2 (LINEAR_EXACT). Input is the value after
the modality transformation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Function = Literal["LINEAR", "LINEAR_EXACT", "SIGMOID"]


@dataclass(frozen=True, slots=True)
class Window:
    """Window centre and width in the unit of the volume; ``name`` is what the header or the preset calls it.

    Raises ValueError for a width below 1 (LINEAR) or not above 0 (the others).
    """

    centre: float
    width: float
    function: Function = "LINEAR"
    name: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.centre) and np.isfinite(self.width)):
            raise ValueError("window centre and width must be finite")
        if self.width < 1 if self.function == "LINEAR" else self.width <= 0:
            raise ValueError(f"window width {self.width} is not allowed for {self.function}")

    def apply(self, values: NDArray[np.generic] | float) -> NDArray[np.float64]:
        """Grey in 0..1 (float64) of values after the modality transformation, any shape."""
        x = np.asarray(values, dtype=np.float64)
        if self.function == "SIGMOID":
            return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - self.centre) / self.width, -700.0, 700.0)))
        if self.function == "LINEAR_EXACT":
            return np.clip((x - self.centre) / self.width + 0.5, 0.0, 1.0)
        if self.width == 1:
            return (x > self.centre - 0.5).astype(np.float64)
        return np.clip((x - (self.centre - 0.5)) / (self.width - 1.0) + 0.5, 0.0, 1.0)
