"""Folders of the usual layouts are understood, and others refused with a remedy."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pneumoscope.dataset import name_classes, scan
from pneumoscope.errors import DataError, StorageError
from pneumoscope.types import Split
from tests.conftest import save_dicom


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_class_folders(tmp_path: Path) -> None:
    images = scan(touch(tmp_path, "PNEUMONIA/b.png", "NORMAL/a.png", "NORMAL/deeper/c.png"))
    assert images.classes == ("NORMAL", "PNEUMONIA")
    assert [(r.path.name, r.label, r.split) for r in images.records] == [
        ("a.png", 0, None),
        ("c.png", 0, None),
        ("b.png", 1, None),
    ]


def test_published_layout_with_doubled_folder_and_system_files(tmp_path: Path) -> None:
    inner = "chest_xray/chest_xray"
    root = touch(
        tmp_path,
        "__MACOSX/chest_xray/._NORMAL",
        f"{inner}/train/NORMAL/IM-0001-0001.jpeg",
        f"{inner}/train/NORMAL/.DS_Store",
        f"{inner}/train/PNEUMONIA/person1_bacteria_1.jpeg",
        f"{inner}/val/PNEUMONIA/person2_virus_1.jpeg",
        f"{inner}/test/NORMAL/IM-0002-0001.jpeg",
        f"{inner}/chest_xray/train/NORMAL/IM-0001-0001.jpeg",
    )
    images = scan(root)
    assert len(images.records) == 4
    assert [len(images.published(split)) for split in Split] == [2, 1, 1]
    assert [known.name for known in images.attributions] == ["guangzhou"]
    assert any("chest_xray is not one of the splits" in notice.text for notice in images.notices)


def test_train_alone_is_enough(tmp_path: Path) -> None:
    images = scan(touch(tmp_path, "train/a/1.png", "train/b/2.png"))
    assert {record.split for record in images.records} == {Split.TRAIN}


def test_patients_are_told_by_the_name_or_each_file_is_one(tmp_path: Path) -> None:
    names = ("NORMAL/person1_virus_1.jpeg", "NORMAL/person1_virus_2.jpeg", "PNEUMONIA/scan.png")
    images = scan(touch(tmp_path, *names))
    patients = [record.patient for record in images.records]
    assert patients == ["guangzhou virus 1", "guangzhou virus 1", "file PNEUMONIA/scan.png"]
    assert [record.patient_known for record in images.records] == [True, True, False]
    assert any("1 of 3 images" in notice.text for notice in images.notices)


def test_a_source_with_the_name_of_a_known_data_set_is_that_data_set(tmp_path: Path) -> None:
    touch(tmp_path, "a/one.png", "a/two.png", "a/00000013_005.png", "a/person1_virus_1.jpeg")
    manifest = tmp_path / "images.csv"
    manifest.write_text(
        "path,label,source\n"
        "a/one.png,NORMAL,hannover-covid-19\na/two.png,PNEUMONIA,our ward\n"
        "a/00000013_005.png,NORMAL,\na/person1_virus_1.jpeg,PNEUMONIA,guangzhou\n"
    )
    images = scan(manifest)
    known = {each.name: each for each in images.attributions}
    assert set(known) == {"hannover-covid-19", "nih-chestx-ray14", "guangzhou"}
    assert known["hannover-covid-19"].licence == "CC BY 3.0"
    assert images.told_by().startswith("by the file names of NIH ChestX-ray14 and Chest X-Ray")
    assert "(1 of 4 images)" in known["guangzhou"].population
    assert known["guangzhou"].oldest is None  # others are there, of whatever age


def test_thousands_are_set_off_in_what_is_said_of_patients(tmp_path: Path) -> None:
    names = [f"{kind}/{number}.png" for kind in ("NORMAL", "PNEUMONIA") for number in range(600)]
    images = scan(touch(tmp_path, *names))
    assert images.told_by() == "each file for itself 1,200"
    assert any("1,200 of 1,200 images" in notice.text for notice in images.notices)


CLASSES = {
    ("NORMAL", "PNEUMONIA"): ("NORMAL", "PNEUMONIA"),
    ("pneumonia", "Normal"): ("NORMAL", "PNEUMONIA"),
    ("Viral", "normal", "Bacterial"): ("NORMAL", "Bacterial", "Viral"),
    ("cat", "Dog"): ("cat", "Dog"),
    ("Dog", "cat", "dog"): ("cat", "Dog"),
}


@pytest.mark.parametrize("folders", CLASSES)
def test_class_numbers(folders: tuple[str, ...]) -> None:
    assert name_classes(folders).names == CLASSES[folders]


def test_case_of_class_folders_may_differ_between_splits(tmp_path: Path) -> None:
    root = touch(tmp_path, "train/Normal/1.png", "train/PNEUMONIA/2.png", "test/NORMAL/3.png")
    images = scan(root)
    assert images.classes == ("NORMAL", "PNEUMONIA")
    assert [record.label for record in images.records] == [0, 0, 1]


# images of each class, the class that is in doubt
COUNTS: tuple[tuple[dict[str, int], str], ...] = (
    (
        {"NORMAL": 30, "PNEUMONIA": 30, "PNEUMONA": 3},
        "'PNEUMONA' (3 images) is spelt nearly like 'PNEUMONIA' (30)",
    ),
    ({"NORMAL": 30, "PNEUMONIA": 27, "TB": 3}, ""),
    ({"NORMAL": 1, "PNEUMONIA": 30}, ""),  # nothing that it could be a misspelling of
)


@pytest.mark.parametrize(("counts", "words"), COUNTS)
def test_class_of_few_images_may_be_misspelt(
    counts: dict[str, int], words: str, tmp_path: Path
) -> None:
    names = [f"{name}/{number}.png" for name, count in counts.items() for number in range(count)]
    notices = scan(touch(tmp_path, *names)).notices
    doubts = [notice for notice in notices if "misspelt" in notice.text]
    assert len(doubts) == bool(words)
    assert all(words in doubt.text for doubt in doubts)


BAD = {
    "missing": ([], "nowhere", "There is no folder"),
    "a file": (["file"], "file", "is no CSV manifest.*Received an empty file"),
    "empty": ([], "", "too few classes"),
    "one class": (["NORMAL/a.png"], "", "only 'NORMAL'"),
    "second class empty": (["NORMAL/a.png", "PNEUMONIA/.DS_Store"], "", "only 'NORMAL'"),
    "no class folders": (["a.png", "b.png"], "", "Received none"),
}


@pytest.mark.parametrize("case", BAD)
def test_unusable_folders_are_refused(case: str, tmp_path: Path) -> None:
    names, where, reason = BAD[case]
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=reason) as caught:
        scan(tmp_path / where)
    assert caught.value.remedy


@pytest.mark.parametrize("locked", ["", "NORMAL"])
def test_folder_without_permission(
    locked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "NORMAL/a.png", "PNEUMONIA/b.png")

    def refusing(function: Callable[[str], object]) -> Callable[[str], object]:
        def call(path: str) -> object:  # permissions do not bind the root user
            if Path(path) == tmp_path / locked:
                raise PermissionError(13, "Permission denied", str(path))
            return function(path)

        return call

    monkeypatch.setattr(os, "scandir", refusing(os.scandir))
    monkeypatch.setattr(os, "listdir", refusing(os.listdir))
    with pytest.raises(StorageError, match=r"Cannot list .*permission denied"):
        scan(tmp_path)


def test_patients_of_dicom_files_are_told_by_their_headers(tmp_path: Path) -> None:
    save_dicom(tmp_path / "NORMAL" / "1", PatientID="Q4711", PatientName="Doe")
    save_dicom(tmp_path / "NORMAL" / "2", PatientID="Q4711 ")
    save_dicom(tmp_path / "NORMAL" / "3", PatientID="Q4711", IssuerOfPatientID="elsewhere")
    save_dicom(tmp_path / "PNEUMONIA" / "4", PatientID="")
    save_dicom(tmp_path / "PNEUMONIA" / "5")
    whole = (tmp_path / "NORMAL" / "1").read_bytes()
    (tmp_path / "PNEUMONIA" / "6").write_bytes(whole[:200])
    (tmp_path / "PNEUMONIA" / "7").write_bytes(whole[128:])  # without preamble
    (tmp_path / "list.csv").write_text("path,label,patient\nNORMAL/3,N,Q4711\nNORMAL/1,P,\n")
    records = scan(tmp_path).records
    assert [record.patient_known for record in records] == [True] * 3 + [False] * 4
    first, second, third = (record.patient for record in records[:3])
    assert first == second != third
    assert not any("Q4711" in record.patient for record in records)  # Q is in no hash
    listed = scan(tmp_path / "list.csv").records
    assert {record.patient for record in listed} == {first}  # one hospital, two ways in


def test_links_without_end(tmp_path: Path) -> None:
    touch(tmp_path, "NORMAL/a.png", "PNEUMONIA/b.png")
    (tmp_path / "NORMAL" / "up").symlink_to(tmp_path)
    (tmp_path / "PNEUMONIA" / "itself.png").symlink_to("itself.png")
    (tmp_path / "LOOP").symlink_to(tmp_path)
    (tmp_path / "NOTHING").symlink_to("NOTHING")
    images = scan(tmp_path)
    assert images.classes == ("NORMAL", "PNEUMONIA")
    assert [record.path.name for record in images.records] == ["a.png", "b.png", "itself.png"]


def test_a_wrapping_link_without_end(tmp_path: Path) -> None:
    (tmp_path / "again").symlink_to(tmp_path)
    with pytest.raises(DataError, match="too few classes"):
        scan(tmp_path)


def test_links_to_elsewhere_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "store/n/a.png", "data/PNEUMONIA/b.png")
    (tmp_path / "data" / "NORMAL").symlink_to(tmp_path / "store" / "n")
    assert [record.label for record in scan(tmp_path / "data").records] == [0, 1]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    touch(tmp_path, "NORMAL/a.png", "PNEUMONIA/b.png")
    os.mkfifo(tmp_path / "NORMAL" / "pipe")
    assert len(scan(tmp_path).records) == 3
    with pytest.raises(DataError, match="no folder or CSV manifest"):
        scan(tmp_path / "NORMAL" / "pipe")


@pytest.mark.real
def test_real_patients_are_counted_as_documented(real: Path) -> None:
    records = scan(real / "chest_xray").records
    patients = [{r.patient for r in records if r.label == label} for label in (0, 1)]
    assert [len(group) for group in patients] == [1211, 2443]
    assert not patients[0] & patients[1]
    assert sum(record.subgroup == "bacterial" for record in records) == 2530
    assert sum(record.subgroup == "viral" for record in records) == 1345
