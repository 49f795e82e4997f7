"""The page of predictions: a row for each image, safe, small, and never over something else."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pneumoscope.errors import SettingsError, StorageError
from pneumoscope.imaging import Source
from pneumoscope.inference import page, predict
from pneumoscope.names import hashed_names
from pneumoscope.types import RESEARCH_NOTICE
from tests.conftest import encoded, picture, write_bundle
from tests.pages import Reader, require_sound

LIGHT, DARK = (
    np.tile(np.linspace(level - 60, level + 60, 64).astype(np.uint8), (64, 1))
    for level in (145, 110)
)
NASTY = "<script>alert(1)</script>\\n"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Refuses what is far from a mean grey of 128."""
    return write_bundle(tmp_path / "model", usual=128.0)


def rows(text: str) -> list[str]:
    return re.findall(r"<tr class.*?</tr>", text, re.DOTALL)


def write(model: Path, sources: list[Source], path: Path, **options: object) -> str:
    list(predict(model, sources, html=path, **options))
    return path.read_text("utf-8")


def test_each_image_has_a_row_read_or_not(model: Path, tmp_path: Path) -> None:
    black = np.zeros((64, 64), np.uint8)
    black[:2] = 40
    pictures = {"light.png": LIGHT, "dark.png": DARK, "black.png": black}
    sources = [Source(name, encoded(pixels)) for name, pixels in pictures.items()]
    text = write(model, [*sources, Source("broken.png", b"")], tmp_path / "p.html")
    found = require_sound(text, script=True)
    assert "4 images: 1 NORMAL, 1 PNEUMONIA, 1 refused, 1 without a prediction." in found.words
    light, dark, refused, broken = map(Reader, rows(text))
    assert [len(row.all("img")) for row in (light, dark, refused, broken)] == [2, 2, 1, 0]
    assert [row.all("tr")[0]["class"] for row in (light, dark, refused, broken)] == [
        "class-1",
        "class-0",
        "refused",
        "error",
    ]
    assert "threshold 0.500" in light.words
    assert light.all("img")[1]["alt"] == "Evidence for PNEUMONIA"
    assert "Reason: it is " in refused.words
    for row in (refused, broken):
        assert "threshold" not in row.words
        assert {"data-value": ""} in row.all("td")
    assert "broken.png is not an image" in broken.words


@pytest.mark.parametrize("gate", [True, False])
def test_a_gate_that_is_off_is_said(gate: bool, model: Path, tmp_path: Path) -> None:
    text = write(model, [Source("a.png", encoded(LIGHT))], tmp_path / "p.html", gate=gate)
    assert ("It could refuse no image." in text) != gate


def test_the_head_says_what_the_model_is_for_and_how_good(tmp_path: Path) -> None:
    text = write(Path("residual-2"), [Source("a.png", encoded(LIGHT))], tmp_path / "p.html")
    head = Reader(text[text.index("<header>") : text.index("</header>")] + "</header>").words
    for words in (RESEARCH_NOTICE, "images of children aged one to five", "sensitivity is 0.952"):
        assert words in head


def test_groups_can_be_shown_alone(model: Path, tmp_path: Path) -> None:
    sources = [Source(f"{n}.png", encoded(LIGHT)) for n in range(3)]
    text = write(model, sources, tmp_path / "p.html")
    found = require_sound(text, script=True)
    assert [each.get("id") for each in found.all("input")] == [None, "show-class-1"]
    assert "main:has(#show-class-1:checked) tbody tr:not(.class-1)" in text


def test_names_from_strangers_stay_text(tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "b", classes=("<b>Normal</b>", NASTY))
    text = write(model, [Source(NASTY, encoded(LIGHT))], tmp_path / "p.html")
    found = require_sound(text, script=True)
    assert found.text.count(NASTY) > 3


def test_hashed_names(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "Surname.png"
    path.write_bytes(encoded(LIGHT))
    with hashed_names():
        list(predict(model, path, html=tmp_path / "p.html"))
    text = (tmp_path / "p.html").read_text()
    assert "Surname" not in text
    assert re.search(r"file-[0-9a-f]{32}", text)


def test_a_page_of_something_else_is_kept(model: Path, bundle: Path, tmp_path: Path) -> None:
    first, other = tmp_path / "a.png", tmp_path / "b.png"
    for path in (first, other):
        path.write_bytes(encoded(LIGHT))
    place = tmp_path / "p.html"
    before = write(model, [first], place)
    assert write(model, [first], place) == before
    for root, image in ((model, other), (bundle, first)):
        with pytest.raises(SettingsError, match="made of something else"):
            predict(root, image, html=place)
    assert place.read_text() == before


def test_a_place_that_cannot_be_written(model: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is a folder"):
        predict(model, Source("a.png", encoded(LIGHT)), html=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        list(predict(model, Source("a.png", encoded(LIGHT)), html=tmp_path / "file" / "p.html"))


def test_a_page_of_many_images_shows_the_later_ones_small(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "_FULL", 1)
    sources = [Source(f"{n}.png", encoded(picture((600, 500)) // 4 + 150)) for n in range(2)]
    text = write(model, sources, tmp_path / "p.html")
    first, second = map(len, rows(text))
    assert first > 4 * second
    assert "Images after the first 1 are shown small." in require_sound(text, script=True).words
