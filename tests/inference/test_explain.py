"""Heatmaps: in range, upright, in the right place, one file for each image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib import colormaps
from PIL import Image

from pneumoscope.errors import SettingsError, StorageError
from pneumoscope.imaging import Source
from pneumoscope.inference import load, overlay
from pneumoscope.inference.colours import INFERNO
from pneumoscope.inference.explain import evidence
from pneumoscope.inference.heatmaps import write_heatmaps
from pneumoscope.names import hashed_names
from tests.conftest import encoded, picture, write_bundle


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


def test_colours_are_those_of_matplotlib() -> None:
    assert np.abs(INFERNO - colormaps["inferno"](np.arange(256))[:, :3] * 255).max() <= 0.5


def test_files_are_written_in_the_proportions_of_the_image(bundle: Path, tmp_path: Path) -> None:
    images = [
        Source("a/scan.png", encoded(picture((60, 90)))),
        Source("b/scan.png", encoded(picture((70, 40)))),
        Source("-", encoded(picture((50, 50)))),
        Source("bad.png", b""),
    ]
    records = list(write_heatmaps(load(bundle), images, tmp_path / "out"))
    assert [record.path for record in records] == ["a/scan.png", "b/scan.png", "-", "bad.png"]
    sizes = {}
    for path in (tmp_path / "out").iterdir():
        with Image.open(path) as image:
            sizes[path.name] = image.size
    assert sizes == {
        "scan.png.heatmap.png": (90, 60),
        "scan.png-2.heatmap.png": (40, 70),
        "stdin.heatmap.png": (50, 50),
    }


def test_folder_that_cannot_be_written(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    images = [Source("a.png", encoded(picture()))]
    with pytest.raises(StorageError):
        list(write_heatmaps(load(bundle), images, tmp_path / "file"))


def test_pictures_mirror_the_folders_that_images_are_from(bundle: Path, tmp_path: Path) -> None:
    names = ("A/xray-2.png", "A/xray.png", "B/xray.png", "B/in/1.2.3.7", "B/in/1.2.3.8")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(encoded(picture()))
    roots, out = [tmp_path / "A", tmp_path / "B"], tmp_path / "out"
    images = [tmp_path / name for name in names]
    records = list(write_heatmaps(load(bundle), images, out, roots))
    assert [record.heatmap for record in records] == [
        str(out / f"{name}.heatmap.png") for name in names
    ]
    assert all(Path(str(record.heatmap)).is_file() for record in records)
    alone = list(write_heatmaps(load(bundle), images[3:], tmp_path / "one", roots[1:]))
    assert alone[0].heatmap == str(tmp_path / "one" / "in" / "1.2.3.7.heatmap.png")


def test_no_picture_is_written_twice(bundle: Path, tmp_path: Path) -> None:
    folders = [tmp_path / where / "same" for where in ("x", "y")]
    images = []
    for folder in folders:
        folder.mkdir(parents=True)
        images += [folder / "a.png", folder / "a.png-2"]
        for path in images[-2:]:
            path.write_bytes(encoded(picture()))
    records = list(write_heatmaps(load(bundle), images, tmp_path / "out", folders))
    assert len({record.heatmap for record in records}) == 4


def test_heatmaps_of_other_images_or_models_are_kept(bundle: Path, tmp_path: Path) -> None:
    first, same, other = (tmp_path / name / "a.png" for name in ("first", "same", "other"))
    for seed, path in enumerate((first, same, other)):
        path.parent.mkdir()
        path.write_bytes(encoded(picture(seed=seed // 2)))
    predictor, out = load(bundle), tmp_path / "out"
    for path in (first, same):
        assert [record.heatmap for record in write_heatmaps(predictor, [path], out)] != [None]
    retrained = load(write_bundle(tmp_path / "retrained", seed=1))
    for model, path in ((predictor, other), (retrained, first)):
        with pytest.raises(SettingsError, match="was made of something else"):
            list(write_heatmaps(model, [path], out))


def test_a_heatmap_is_not_laid_over_another_picture(bundle: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("first", "other", "broken", "gone", "last")]
    for path in paths:
        path.write_bytes(encoded(picture()))
    records = write_heatmaps(load(bundle), paths, tmp_path / "out")
    found = [next(records)]
    paths[1].write_bytes(encoded(picture((64, 50), seed=1)))  # read, and not yet drawn
    paths[2].write_bytes(b"no image")
    paths[3].unlink()
    found += records
    assert all(record.label for record in found)
    assert [record.heatmap is not None for record in found] == [True, False, False, False, True]
    assert "other.png has changed since it was predicted" in found[1].warnings[-1].text
    assert [record.warnings[-1].values["error"] for record in found[1:4]] == [
        "image-changed",
        "image-changed",
        "image-missing",
    ]


def test_a_picture_that_has_changed_is_called_by_its_hash_where_names_are(
    bundle: Path, tmp_path: Path
) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("first", "surname")]
    for path in paths:
        path.write_bytes(encoded(picture()))
    with hashed_names():
        records = write_heatmaps(load(bundle), paths, tmp_path / "out")
        found = [next(records)]
        paths[1].write_bytes(encoded(picture((64, 50), seed=1)))
        found += records
    warning = found[1].warnings[-1].text
    assert "has changed since it was predicted" in warning
    assert "surname" not in warning


def test_a_name_that_cannot_be_written_costs_one_picture(bundle: Path, tmp_path: Path) -> None:
    long, other, gone = (tmp_path / name for name in ("n" * 240 + ".png", "z.png", "gone.png"))
    for path in (long, other, gone):
        path.write_bytes(encoded(picture()))
    out = tmp_path / "out"
    (out / "z.png.heatmap.png").mkdir(parents=True)
    records = write_heatmaps(load(bundle), [long, other, gone], out)
    first = next(records)
    gone.unlink()  # read, and not yet drawn
    second, third = records
    assert Path(str(first.heatmap)).is_file()
    for record in (second, third):
        assert record.label
        assert record.heatmap is None
        assert "heatmap was not written" in record.warnings[-1].text
