"""The soft layers of one slice, from the air around the patient to the lungs and what lies between them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from overread.core.geometry import Geometry
from overread.core.sample import body as shapes
from overread.core.sample.body import Field, Person
from overread.core.sample.tubes import Segment, draw

SKIN_HU, FAT_HU, MUSCLE_HU, LUNG_HU = 10.0, -103.0, 54.0, -868.0
LIVER_HU, SPLEEN_HU, STOMACH_HU, HEART_HU = 58.0, 52.0, 34.0, 48.0
GRAVITY_HU = 38.0
TRACHEA = ((1.0, -6.0, 150.0), (1.0, 0.0, 100.0), (0.0, 8.0, 52.0), (-1.0, 12.0, 32.0))
MAIN_BRONCHI = (
    ((-1.0, 12.0, 32.0), (-14.0, 9.0, 18.0), (-26.0, 2.0, 8.0)),
    ((-1.0, 12.0, 32.0), (14.0, 13.0, 20.0), (26.0, 4.0, 12.0)),
)
AORTA = (
    (-8.0, -28.0, -8.0), (-13.0, -30.0, 18.0), (-8.0, -24.0, 42.0), (4.0, -8.0, 54.0), (16.0, 10.0, 54.0),
    (22.0, 26.0, 40.0), (22.0, 36.0, 14.0), (18.0, 41.0, -40.0), (12.0, 42.0, -100.0), (8.0, 40.0, -150.0),
)  # fmt: skip
PULMONARY = ((6.0, -34.0, -6.0), (8.0, -24.0, 18.0), (4.0, -8.0, 22.0))
PULMONARY_BRANCHES = (
    ((4.0, -8.0, 20.0), (-14.0, -6.0, 14.0), (-28.0, -3.0, 7.0)),
    ((6.0, -8.0, 22.0), (18.0, -4.0, 19.0), (28.0, -2.0, 11.0)),
)
CAVA = ((-20.0, -18.0, 110.0), (-22.0, -18.0, 50.0), (-22.0, -14.0, 0.0), (-24.0, -2.0, -30.0))
LOWER_CAVA = ((-24.0, 4.0, -45.0), (-26.0, 12.0, -90.0), (-24.0, 18.0, -150.0))
OESOPHAGUS = ((2.0, 18.0, 140.0), (2.0, 24.0, 40.0), (6.0, 30.0, -40.0), (12.0, 22.0, -95.0))


def put(slice_hu: Field, distance: NDArray[np.floating], hu: NDArray[np.floating] | float, pixel: float) -> None:
    """Lay a shape over a slice: inside it ``hu``, at its rim by coverage."""
    cover = np.clip(0.5 - distance / pixel, 0, 1).astype(np.float32)
    slice_hu += cover * (hu - slice_hu)


def slice_layers(
    hu: Field,
    flat: tuple[Field, Field],
    bent: tuple[Field, Field, Field],
    person: Person,
    pixel: float,
    texture: Field,
    rng: np.random.Generator,
) -> Field:
    """Draw the soft layers of one slice into ``hu``; the answer is how much of each pixel is aerated lung."""
    x, y, z = bent
    table(hu, *flat, person, pixel)
    skin = shapes.body(x, y, z, person)
    put(hu, skin, SKIN_HU, pixel)
    put(hu, skin + 2.0, FAT_HU + 7 * texture, pixel)
    if person.female:
        gland = np.maximum(skin + 9, y + 88 * person.depth)
        put(hu, gland, np.where(texture > 0.2, 32.0, FAT_HU), pixel)
    wall(hu, x, y, z, person, pixel)
    cage = shapes.thorax(x, y, z, person)
    put(hu, cage, 38.0, pixel)
    put(hu, np.maximum(cage + 4, np.abs(x) - 58), -92.0 + 10 * texture, pixel)
    middle(hu, x, y, z, person, pixel)
    below(hu, x, y, z, person, pixel, texture)
    grain = rng.normal(0, 30, hu.shape).astype(np.float32)
    air = np.zeros_like(hu)
    for side in (-1, 1):
        distance = shapes.lung(x, y, z, person, side)
        shade = LUNG_HU + GRAVITY_HU * (y + 20) / 90 + 14 * texture + grain
        oblique = np.clip(1.1 - shapes.fissure(x, y, z, side), 0, 1)
        shade = shade + 150 * oblique
        if side < 0:
            flat_part = np.clip(0.9 - shapes.minor_fissure(x, y, z), 0, 1) * (y < 10)
            shade = shade + 105 * flat_part
        put(hu, distance, shade, pixel)
        air += np.clip(0.5 - distance / pixel, 0, 1)
    vessels_of_the_middle(hu, x, y, z, person, pixel)
    return np.minimum(air, 1.0)


def table(hu: Field, x: Field, y: Field, person: Person, pixel: float) -> None:
    """The patient's table: a curved shell with a core of foam under the back."""
    _a, deep = shapes.thorax_axes(0.0, person)
    top = float(deep) + 20 + person.fat_mm
    curve = y - (top - x**2 / 2600 + 3)
    put(hu, np.maximum(np.abs(curve - 11) - 11, np.abs(x) - 205), -880.0, pixel)
    for edge in (0.0, 22.0):
        put(hu, np.maximum(np.abs(curve - edge) - 1.1, np.abs(x) - 205), 40.0, pixel)


