"""Files, folders and streams, predicted in one call."""

from __future__ import annotations

import os
import threading
from io import BytesIO
from pathlib import Path

import pytest

from pneumoscope.errors import BundleMissingError, DataError
from pneumoscope.imaging import Source
from pneumoscope.inference import load, predict
from pneumoscope.types import OperatingPoint, Status
from tests.conftest import encoded, picture, write_bundle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "inner").mkdir(parents=True)
    for number, name in enumerate(("inner/b.png", "a.png")):
        (folder / name).write_bytes(encoded(picture(seed=number)))
    (folder / "notes.txt").write_text("text")
    return folder


def test_files_folders_bytes_and_streams_in_order(bundle: Path, folder: Path) -> None:
    data = encoded(picture(seed=7))
    strays: list[Path] = []
    files = [folder, BytesIO(data), Source("bytes", data), str(folder / "none.png")]
    found = list(predict(bundle, files, stray=strays.append))
    names = [str(folder / "a.png"), str(folder / "inner" / "b.png"), "-", "bytes"]
    assert [prediction.path for prediction in found] == [*names, str(folder / "none.png")]
    assert [prediction.status for prediction in found][3:] == [Status.ACCEPTED, Status.ERROR]
    assert found[2].probability == found[3].probability
    assert strays == [folder / "notes.txt"]
    assert found[:2] == list(load(bundle).predict_many([folder / "a.png", folder / "inner/b.png"]))


@pytest.mark.parametrize("kind", [str, Path])
def test_one_image_or_folder_alone(kind: type, bundle: Path, folder: Path) -> None:
    assert len(list(predict(bundle, kind(folder)))) == 2
    assert len(list(predict(bundle, kind(folder / "a.png")))) == 1


def test_a_stream_alone(bundle: Path) -> None:
    (prediction,) = predict(bundle, BytesIO(encoded(picture())))
    assert (prediction.path, prediction.status) == ("-", Status.ACCEPTED)


def test_a_stream_waits_for_its_turn(bundle: Path, folder: Path) -> None:
    stream = BytesIO(encoded(picture()))
    predictions = predict(bundle, [folder / "a.png", stream])
    assert stream.tell() == 0
    assert len(list(predictions)) == 2


def test_a_pipe_is_read(bundle: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writing = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[encoded(picture())])
    writing.start()
    (prediction,) = predict(bundle, [tmp_path / "pipe"])
    writing.join()
    assert (prediction.path, prediction.status) == (str(tmp_path / "pipe"), Status.ACCEPTED)


def test_heatmaps_keep_what_lies_below_a_folder(bundle: Path, folder: Path, tmp_path: Path) -> None:
    found = list(predict(bundle, folder, str(tmp_path / "heat")))
    heat = tmp_path / "heat"
    expected = [heat / "a.png.heatmap.png", heat / "inner" / "b.png.heatmap.png"]
    assert [Path(str(prediction.heatmap)) for prediction in found] == expected
    assert all(path.is_file() for path in expected)


def test_the_options_are_those_of_load(folder: Path, tmp_path: Path) -> None:
    points = (OperatingPoint(), OperatingPoint("screening", 0.1))
    bundle = write_bundle(tmp_path / "bundle", usual=0.0, operating_points=points)
    options = {"operating_point": "screening", "gate": False}
    (one,) = predict(bundle, folder / "a.png", threads=1, **options)
    assert one == load(bundle, **options).predict(folder / "a.png")
    assert (one.operating_point, one.status) == ("screening", Status.ACCEPTED)
    assert next(predict(bundle, folder / "a.png")).status is Status.REFUSED


def test_a_model_that_is_not_there_is_told_before_any_image(folder: Path) -> None:
    with pytest.raises(BundleMissingError):
        predict("nowhere", folder)


def test_a_folder_without_images(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no images in"):
        list(predict(bundle, tmp_path / "empty"))
