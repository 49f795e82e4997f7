"""Statistics of pixels, and of files at the geometry of a network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pneumoscope.imaging import picture_facts, tabulate_pictures
from pneumoscope.types import Geometry
from tests.conftest import encoded, picture


def test_facts_by_hand() -> None:
    pixels = np.full((4, 5), 100, np.uint8)
    pixels[:, 0] = 0
    facts = picture_facts(pixels)
    assert facts.brightness == pytest.approx(80)
    assert facts.contrast == pytest.approx(40)
    assert (facts.dark, facts.light) == (0, 100)
    assert facts.black == pytest.approx(0.2)
    assert facts.sharpness == pytest.approx((0 + 25) / 2)  # down, and across: 1 step of 4


def test_steps_down_in_grey_count_as_those_up() -> None:
    pixels = picture((16, 16))
    assert picture_facts(pixels).sharpness == pytest.approx(picture_facts(255 - pixels).sharpness)


def test_files_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(4)]
    for number, path in enumerate(paths[:3]):
        path.write_bytes(encoded(picture((32, 32), seed=number)))
    paths[1].write_text("text")
    columns = tabulate_pictures(paths, Geometry(32, 32))
    expected = [picture((32, 32), seed=number).mean() for number in (0, 2)]
    np.testing.assert_allclose(columns["brightness"], expected)
    assert {len(values) for values in columns.values()} == {2}