def wall(hu: Field, x: Field, y: Field, z: Field, person: Person, pixel: float) -> None:
    """Muscles of the chest wall with fat between them."""
    a, b = shapes.thorax_axes(z, person)
    upper = np.clip(shapes.rise(z), 0, 1)
    muscle = shapes.oval(x, y - 3, a + 8, b + 7, 2.4)
    for side in (-1, 1):
        spine = shapes.oval(x - side * 27, y - (b + 3), 24.0, 14.0, 2.2)
        blade = shapes.oval(x - side * (a * 0.74), y - b * 0.62, 30.0 * upper + 6, 20.0 * upper + 4, 2.0)
        front = shapes.oval(x - side * 56, y + b + 4, 44.0, 8.0 + 9 * upper, 2.2)
        side_wall = shapes.oval(x - side * (a + 8), y - 20, 9.0, 40.0, 2.0)
        for part in (spine, blade + np.where(upper > 0.25, 0, 40), front + np.where(upper > 0.35, 0, 40), side_wall):
            muscle = np.minimum(muscle, part)
    angle = np.arctan2(y, x)
    planes = np.abs(np.sin(5 * angle + 0.09 * np.sqrt(x * x + y * y)))
    put(hu, muscle, np.where(planes < 0.07, -45.0, MUSCLE_HU), pixel)


def middle(hu: Field, x: Field, y: Field, z: Field, person: Person, pixel: float) -> None:
    """Heart in its fat, with four chambers, its tip to the patient's left."""
    size = person.heart
    pericardium = shapes.ball(x, y, z, (20.0, -30.0, -46.0), (56 * size, 46 * size, 50 * size))
    put(hu, pericardium, -80.0, pixel)
    wall_of_left = shapes.ball(x, y, z, (36.0, -32.0, -56.0), (40 * size, 32 * size, 34 * size))
    wall_of_right = shapes.ball(x, y, z, (-2.0, -32.0, -44.0), (34 * size, 34 * size, 40 * size))
    put(hu, np.minimum(wall_of_left, wall_of_right), HEART_HU, pixel)
    for centre, half in (
        ((38.0, -32.0, -57.0), (28.0, 19.0, 22.0)),
        ((8.0, -46.0, -56.0), (26.0, 14.0, 24.0)),
        ((-20.0, -28.0, -42.0), (15.0, 20.0, 27.0)),
        ((10.0, -8.0, -30.0), (25.0, 15.0, 18.0)),
    ):
        reach = (half[0] * size, half[1] * size, half[2] * size)
        put(hu, shapes.ball(x, y, z, centre, reach), person.blood_hu, pixel)


def below(hu: Field, x: Field, y: Field, z: Field, person: Person, pixel: float, texture: Field) -> None:
    """Under the domes: liver right, stomach with its bubble in front and spleen behind on the left, fat between."""
    cage = shapes.thorax(x, y, z, person) + 5
    under = np.where(x < 0, z - shapes.dome(x, y, person, -1) + 3, z - shapes.dome(x, y, person, 1) + 3) * 0.75
    room = np.maximum(cage, under)
    put(hu, room, -95.0 + 8 * texture, pixel)
    liver = np.maximum(room, x - 32 + 0.35 * (y + 60))
    put(hu, liver, LIVER_HU + 4 * texture, pixel)
    stomach = np.maximum(room, shapes.ball(x, y, z, (58.0, -22.0, -108.0), (38.0, 40.0, 52.0)))
    put(hu, stomach, MUSCLE_HU, pixel)
    put(hu, stomach + 3.5, np.where(y < -34, -985.0, STOMACH_HU), pixel)
    spleen = np.maximum(room, shapes.ball(x, y, z, (84.0, 42.0, -112.0), (28.0, 40.0, 46.0)))
    put(hu, spleen, SPLEEN_HU + 3 * texture, pixel)


def near(x: Field, y: Field, z: Field, points: Sequence[tuple[float, float, float]]) -> Field:
    """Distance from a chain of straight pieces, in mm."""
    best = np.full_like(x, 1e6)
    for start, end in pairwise(points):
        along = np.subtract(end, start).astype(np.float32)
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        t = np.clip((dx * along[0] + dy * along[1] + dz * along[2]) / float(along @ along), 0, 1)
        distance = np.sqrt((dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 + (dz - t * along[2]) ** 2)
        best = np.minimum(best, distance)
    return best


def vessels_of_the_middle(hu: Field, x: Field, y: Field, z: Field, person: Person, pixel: float) -> None:
    """Great vessels, oesophagus, trachea and main bronchi."""
    put(hu, near(x, y, z, OESOPHAGUS) - 7, 36.0, pixel)
    for points, radius in ((AORTA, 14.0), (PULMONARY, 13.0), (CAVA, 9.5), (LOWER_CAVA, 11.0)):
        put(hu, near(x, y, z, points) - radius - 1.2, 42.0, pixel)
        put(hu, near(x, y, z, points) - radius, person.blood_hu, pixel)
    for points in PULMONARY_BRANCHES:
        put(hu, near(x, y, z, points) - 9.0, person.blood_hu, pixel)
    for points, radius in ((TRACHEA, 8.5), (MAIN_BRONCHI[0], 6.5), (MAIN_BRONCHI[1], 5.8)):
        distance = near(x, y, z, points)
        put(hu, distance - radius - 1.6, 40.0, pixel)
        put(hu, distance - radius, -990.0, pixel)


def airways(volume: NDArray[np.float32], geometry: Geometry, bronchi: Sequence[Segment]) -> None:
    """Bronchi in the lungs: a wall, then the air in it; thin walls are only a veil."""
    wide = [segment for segment in bronchi if segment.wide > 1.0]
    for segment in wide:
        wall_hu = -80.0 if segment.wide > 3 else -420.0
        draw(
            volume, geometry, [Segment(segment.start, segment.end, segment.wide + 0.8, segment.narrow + 0.7)], wall_hu
        )
    draw(volume, geometry, wide, -985.0, brighten=False)
