"""Folders of splits and classes are recognised, and files that are no radiographs skipped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from pneumoscope.dataset import ScanSettings, prepare, scan
from pneumoscope.errors import DataError
from pneumoscope.types import Geometry, Split
from tests.conftest import encoded, picture

NAMES = {
    Split.TRAIN: ("train", "Training", "TRAIN_DATA", "training set", "trn"),
    Split.VAL: ("val", "valid", "Validation", "dev", "val_images"),
    Split.TEST: ("test", "Testing", "TestSet", "evaluation", "hold-out", "test_2"),
}


def fill(root: Path, *folders: str, images: int = 2) -> Path:
    for folder in folders:
        for number in range(images):
            path = root / folder / f"{folder.replace('/', '-')}-{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(picture(seed=number)))
    return root


@pytest.mark.parametrize("split", Split)
def test_usual_names_of_splits(split: Split, tmp_path: Path) -> None:
    for name in NAMES[split]:
        images = scan(fill(tmp_path / name, f"{name}/NORMAL", f"{name}/PNEUMONIA"))
        assert {record.split for record in images.records} == {split}
        assert images.classes == ("NORMAL", "PNEUMONIA")
        assert any(f"{name} ({split})" in notice.text for notice in images.notices)


def test_splits_within_classes(tmp_path: Path) -> None:
    folders = [f"{c}/{s}" for c in ("NORMAL", "PNEUMONIA") for s in ("train", "Testing")]
    images = scan(fill(tmp_path, *folders, images=3))
    assert Counter(r.split for r in images.records) == {Split.TRAIN: 6, Split.TEST: 6}
    assert any(n.text.startswith("Splits: folders within classes") for n in images.notices)
    assert not images.doubts
    fill(tmp_path, "NORMAL")
    assert any("others do not" in doubt.text for doubt in scan(tmp_path).doubts)


def test_classes_beside_a_test_folder(tmp_path: Path) -> None:
    images = scan(fill(tmp_path, "NORMAL", "PNEUMONIA", "test/NORMAL", "test/PNEUMONIA", "notes"))
    assert Counter(r.split for r in images.records) == {None: 4, Split.TEST: 4}
    assert any("notes is not one of the splits" in doubt.text for doubt in images.doubts)


def test_splits_of_other_names_are_asked_about(tmp_path: Path) -> None:
    splits, classes = ("treino", "validação", "teste"), ("NORMAL", "PNEUMONIA")
    root = fill(tmp_path / "splits", *(f"{s}/{c}" for s in splits for c in classes))
    assert any(
        "hold folders of the same names, as splits do" in doubt.text for doubt in scan(root).doubts
    )
    views = fill(tmp_path / "views", *(f"{c}/{v}" for c in classes for v in ("AP", "PA")))
    assert not scan(views).doubts
    assert not scan(fill(tmp_path / "plain", *classes)).doubts


def test_splits_of_no_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without classes in them"):
        scan(fill(tmp_path, "train", "test"))


STEPPED_OVER = (
    "NORMAL/masks",
    "PNEUMONIA/lung_masks",
    "PNEUMONIA/annotations",
    "PNEUMONIA/Máscaras",
    "NORMAL/@eaDir/a.png",
    "$RECYCLE.BIN/S-1-5",
    "System Volume Information",
    "#recycle",
    "__MACOSX/NORMAL",
    "masks",
)


def test_folders_without_radiographs_are_skipped_and_counted(tmp_path: Path) -> None:
    root = fill(tmp_path, "NORMAL/images", "PNEUMONIA/images", *STEPPED_OVER)
    (root / "NORMAL" / "images" / "scan.png").write_bytes(encoded(picture()))
    (root / "NORMAL" / "images" / "scan_mask.png").write_bytes(encoded(picture()))
    (root / "NORMAL" / "images" / "mask_scan.png").write_bytes(encoded(picture()))
    (root / "NORMAL" / "labels.csv").write_text("a,b")
    images = scan(root)
    assert len(images.records) == 5
    assert images.classes == ("NORMAL", "PNEUMONIA")
    told = " ".join(map(str, images.notices))
    assert "masks and the like: 12 files" in told
    assert "left behind by systems: 10 files" in told
    assert "no images: 1 files, labels.csv" in told
    assert "NORMAL/images 3" in told


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    root = fill(tmp_path / "data", "NORMAL", "PNEUMONIA")
    fill(tmp_path, "elsewhere", images=4)
    (root / "NORMAL" / "more").symlink_to(tmp_path / "elsewhere")
    (root / "NORMAL" / "again").symlink_to(tmp_path / "elsewhere")
    (root / "PNEUMONIA" / "up").symlink_to(root)
    images = scan(root)
    assert Counter(record.label for record in images.records) == {0: 6, 1: 2}
    assert any("Links to folders, followed: again" in notice.text for notice in images.notices)
    assert any("more, up" in doubt.text for doubt in images.doubts)


def test_an_error_carries_what_was_understood(tmp_path: Path) -> None:
    root = fill(tmp_path, "Training/NORMAL", "Training/PNEUMONIA", "other/NORMAL", images=1)
    with pytest.raises(DataError, match="too few patients") as caught:
        prepare(root, tmp_path / "out", geometry=Geometry(32, 32))
    told = " ".join(map(str, caught.value.notices))
    assert "Training (train)" in told
    assert "other is not one of the splits" in told


def test_a_doubt_is_an_error_if_strict(tmp_path: Path) -> None:
    root = fill(tmp_path, "bacterial", "viral")
    (doubt,) = scan(root).doubts
    assert "'bacterial', the first in the alphabet, is taken for the reference" in doubt.text
    with pytest.raises(DataError, match="in doubt how") as caught:
        scan(root, ScanSettings(strict=True))
    assert caught.value.code == "data-in-doubt"
    assert caught.value.values == {"doubts": ("reference-by-alphabet",)}
    images = scan(root, ScanSettings(("bacterial",), strict=True))
    assert images.classes == ("viral", "bacterial")
    assert not images.doubts


def test_classes_in_the_order_of_a_model(tmp_path: Path) -> None:
    images = scan(fill(tmp_path, "bacterial", "viral"))
    turned = images.ordered_as(("VIRAL", "bacterial"))
    assert turned.classes == ("VIRAL", "bacterial")
    assert [record.label for record in turned.records] == [1, 1, 0, 0]
    assert not turned.doubts
    assert {n.code for n in images.notices} - {n.code for n in turned.notices} == {
        "classes",
        "reference-by-alphabet",
    }
    assert images.ordered_as(("viral", "other")) is images
