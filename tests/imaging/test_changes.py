"""Every corruption keeps size and result, and changes more of an image the more severe it is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pneumoscope.dataset.phantom import Pattern, draw_phantom, sample_patient
from pneumoscope.errors import SettingsError
from pneumoscope.imaging.changes import CHANGES, SEVERITIES, Change, hide_lungs


@pytest.fixture(scope="module")
def radiograph() -> np.ndarray:
    """A synthetic one, uint8 (224, 224)."""
    rng = np.random.default_rng(5)
    pixels = draw_phantom(rng, sample_patient(rng, 1, Pattern.CONSOLIDATION)).pixels
    return np.asarray(Image.fromarray(pixels).resize((224, 224)))


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_contract(change: Change, radiograph: np.ndarray) -> None:
    before = radiograph.copy()
    before.setflags(write=False)
    changed = [change(before, severity) for severity in SEVERITIES]
    assert all(image.shape == (224, 224) and image.dtype == np.uint8 for image in changed)
    again = [change(before, severity) for severity in SEVERITIES]
    assert np.array_equal(changed, again)
    far = [distance(before, image) for image in changed]
    if change.amounts:
        assert len(change.amounts) == len(SEVERITIES)
        assert far[0] > 0
        assert all(milder < worse for milder, worse in pairwise(far))
        assert len({change.describe(severity) for severity in SEVERITIES}) == len(SEVERITIES)
    else:
        assert len(set(far)) == 1
    assert change(radiograph[:150, :99]).shape == (150, 99)
    assert (before == radiograph).all()


@pytest.mark.parametrize(
    "name", sorted(CHANGES.keys() - {"jpeg", "noise"})
)  # these work on single pixels
def test_the_same_at_any_size(name: str, radiograph: np.ndarray) -> None:
    """The changed image made smaller is the small image changed."""
    change = CHANGES[name]
    small, after = (
        np.asarray(Image.fromarray(image).resize((112, 112), Image.Resampling.BOX))
        for image in (radiograph, change(radiograph))
    )
    assert distance(after, change(small)) < 3.0 < distance(after, small)


@pytest.mark.parametrize("severity", [0, 6])
def test_no_such_severity(severity: int, radiograph: np.ndarray) -> None:
    with pytest.raises(SettingsError, match="Expected 1 to 5"):
        CHANGES["flip"](radiograph, severity)


def dot(y: int, x: int) -> np.ndarray:
    """Black, uint8 (100, 100), with a bright square around (y, x)."""
    pixels = np.zeros((100, 100), np.uint8)
    pixels[y - 2 : y + 3, x - 2 : x + 3] = 255
    return pixels


def centre(pixels: np.ndarray) -> tuple[float, float]:
    """Centre of mass, in pixels."""
    rows, columns = np.indices(pixels.shape)
    return (rows * pixels).sum() / pixels.sum(), (columns * pixels).sum() / pixels.sum()


# where a point at row 30, column 60 of 100 x 100 goes, the middle being 49.5
MOVES = {
    "zoom-in": (49.5 - 19.5 * 1.25, 49.5 + 10.5 * 1.25),
    "zoom-out": (49.5 - 19.5 * 0.8, 49.5 + 10.5 * 0.8),
    "wider": (30, 49.5 + 10.5 * 1.2),
    "taller": (49.5 - 19.5 * 1.2, 60),
    "rotation": (
        49.5 - 19.5 * np.cos(np.pi / 18) - 10.5 * np.sin(np.pi / 18),
        49.5 + 10.5 * np.cos(np.pi / 18) - 19.5 * np.sin(np.pi / 18),
    ),
    "shift": (38, 68),
    "crop": (30.5 / 0.88 - 0.5, (60.5 - 12) / 0.88 - 0.5),
    "flip": (30, 39),
}


@pytest.mark.parametrize("name", MOVES)
def test_geometry_moves_points_where_it_should(name: str) -> None:
    assert centre(CHANGES[name](dot(30, 60))) == pytest.approx(MOVES[name], abs=0.2)


def test_exposure() -> None:
    pixels = np.array([[60, 100, 140]], np.uint8)
    expected = {
        "darker": [22, 62, 102],
        "brighter": [98, 138, 178],
        "low-contrast": [76, 100, 124],
        "high-contrast": [40, 100, 160],
        "low-gamma": [round(255 * (v / 255) ** 0.6) for v in (60, 100, 140)],
        "high-gamma": [round(255 * (v / 255) ** 1.6) for v in (60, 100, 140)],
    }
    for name, greys in expected.items():
        assert CHANGES[name](pixels).tolist() == [greys], name
    assert CHANGES["brighter"](np.array([[250]], np.uint8)).tolist() == [[255]]
    assert CHANGES["darker"](np.array([[5]], np.uint8)).tolist() == [[0]]


def test_noise_is_of_the_image_and_as_strong_as_said() -> None:
    grey = np.full((200, 200), 128, np.uint8)
    noise = CHANGES["noise"](grey).astype(float) - grey
    assert noise.std() == pytest.approx(0.08 * 255, rel=0.02)
    other = CHANGES["noise"](grey + 1).astype(float) - (grey + 1)
    assert np.corrcoef(noise.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=0.05)


def test_blur_spreads_as_far_as_said() -> None:
    line = np.zeros((300, 300), np.uint8)
    line[:, 150] = 255
    profile = CHANGES["blur"](line)[150].astype(float)
    spread = np.sqrt((profile * (np.arange(300) - 150) ** 2).sum() / profile.sum())
    assert spread == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(("name", "black"), [("borders", 1 - 0.8**2), ("corners", 4 * 0.16**2)])
def test_what_is_covered(name: str, black: float) -> None:
    white = np.full((100, 100), 255, np.uint8)
    covered = CHANGES[name](white)
    assert (covered == 0).mean() == pytest.approx(black)
    assert covered[0, 0] == covered[0, -1] == covered[-1, 0] == covered[-1, -1] == 0
    assert covered[50, 50] == 255


def test_hidden_lungs_leave_only_the_rim(radiograph: np.ndarray) -> None:
    hidden = hide_lungs(radiograph)
    inside = hidden[34:190, 27:197]
    assert (inside == 128).all()
    assert inside.size / hidden.size == pytest.approx(0.7 * 0.76, abs=0.01)
    assert (hidden[:33] == radiograph[:33]).all()
    assert (hidden[:, :26] == radiograph[:, :26]).all()
    assert not (radiograph == hidden).all()
