"""The radiograph of a phantom: pose, pneumonia and exposure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pneumoscope.dataset.phantom.anatomy import SIDES, draw_thorax
from pneumoscope.dataset.phantom.canvas import Canvas, Layer
from pneumoscope.dataset.phantom.patient import Pattern, PhantomPatient

# Brightness that lungs full of air take away, as a fraction of the full scale.
_AIR_DEPTH = 0.29


@dataclass(frozen=True)
class Phantom:
    """A synthetic radiograph and its ground truth.

    Attributes:
        pixels: grey levels, uint8 (height, width), bright where little radiation came through.
        lesion: mask of the visible pneumonia, bool (height, width); all false in a healthy chest.
        lungs: mask of the lungs that neither heart nor diaphragm covers, bool (height, width).
        pattern: pattern of the pneumonia.
    """

    pixels: NDArray[np.uint8]
    lesion: NDArray[np.bool_]
    lungs: NDArray[np.bool_]
    pattern: Pattern


def draw_phantom(
    rng: np.random.Generator,
    patient: PhantomPatient,
    *,
    width: int = 400,
    exposure: float = 0.0,
    marker: bool = True,
) -> Phantom:
    """Draws one radiograph of a phantom, upright and in frontal view.

    The pneumonia has a random stream of its own: the same `rng` and the same patient without a
    pattern give the same radiograph without the pneumonia.

    Args:
        rng: random generator of pose, inspiration, texture and noise of this image.
        patient: phantom that the image shows.
        width: width of the image, in pixels; the height follows from the pose.
        exposure: exposure of the image in [-1, 1], from dark to bright.
        marker: True if a letter R is burned in on the patient's right, the viewer's left.
    """
    pose_rng, lesion_rng, film_rng = rng.spawn(3)
    canvas, posed = _pose(pose_rng, patient, width)
    thorax = draw_thorax(canvas, posed)
    extent, opacity = _lesion(canvas, posed, lesion_rng)
    overlay = 0.025 * canvas.noise(film_rng, 0.35)
    light = thorax.tissue + overlay - _AIR_DEPTH * thorax.air * (1 - opacity)
    pixels = _expose(film_rng, canvas, light, exposure)
    lungs = thorax.lungs > 0.5
    return Phantom(
        pixels=_burn_in(film_rng, pixels) if marker else pixels,
        lesion=(extent > 0.5) & lungs,
        lungs=lungs,
        pattern=patient.pattern,
    )


def _pose(
    rng: np.random.Generator, patient: PhantomPatient, width: int
) -> tuple[Canvas, PhantomPatient]:
    """Places the patient on a canvas, with a deeper or shallower inspiration."""
    breath = rng.uniform(0.86, 1.05)
    left, right = patient.heart
    posed = replace(
        patient,
        lung_height=patient.lung_height * breath,
        # A heart pushed up by the diaphragm lies flatter.
        heart=(left / breath**0.5, right / breath**0.5),
        dome=patient.dome + rng.normal(0, 0.015),
    )
    height = round(width / rng.uniform(1.1, 1.45))
    unit = min(width / 2.45, height / (posed.lung_height + 0.45)) * rng.uniform(0.95, 1.05)
    spare = height - posed.lung_height * unit
    origin = (width * rng.normal(0.5, 0.015), spare * rng.uniform(0.4, 0.65))
    return Canvas(height, width, unit, origin, rng.normal(0, 0.04)), posed


def _lesion(
    canvas: Canvas, patient: PhantomPatient, rng: np.random.Generator
) -> tuple[Layer, Layer]:
    """Draws the extent of the pneumonia, and the fraction of air that it replaces, in [0, 1]."""
    if patient.pattern is Pattern.NONE:
        blank = np.zeros((canvas.height, canvas.width), np.float32)
        return blank, blank
    draw = _consolidation if patient.pattern is Pattern.CONSOLIDATION else _interstitial
    extent, texture = draw(canvas, patient, rng)
    strength = patient.strength * rng.uniform(0.85, 1.1)
    return extent, np.clip(strength * extent * texture, 0, 1)


def _consolidation(
    canvas: Canvas, patient: PhantomPatient, rng: np.random.Generator
) -> tuple[Layer, Layer]:
    """Draws one to three fuzzy patches, more often low in the lungs."""
    place = _place_rng(patient)
    patches = []
    for _ in range(place.integers(1, 4)):
        side, depth = int(place.choice(SIDES)), place.triangular(0.2, 0.65, 0.75)
        y = patient.lung_height * depth
        inner = patient.heart[0 if side > 0 else 1] if depth > 0.45 else patient.mediastinum
        x = side * (inner + place.uniform(0.1, 0.7) * (patient.wall(y) - inner))
        radii = (place.uniform(0.25, 0.5), place.uniform(0.25, 0.5))
        patches.append(canvas.distance((x, y), radii))
    lumps = np.minimum.reduce(patches) + 0.22 * canvas.noise(rng, 0.12)
    return _fade(lumps, 7), 1 + 0.15 * canvas.noise(rng, 0.035)


def _interstitial(
    canvas: Canvas, patient: PhantomPatient, rng: np.random.Generator
) -> tuple[Layer, Layer]:
    """Draws a hazy mesh around both hila."""
    place = _place_rng(patient)
    y = patient.lung_height * place.uniform(0.5, 0.65)
    radii = (place.uniform(0.45, 0.65), place.uniform(0.5, 0.75))
    nearest = np.minimum(*(canvas.distance((side * 0.4, y), radii) for side in SIDES))
    mesh = np.exp(-((canvas.noise(rng, 0.06) / 0.7) ** 2))
    texture = 0.6 + 0.6 * mesh + 0.2 * canvas.noise(rng, 0.03)
    return _fade(nearest + 0.2 * canvas.noise(rng, 0.2), 6), texture


def _place_rng(patient: PhantomPatient) -> np.random.Generator:
    """Makes the random generator of the place of the pneumonia, the same for a patient's images."""
    return np.random.default_rng([patient.seed, 1])


def _fade(distance: Layer, steepness: float) -> Layer:
    """Turns distances into a layer that is 1 well inside a distance of one and 0 well outside."""
    falloff: Layer = 0.5 - 0.5 * np.tanh(steepness / 2 * (distance - 1))
    return falloff


def _expose(
    rng: np.random.Generator, canvas: Canvas, light: Layer, exposure: float
) -> NDArray[np.uint8]:
    contrast = rng.uniform(0.92, 1.1)
    tone = np.clip(0.5 + contrast * (light - 0.48), 0, 1) ** math.exp(-0.18 * exposure)
    grey = 255 * tone + 2.5 * (0.3 + tone) * canvas.noise(rng, 0.01)
    pixels: NDArray[np.uint8] = np.clip(grey, 0, 255).astype(np.uint8)
    return pixels


def _burn_in(rng: np.random.Generator, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape
    film = Image.fromarray(pixels)
    corner = (width * rng.uniform(0.02, 0.06), height * rng.uniform(0.04, 0.4))
    font = ImageFont.load_default(max(9.0, width * rng.uniform(0.04, 0.06)))
    ImageDraw.Draw(film).text(corner, "R", fill=245, font=font)
    return np.asarray(film)
