"""Pictures of predictions: upright, in proportion, captioned, and one file for each image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.bundle import read_bundle
from pneumoscope.errors import SettingsError, StorageError
from pneumoscope.imaging import Source
from pneumoscope.inference import Explanation, Predictor, ReadImage, load, predict
from pneumoscope.inference.heatmaps import write_heatmaps
from pneumoscope.inference.images import Image as Input
from pneumoscope.inference.shown import show_many
from pneumoscope.names import hashed_names
from pneumoscope.types import Prediction, Status
from tests.conftest import encoded, picture, write_bundle

MARGIN, GAP = 24, 16


class Delayed(Predictor):
    """Reads all images, and lets something happen before the first of them is drawn."""

    def __init__(self, bundle: Path, happen: Callable[[], object]) -> None:
        super().__init__(read_bundle(bundle))
        self._happen = happen

    def explain_many(
        self, images: Iterable[Input | ReadImage], *, withhold: bool = True
    ) -> Iterator[Explanation]:
        explained = list(super().explain_many(images, withhold=withhold))
        self._happen()
        return iter(explained)


def write(
    predictor: Predictor, images: Sequence[Input], folder: Path, roots: Sequence[Path] = ()
) -> Iterator[Prediction]:
    written = write_heatmaps(show_many(predictor, images), predictor, folder, roots)
    return (shown.prediction for shown in written)


def panels(path: Path, size: tuple[int, int]) -> tuple[Image.Image, Image.Image]:
    """Radiograph and overlay, of a size, in the middle of a picture."""
    with Image.open(path) as whole:
        left = (whole.width - 2 * size[0] - GAP) // 2
        boxes = [(x, MARGIN, x + size[0], MARGIN + size[1]) for x in (left, left + size[0] + GAP)]
        first, second = (whole.convert("RGB").crop(box) for box in boxes)
    return first, second


# shape of the image, size of each of the two pictures of it
SHAPES = (
    ((60, 90), (512, 341)),
    ((70, 40), (293, 512)),
    ((1000, 2000), (768, 384)),
    ((300, 60), (102, 512)),
)


@pytest.mark.parametrize(("shape", "size"), SHAPES)
def test_pictures_keep_the_proportions_of_the_image(
    shape: tuple[int, int], size: tuple[int, int], bundle: Path, tmp_path: Path
) -> None:
    rising = np.add.outer(*(np.linspace(0, 100, side) for side in shape)).astype(np.uint8)
    pixels = rising + picture(shape) // 8
    (record,) = predict(bundle, Source("a.png", encoded(pixels)), tmp_path / "out")
    first, second = panels(Path(str(record.heatmap)), size)
    expected = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR)
    for found, least in ((first, 0.95), (second, 0.5)):
        grey = np.asarray(found.convert("L"), float).ravel()
        assert np.corrcoef(grey, np.asarray(expected, float).ravel())[0, 1] > least
    red, green, blue = np.moveaxis(np.asarray(first, int), -1, 0)
    assert (red == green).all()
    assert (green == blue).all()
    assert np.ptp(np.asarray(second, int), axis=-1).max() > 50


def test_a_marker_stays_on_its_side_of_an_image_that_was_stored_turned(
    bundle: Path, tmp_path: Path
) -> None:
    upright = picture((300, 400)) // 4
    upright[20:60, 20:60] = 255  # the marker, on the left of the picture
    exif = Image.Exif()
    exif[274] = 6  # to be turned clockwise to stand upright
    stored = encoded(Image.fromarray(np.rot90(upright)), "JPEG", exif=exif, quality=95)
    (record,) = predict(bundle, Source("a.jpeg", stored), tmp_path / "out")
    for found in panels(Path(str(record.heatmap)), (512, 384)):
        light = np.asarray(found.convert("L"), float)
        assert light[30:72, 30:72].mean() > light[30:72, -72:-30].mean() + 25


def test_a_picture_is_the_same_each_time_and_holds_no_file_name(
    bundle: Path, tmp_path: Path
) -> None:
    data = encoded(picture())
    names = [f"{name}.png" for name in ("a", "Surname-1950", "\N{CJK UNIFIED IDEOGRAPH-80BA}")]
    found = list(predict(bundle, [Source(name, data) for name in names], tmp_path / "out"))
    assert len({Path(str(record.heatmap)).read_bytes() for record in found}) == 1


def test_refused_images_stand_alone_and_unreadable_ones_get_no_picture(tmp_path: Path) -> None:
    model = write_bundle(tmp_path / "b", usual=112.0)
    dark = np.zeros((64, 64), np.uint8)
    dark[:2] = 30
    sources = [Source("dark.png", encoded(dark)), Source("bad.png", b"")]
    refused, bad = predict(model, sources, tmp_path / "out")
    assert (refused.status, bad.status) == (Status.REFUSED, Status.ERROR)
    assert bad.heatmap is None
    with Image.open(str(refused.heatmap)) as found:
        assert np.ptp(np.asarray(found, int)[MARGIN : MARGIN + 512], axis=-1).max() < 5
    (again,) = predict(model, Path(str(refused.heatmap)))
    assert "own-result" in [reason.code for reason in again.reasons]


@pytest.mark.parametrize("name", ["x" * 100, "Neumon\u00eda " * 11, "\u80ba\n" * 30, "a"])
def test_long_and_foreign_names_of_classes_stay_within_the_picture(
    name: str, tmp_path: Path
) -> None:
    model = write_bundle(tmp_path / "b", classes=("Normal", name))
    light = Source("a.png", encoded(picture() // 4 + np.uint8(190)))
    (record,) = predict(model, light, tmp_path / "out", gate=False)
    assert record.label == name
    with Image.open(str(record.heatmap)) as found:
        pixels = np.asarray(found, int)
    ground = pixels[0, 0]
    border = (pixels[:MARGIN], pixels[-MARGIN:], pixels[:, :MARGIN], pixels[:, -MARGIN:])
    assert all((part == ground).all() for part in border)


def test_files_get_names_of_their_own(bundle: Path, tmp_path: Path) -> None:
    names = ("a/scan.png", "b/scan.png", "-", "bad.png")
    images = [Source(name, b"" if name == "bad.png" else encoded(picture())) for name in names]
    records = list(write(load(bundle), images, tmp_path / "out"))
    assert [record.path for record in records] == list(names)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "scan.png.heatmap.png",
        "scan.png-2.heatmap.png",
        "stdin.heatmap.png",
    }


def test_folder_that_cannot_be_written(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    images = [Source("a.png", encoded(picture()))]
    with pytest.raises(StorageError):
        list(write(load(bundle), images, tmp_path / "file"))


def test_pictures_mirror_the_folders_that_images_are_from(bundle: Path, tmp_path: Path) -> None:
    names = ("A/xray-2.png", "A/xray.png", "B/xray.png", "B/in/1.2.3.7", "B/in/1.2.3.8")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(encoded(picture()))
    roots, out = [tmp_path / "A", tmp_path / "B"], tmp_path / "out"
    images = [tmp_path / name for name in names]
    records = list(write(load(bundle), images, out, roots))
    assert [record.heatmap for record in records] == [
        str(out / f"{name}.heatmap.png") for name in names
    ]
    assert all(Path(str(record.heatmap)).is_file() for record in records)
    alone = list(write(load(bundle), images[3:], tmp_path / "one", roots[1:]))
    assert alone[0].heatmap == str(tmp_path / "one" / "in" / "1.2.3.7.heatmap.png")


def test_no_picture_is_written_twice(bundle: Path, tmp_path: Path) -> None:
    folders = [tmp_path / where / "same" for where in ("x", "y")]
    images = []
    for folder in folders:
        folder.mkdir(parents=True)
        images += [folder / "a.png", folder / "a.png-2"]
        for path in images[-2:]:
            path.write_bytes(encoded(picture()))
    records = list(write(load(bundle), images, tmp_path / "out", folders))
    assert len({record.heatmap for record in records}) == 4


def test_heatmaps_of_other_images_or_models_are_kept(bundle: Path, tmp_path: Path) -> None:
    first, same, other = (tmp_path / name / "a.png" for name in ("first", "same", "other"))
    for seed, path in enumerate((first, same, other)):
        path.parent.mkdir()
        path.write_bytes(encoded(picture(seed=seed // 2)))
    predictor, out = load(bundle), tmp_path / "out"
    for path in (first, same):
        assert [record.heatmap for record in write(predictor, [path], out)] != [None]
    retrained = load(write_bundle(tmp_path / "retrained", seed=1))
    for model, path in ((predictor, other), (retrained, first)):
        with pytest.raises(SettingsError, match="was made of something else"):
            list(write(model, [path], out))


def test_a_heatmap_is_not_laid_over_another_picture(bundle: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.png" for name in ("first", "other", "broken", "gone", "last")]
    for path in paths:
        path.write_bytes(encoded(picture()))

    def change() -> None:
        paths[1].write_bytes(encoded(picture((64, 50), seed=1)))
        paths[2].write_bytes(b"no image")
        paths[3].unlink()

    found = list(write(Delayed(bundle, change), paths, tmp_path / "out"))
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
    changed = encoded(picture((64, 50), seed=1))
    with hashed_names():
        predictor = Delayed(bundle, lambda: paths[1].write_bytes(changed))
        found = list(write(predictor, paths, tmp_path / "out"))
    warning = found[1].warnings[-1].text
    assert "has changed since it was predicted" in warning
    assert "surname" not in warning


def test_a_name_that_cannot_be_written_costs_one_picture(bundle: Path, tmp_path: Path) -> None:
    long, other, gone = (tmp_path / name for name in ("n" * 240 + ".png", "z.png", "gone.png"))
    for path in (long, other, gone):
        path.write_bytes(encoded(picture()))
    out = tmp_path / "out"
    (out / "z.png.heatmap.png").mkdir(parents=True)
    first, second, third = write(Delayed(bundle, gone.unlink), [long, other, gone], out)
    assert Path(str(first.heatmap)).is_file()
    for record in (second, third):
        assert record.label
        assert record.heatmap is None
        assert "picture was not drawn" in record.warnings[-1].text
