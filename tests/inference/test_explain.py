"""Heatmaps and overlays: in range, in the right place, in colours that anybody can read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib import colormaps

from pneumoscope.inference import overlay
from pneumoscope.inference.colours import INFERNO
from pneumoscope.inference.explain import evidence, layer


@given(arrays.arrays(np.float32, (3, 4), elements=st.floats(-1e6, 1e6, width=32)))
def test_evidence_is_in_range(class_map: np.ndarray) -> None:
    heat = evidence(class_map)
    assert heat.min() >= 0
    assert heat.max() in (0.0, 1.0)
    assert ((heat > 0) <= (class_map > 0)).all()


def test_overlay_colours_only_where_there_is_evidence() -> None:
    image = np.full((80, 60), 100, np.uint8)
    heatmap = np.zeros((4, 3), np.float32)
    heatmap[0, 2] = 1.0
    mixed = overlay(image, heatmap)
    assert mixed.shape == (80, 60, 3)
    assert mixed.dtype == np.uint8
    assert (mixed[60:, :20] == 100).all()
    red, green, blue = mixed[5, 55].astype(int)
    assert red > blue + 30
    assert green > blue + 30


def test_overlay_shows_nothing_where_nothing_is_known() -> None:
    image = np.full((8, 8), 100, np.uint8)
    assert (overlay(image, np.full((2, 2), np.nan, np.float32)) == 100).all()


def test_the_layer_over_the_radiograph_is_the_overlay() -> None:
    draw = np.random.default_rng(0)
    image = draw.integers(0, 256, (90, 70), dtype=np.uint8)
    heatmap = draw.random((5, 4), dtype=np.float32)
    alone = layer(heatmap, image.shape)
    assert alone.shape == (90, 70, 4)
    opacity = alone[..., 3:] / 255
    laid = ((1 - opacity) * image[..., np.newaxis] + opacity * alone[..., :3]).round()
    assert np.abs(laid - overlay(image, heatmap)).max() <= 1


def test_colours_are_those_of_matplotlib() -> None:
    assert np.abs(INFERNO - colormaps["inferno"](np.arange(256))[:, :3] * 255).max() <= 0.5


def test_colours_rise_in_lightness_so_that_they_read_in_grey() -> None:
    strip = np.linspace(0, 1, 256, dtype=np.float32)[np.newaxis]
    luma = overlay(np.zeros((1, 256), np.uint8), strip) @ np.array([0.299, 0.587, 0.114])
    assert (np.diff(luma[0]) > -1).all()
    assert luma[0, -1] > luma[0, 0] + 100
