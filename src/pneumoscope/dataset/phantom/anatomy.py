"""The chest of a phantom: the brightness of each part of it on a radiograph.

Lengths are in body units and brightness is a fraction of the full scale, both set by eye against
frontal radiographs of young children.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pneumoscope.dataset.phantom.canvas import Canvas, Layer, Points
from pneumoscope.dataset.phantom.patient import PhantomPatient

SIDES = (-1, 1)
_RIB_PAIRS = 10


@dataclass(frozen=True)
class Thorax:
    """A chest before exposure, as three layers, float32 (height, width).

    Attributes:
        tissue: brightness of everything but the air, about 0 to 1.
        air: fraction of air in the lungs at each pixel, in [0, 1].
        lungs: part of the lungs that neither heart nor diaphragm covers, in [0, 1].
    """

    tissue: Layer
    air: Layer
    lungs: Layer


def draw_thorax(canvas: Canvas, patient: PhantomPatient) -> Thorax:
    """Draws the chest of a phantom without pneumonia."""
    rng = np.random.default_rng(patient.seed)
    heart = canvas.fill([_heart(patient)], 0.015)
    abdomen = canvas.fill([_abdomen(patient)], 0.012)
    lungs = canvas.fill([_lung(patient, side) for side in SIDES], 0.012)
    lungs *= (1 - 0.93 * heart) * (1 - 0.9 * abdomen)
    vessels = canvas.stroke(_vessels(rng, patient), 0.01) * patient.vascularity
    spine = canvas.fill([_spine(patient)], 0.03)
    tissue = (
        0.03
        + _soft_tissue(canvas, patient)
        + np.maximum(0.1 * heart, 0.19 * abdomen)
        + 0.1 * spine * (1 - 0.5 * abdomen)
        + _bones(canvas, patient) * (1 - 0.6 * abdomen)
        - 0.09 * canvas.stroke([(_curve((0, -0.8), (0.02, 0), (0.03, 0.42)), 0.13)], 0.03)
        - _stomach(canvas, patient, rng)
        + _nipples(canvas, patient, rng)
    )
    return Thorax(tissue, lungs * np.clip(1 - 0.5 * vessels, 0, 1), lungs)


def _curve(*points: tuple[float, float]) -> Points:
    """Draws the Bezier curve of these control points, as a line of 16 points."""
    line = np.linspace(0, 1, 16)[:, None, None]
    control: Points = np.repeat(np.array(points, float)[None], 16, axis=0)
    while control.shape[1] > 1:
        control = control[:, :-1] * (1 - line) + control[:, 1:] * line
    curve: Points = control[:, 0]
    return curve


def _mirror(points: Points, side: int) -> Points:
    mirrored: Points = points * np.array([side, 1.0])
    return mirrored


def _ellipse(x: float, y: float, across: float, along: float) -> Points:
    turn = np.linspace(0, 2 * np.pi, 40)
    return np.stack([x + across * np.cos(turn), y + along * np.sin(turn)], axis=1)


def _soft_tissue(canvas: Canvas, patient: PhantomPatient) -> Layer:
    flank, low = 1.02 + patient.fat, 2 * patient.lung_height
    trunk = np.array([(0.3, -0.35), (0.85, -0.12), (1.0, 0.1), (flank, 0.5), (flank, low)])
    outline = np.concatenate([trunk, _mirror(trunk, -1)[::-1]])
    arm = np.array([(0.85, 0.12), patient.elbow])
    arms = [(_mirror(arm, side), 0.4 + patient.fat) for side in SIDES]
    neck = np.array([(-0.32, -2), (0.32, -2), (0.36, 0), (-0.36, 0)])
    body = np.maximum(canvas.fill([outline, neck], 0.05), 0.9 * canvas.stroke(arms, 0.05))
    core = canvas.fill([0.85 * outline], 0.2)
    jaw = canvas.fill([_ellipse(0, -0.85, 0.62, 0.58)], 0.03)
    tissue: Layer = 0.33 * body + 0.2 * core + 0.16 * jaw
    return tissue


def _lung(patient: PhantomPatient, side: int) -> Points:
    height = patient.lung_height
    down = np.linspace(0.06, 1, 24) * height
    lateral = np.array([(patient.wall(y) - 0.05, y) for y in down])
    base = np.array([(0.05, height), (0.05, 0.2)])
    tip = _curve((0.12, 0.12), (0.18, -0.02), (0.3, -0.03), (0.33, 0.06))
    return _mirror(np.concatenate([tip, lateral, base]), side)


def _abdomen(patient: PhantomPatient) -> Points:
    height, dome = patient.lung_height, patient.dome
    edges = []
    for side, lift in ((-1, dome + 0.06), (1, dome)):
        top = height - lift
        half = _curve((0.0, top + 0.12), (0.25, top - 0.08), (0.75, top - 0.08), (0.98, height))
        edges.append(_mirror(half, side))
    floor = np.array([(1.1, 2.5 * height), (-1.1, 2.5 * height)])
    return np.concatenate([edges[0][::-1], edges[1], floor])


def _heart(patient: PhantomPatient) -> Points:
    left, right = patient.heart
    height, neck = patient.lung_height, patient.mediastinum
    base = height - patient.dome + 0.1
    outer = _curve(
        (neck, -0.2),
        (neck, 0.35 * height),
        (neck, 0.3 * height),
        (left, 0.55 * height),
        (left * 1.12, 0.85 * height),
        (left * 0.9, base),
    )
    inner = _curve(
        (-right * 0.7, base),
        (-right * 1.4, 0.75 * height),
        (-right, 0.5 * height),
        (-neck * 0.75, 0.35 * height),
        (-neck, 0.1 * height),
        (-neck * 0.8, -0.2),
    )
    return np.concatenate([outer, inner])


def _spine(patient: PhantomPatient) -> Points:
    low = 2.5 * patient.lung_height
    return np.array([(-0.13, -2), (0.13, -2), (0.15, low), (-0.15, low)])


def _bones(canvas: Canvas, patient: PhantomPatient) -> Layer:
    ribs = [_rib(patient, index) for index in range(_RIB_PAIRS)]
    back = [(_mirror(rib, side), 0.065) for rib, _ in ribs for side in SIDES]
    front = [(_mirror(rib, side), 0.055) for _, rib in ribs for side in SIDES]
    discs = np.arange(-0.9, 2 * patient.lung_height, 0.155)
    bodies = [np.array([(-0.12, y), (0.12, y), (0.12, y + 0.11), (-0.12, y + 0.11)]) for y in discs]
    bones: Layer = (
        0.13 * canvas.stroke(back, 0.008, hollow=0.5)
        + 0.07 * canvas.stroke(front, 0.012, hollow=0.3)
        + 0.06 * canvas.fill(bodies, 0.012)
        + 0.14 * canvas.stroke(_shoulder_girdle(patient), 0.012, hollow=0.4)
    )
    return bones


def _rib(patient: PhantomPatient, index: int) -> tuple[Points, Points]:
    """Draws a left rib: the part from the spine to the side, and the part in front of the lung."""
    start = patient.lung_height * (index * 0.118 - 0.04)
    low = start + patient.rib_drop * (0.6 + 0.11 * index)
    edge = patient.wall(low) - 0.02
    back = _curve(
        (0.1, start),
        (0.5 * edge, start - 0.1),
        (0.95 * edge, start),
        (1.04 * edge, 0.4 * start + 0.6 * low),
        (edge, low),
    )
    front = _curve(
        (edge, low), (edge, low + 0.14), (0.6 * edge, low + 0.24), (0.4 * edge, low + 0.42)
    )
    return back, front


def _shoulder_girdle(patient: PhantomPatient) -> list[tuple[Points, float]]:
    rise = 0.08 * patient.arms
    clavicle = _curve((0.14, 0.1), (0.4, -0.02 - rise), (0.6, -0.12 - rise), (0.88, -0.05 - rise))
    humerus = np.array([(0.98, 0.08 - rise), patient.elbow])
    scapula = _curve((0.9, 0.0), (1.1, 0.25), (0.95, 0.55))
    parts = ((clavicle, 0.07), (humerus, 0.13), (scapula, 0.04))
    return [(_mirror(line, side), width) for line, width in parts for side in SIDES]


def _vessels(rng: np.random.Generator, patient: PhantomPatient) -> list[tuple[Points, float]]:
    lines: list[tuple[Points, float]] = []
    for side in SIDES:
        for angle in np.linspace(-1.3, 1.35, 8) + rng.normal(0, 0.15, 8):
            root = np.array([side * rng.uniform(0.16, 0.26), patient.lung_height * 0.47])
            _branch(rng, lines, root, float(angle), side, rng.uniform(0.02, 0.04))
    return lines


def _branch(
    rng: np.random.Generator,
    lines: list[tuple[Points, float]],
    root: Points,
    angle: float,
    side: int,
    width: float,
) -> None:
    """Adds a vessel that leaves `root` at `angle` below the horizontal, and all its branches."""
    heading = angle + rng.normal(0, 0.18, 4).cumsum()
    steps = 0.07 * np.stack([side * np.cos(heading), np.sin(heading)], axis=1)
    line = np.concatenate([root[None], root + steps.cumsum(axis=0)])
    lines.append((line, width))
    if width > 0.01:
        for turn in (rng.uniform(0.1, 0.45), -rng.uniform(0.1, 0.45)):
            _branch(rng, lines, line[-1], float(heading[-1]) + turn, side, width * 0.6)


def _stomach(canvas: Canvas, patient: PhantomPatient, rng: np.random.Generator) -> Layer:
    x, y = rng.uniform(0.35, 0.6), patient.lung_height - patient.dome + rng.uniform(0.12, 0.3)
    bubble = _ellipse(x, y, rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.16))
    return np.float32(rng.uniform(0, 0.16)) * canvas.fill([bubble], 0.025)


def _nipples(canvas: Canvas, patient: PhantomPatient, rng: np.random.Generator) -> Layer:
    y = patient.lung_height * rng.uniform(0.55, 0.72)
    spots = [_ellipse(side * rng.uniform(0.5, 0.62), y, 0.035, 0.035) for side in SIDES]
    return np.float32(max(0.0, rng.uniform(-0.05, 0.06))) * canvas.fill(spots, 0.01)
