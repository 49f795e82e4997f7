"""Preparation: each file is read once, bad ones are reported, interruptions survived."""

from __future__ import annotations

import csv
import errno
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.dataset import (
    LeftOut,
    SplitSettings,
    ensure_prepared,
    is_prepared,
    prepare,
    read_images,
    read_prepared,
)
from pneumoscope.dataset import prepare as prepare_function
from pneumoscope.errors import DataError, StorageError
from pneumoscope.files import sha256_of
from pneumoscope.imaging import load_pixels, read_bytes
from pneumoscope.types import Geometry, Split
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom

SMALL = Geometry(32, 32)
MODULE = prepare_function.__module__


def test_prepared_folder_holds_every_image_at_its_size(phantoms: Path, tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    prepared = prepare(
        phantoms, tmp_path / "out", geometry=SMALL, progress=lambda *call: calls.append(call)
    )
    sources = sorted(phantoms.rglob("*.png"))
    assert len(prepared.images.records) == len(sources)
    assert calls[-1] == (len(sources), len(sources))
    with (tmp_path / "out" / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path = tmp_path / "out" / row["image"]
        assert path.parent == tmp_path / "out" / row["split"] / row["class"]
        source = read_bytes(Path(row["source"]))
        assert row["sha256"] == source.sha256
        with Image.open(path) as image:
            assert image.mode == "L"
            assert (np.asarray(image) == load_pixels(source, SMALL)).all()


def test_reading_back_gives_the_same_set(phantoms: Path, tmp_path: Path) -> None:
    prepared = prepare(phantoms, tmp_path / "out", geometry=SMALL)
    again = read_prepared(tmp_path / "out")
    assert again == prepared
    assert again.geometry == SMALL
    assert read_images(tmp_path / "out", SMALL) == prepared.images
    assert sum(sum(again.count(split).values()) for split in Split) == len(again.images.records)
    assert [known.name for known in again.images.attributions] == ["phantom"]


@pytest.mark.parametrize(("last", "views"), [("PA", {"AP": 3, "PA": 1}), ("", {})])
def test_views_are_kept_where_all_headers_say_them(
    last: str, views: dict[str, int], tmp_path: Path
) -> None:
    for number, view in enumerate(("AP", "AP", "AP", last)):
        path = tmp_path / "data" / ("NORMAL", "PNEUMONIA")[number % 2] / f"{number}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = picture((64, 64), number)
        path.write_bytes(dicom(pixels, PatientID=f"P{number}", ViewPosition=view))
    settings = SplitSettings(1, 0.5, 0)
    prepared = prepare(tmp_path / "data", tmp_path / "out", geometry=SMALL, split=settings)
    assert prepared.views == read_prepared(tmp_path / "out").views == views


def test_default_output_is_a_cache_that_is_found_again(phantoms: Path) -> None:
    first = prepare(str(phantoms), geometry=SMALL)
    assert prepare(phantoms, geometry=SMALL).root == first.root
    assert prepare(phantoms, geometry=SMALL, split=SplitSettings(2)).root != first.root


def test_interrupted_it_goes_on(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"

    def stop_early(done: int, total: int) -> None:
        if done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(phantoms, out, geometry=SMALL, progress=stop_early)
    assert is_prepared(out)
    with pytest.raises(DataError, match="not finished"):
        read_prepared(out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    assert len(before) >= 10
    prepared = prepare(phantoms, out, geometry=SMALL)
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(prepared.images.records) == len(list(phantoms.rglob("*.png")))


def test_run_again_it_follows_the_source(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=8, PNEUMONIA=8)
    first = prepare(data, tmp_path / "out", geometry=SMALL)
    (data / "NORMAL" / "3.png").write_bytes(encoded(picture(seed=99)))
    (data / "PNEUMONIA" / "9.png").write_bytes(encoded(picture(seed=98)))
    second = prepare(data, tmp_path / "out", geometry=SMALL)
    assert second.fingerprint != first.fingerprint
    written = set((tmp_path / "out").rglob("*.png"))
    assert written == {record.path for record in second.images.records}
    assert len(written) == 17


BAD_FILES = {
    "zero.jpeg": b"",
    "text.png": b"this is no image",
    "cut.jpeg": encoded(picture(), "JPEG")[:400],
    "dot.png": encoded(picture((1, 1))),
    "blank.png": encoded(np.zeros((64, 64), np.uint8)),
}


def test_bad_files_are_reported_and_left_out(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=16, PNEUMONIA=6)
    for name, content in BAD_FILES.items():
        (data / "NORMAL" / name).write_bytes(content)
    prepared = prepare(data, tmp_path / "out", geometry=SMALL)
    assert len(prepared.images.records) == 22
    assert {Path(file.source).name for file in prepared.left_out} == set(BAD_FILES)
    assert all(Path(file.source).name in file.reason for file in prepared.left_out)
    with (tmp_path / "out" / "left_out.csv").open(newline="") as file:
        listed = {Path(row["source"]).name: row["code"] for row in csv.DictReader(file)}
    assert listed == {Path(file.source).name: file.code for file in prepared.left_out}
    assert (listed["dot.png"], listed["blank.png"]) == ("image-too-small", "image-blank")


def test_similar_names_do_not_overwrite_each_other(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=6, PNEUMONIA=6)
    (data / "NORMAL" / "again").mkdir()
    for name in ("again/0.png", "0.jpeg", "odd\nname é.png"):
        (data / "NORMAL" / name).write_bytes(encoded(picture(seed=len(name))))
    prepared = prepare(data, tmp_path / "out", geometry=SMALL)
    assert len({record.path for record in prepared.images.records}) == 15
    assert read_prepared(tmp_path / "out") == prepared


def test_a_class_without_readable_images_is_refused(
    class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=6, PNEUMONIA=6)
    for path in (data / "PNEUMONIA").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"No readable image of class 'PNEUMONIA'.*6 files"):
        prepare(data, tmp_path / "out", geometry=SMALL)


def test_other_settings_in_the_same_folder_are_refused(phantoms: Path, tmp_path: Path) -> None:
    prepare(phantoms, tmp_path / "out", geometry=SMALL)
    with pytest.raises(DataError, match="another geometry"):
        prepare(phantoms, tmp_path / "out", geometry=Geometry(64, 64))
    with pytest.raises(DataError, match="another split"):
        prepare(phantoms, tmp_path / "out", geometry=SMALL, split=SplitSettings(5))


def test_folder_with_something_else_in_it(phantoms: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        prepare(phantoms, tmp_path, geometry=SMALL)
    assert (tmp_path / "diary.txt").read_text() == "mine"


def test_prepared_data_must_have_the_size_that_is_asked_for(phantoms: Path, tmp_path: Path) -> None:
    prepared = prepare(phantoms, tmp_path / "out", geometry=SMALL)
    same = ensure_prepared(prepared.root, geometry=SMALL, split=SplitSettings(9))
    assert same == prepared
    with pytest.raises(DataError, match="another image size"):
        ensure_prepared(prepared.root, geometry=Geometry(), split=SplitSettings())


@pytest.mark.parametrize("broken", ["manifest.csv", "left_out.csv", "dataset.json"])
def test_an_incomplete_prepared_folder(broken: str, phantoms: Path, tmp_path: Path) -> None:
    prepare(phantoms, tmp_path / "out", geometry=SMALL)
    if broken == "dataset.json":
        (tmp_path / "out" / broken).write_text("{")
    else:
        (tmp_path / "out" / broken).unlink()
    with pytest.raises(DataError, match="Delete"):
        read_prepared(tmp_path / "out")


def test_prepared_data_is_not_prepared_again(phantoms: Path, tmp_path: Path) -> None:
    prepare(phantoms, tmp_path / "out", geometry=SMALL)
    with pytest.raises(DataError, match="prepared data set already"):
        prepare(tmp_path / "out", tmp_path / "again", geometry=SMALL)


def test_prepared_by_another_version(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(phantoms, tmp_path / "out", geometry=SMALL)
    header = json.loads((tmp_path / "out" / "dataset.json").read_text())
    (tmp_path / "out" / "dataset.json").write_text(json.dumps({**header, "recipe": 0}))
    with pytest.raises(DataError, match=r"another version.*Received 0"):
        read_prepared(tmp_path / "out")


def test_prepared_before_errors_had_codes(phantoms: Path, tmp_path: Path) -> None:
    prepared = prepare(phantoms, tmp_path / "out", geometry=SMALL)
    header = json.loads((tmp_path / "out" / "dataset.json").read_text())
    (tmp_path / "out" / "left_out.csv").write_text("source,reason\na.png,It is broken.\n")
    header["lists"]["left_out.csv"] = sha256_of(tmp_path / "out" / "left_out.csv")
    for kind in ("notices", "doubts"):
        header[kind] = [notice["text"] for notice in header[kind]]
    (tmp_path / "out" / "dataset.json").write_text(json.dumps(header))
    found = read_prepared(tmp_path / "out")
    assert [*map(str, found.images.notices)] == [*map(str, prepared.images.notices)]
    assert {notice.code for notice in found.images.notices} == {"uncoded"}
    assert found.left_out == (LeftOut("a.png", "It is broken."),)


def test_missing_key_in_header(phantoms: Path, tmp_path: Path) -> None:
    prepare(phantoms, tmp_path / "out", geometry=SMALL)
    header = json.loads((tmp_path / "out" / "dataset.json").read_text())
    del header["geometry"]
    (tmp_path / "out" / "dataset.json").write_text(json.dumps(header))
    with pytest.raises(DataError, match="not whole"):
        read_prepared(tmp_path / "out")


def test_a_full_disk_ends_it_and_leaves_no_partial_file(
    phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Image.Image.save

    def save(self: Image.Image, fp: Path, *args: object, **options: object) -> None:
        real(self, fp, *args, **options)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(StorageError, match="disk is full"):
        prepare(phantoms, tmp_path / "out", geometry=SMALL)
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == [
        tmp_path / "out" / "dataset.json"
    ]


def invert(path: Path) -> None:
    with Image.open(path) as image:
        Image.fromarray(255 - np.asarray(image)).save(path)


def swap_classes(path: Path) -> None:
    other = "NORMAL" if path.parent.name == "PNEUMONIA" else "PNEUMONIA"
    path.rename(path.parent.parent / other / path.name)


def add_another(path: Path) -> None:
    path.with_name("extra.png").write_bytes(path.read_bytes())


def add_hidden(path: Path) -> None:
    path.with_name("._extra.png").write_bytes(path.read_bytes())


def drop_last_row(path: Path) -> None:
    manifest = path.parents[2] / "manifest.csv"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))


def swap_patients(path: Path) -> None:
    manifest = path.parents[2] / "manifest.csv"
    manifest.write_text(manifest.read_text().replace(",patient,", ",other,").replace("p", "q"))


DAMAGES: dict[str, Callable[[Path], None]] = {
    "emptied": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "garbage": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50)),
    "inverted": invert,
    "missing": lambda path: path.unlink(),
    "other class": swap_classes,
    "extra": add_another,
    "extra and hidden": add_hidden,
    "fewer rows": drop_last_row,
    "other rows": swap_patients,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_folder_is_refused_then_prepared_again(
    damage: str, phantoms: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    whole = prepare(phantoms, out, geometry=SMALL)
    DAMAGES[damage](whole.images.published(Split.TRAIN)[0].path)
    with pytest.raises(DataError, match=r"out is not whole: .*(changed|missing|not prepared here)"):
        read_prepared(out)
    assert prepare(phantoms, out, geometry=SMALL) == whole
    assert read_prepared(out) == whole


def test_files_of_the_system_are_no_change(phantoms: Path, tmp_path: Path) -> None:
    whole = prepare(phantoms, tmp_path / "out", geometry=SMALL)
    (tmp_path / "out" / "train" / ".DS_Store").write_bytes(b"\0")
    assert read_prepared(tmp_path / "out") == whole


@pytest.mark.parametrize("stage", ["remove_others", "finish"])
def test_killed_while_preparing_again_it_is_not_complete(
    stage: str, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    whole = prepare(phantoms, out, geometry=SMALL)

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[MODULE], stage, die)
        with pytest.raises(SystemExit):
            prepare(phantoms, out, geometry=SMALL)
    with pytest.raises(DataError, match="not finished"):
        read_prepared(out)
    assert prepare(phantoms, out, geometry=SMALL) == whole


def test_a_reader_waits_for_a_process_that_prepares_again(phantoms: Path, tmp_path: Path) -> None:
    """Two trainings on one data set share a folder of the cache."""
    out = tmp_path / "out"
    whole = prepare(phantoms, out, geometry=SMALL)
    readers = []
    with ThreadPoolExecutor() as pool:

        def read_meanwhile(done: int, total: int) -> None:
            if not readers:
                with pytest.raises(KeyError):
                    json.loads((out / "dataset.json").read_bytes())["fingerprint"]
                readers.append(pool.submit(read_prepared, out))

        assert prepare(phantoms, out, geometry=SMALL, progress=read_meanwhile) == whole
    assert [reader.result() for reader in readers] == [whole]


def test_two_processes_that_prepare_the_same_get_the_same(phantoms: Path, tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(prepare, phantoms, tmp_path / "out", geometry=SMALL) for _ in range(3)]
        first, *others = [run.result() for run in runs]
    assert all(other == first for other in others)
