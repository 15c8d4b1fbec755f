"""Where a finding lies, in the words and numbers that people use: the image of its stack, the place."""

from __future__ import annotations

from overread.core.finding import Finding
from overread.core.geometry import Geometry, place_letters_mm
from overread.core.text import Sentence, sentence


def image_in_stack(geometry: Geometry, slice_k: int) -> tuple[int, int]:
    """Number of a stored slice among the images of its stack, from 1, and how many there are.

    Axial images count from the head to the feet; others as they are stored.
    """
    count = geometry.shape_kji[0]
    from_feet = geometry.axis_of(2) == 2 and float(geometry.directions[2, 2]) > 0
    return (count - slice_k if from_feet else slice_k + 1), count


def place_of(finding: Finding) -> Sentence:
    """Where a finding lies: in words where they are known, else in patient mm."""
    if finding.place is not None:
        return finding.place
    x, y, z = place_letters_mm(finding.measures.centre_lps_mm)
    return sentence("finding.place-mm", x=x, y=y, z=z)
