"""The patient of a file is that of the strongest evidence: column, header, study, name."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.dataset import ImageSet, scan
from pneumoscope.pseudonym import pseudonym
from pneumoscope.types import Evidence
from tests.conftest import save_dicom

# whether a folder is of Guangzhou, its files
FOLDERS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "whole": (
        True,
        (
            "NORMAL/IM-0115-0001.jpeg",
            "NORMAL/NORMAL2-IM-1427-0001.jpeg",
            "PNEUMONIA/person1_bacteria_1.jpeg",
            "PNEUMONIA/person1_virus_6.jpeg",
        ),
    ),
    "the first of each class": (
        True,
        ("NORMAL/IM-0115-0001.jpeg", "NORMAL/IM-0117-0001.jpeg", "PNEUMONIA/person1_virus_6.jpeg"),
    ),
    "normals alone": (
        True,
        ("NORMAL/IM-0115-0001.jpeg", "NORMAL/NORMAL2-IM-1427-0001.jpeg", "COVID/1.png"),
    ),
    "made small, as PNG": (
        True,
        ("NORMAL/IM-0115-0001.png", "PNEUMONIA/PERSON1_VIRUS_6.PNG"),
    ),
    "all in one folder": (
        True,
        ("a/all/IM-0115-0001.jpg", "a/all/person1_virus_6.jpg", "b/all/person2_virus_6.jpg"),
    ),
    "whole, sorted class first": (
        True,
        (
            "NORMAL/train/IM-0115-0001.jpeg",
            "NORMAL/train/IM-0117-0001.jpeg",
            "NORMAL/test/IM-0001-0001.jpeg",
            "PNEUMONIA/train/person1_bacteria_1.jpeg",
            "PNEUMONIA/Testing/person1_virus_6.jpeg",
        ),
    ),
    "such an export, class first, with pneumonias of Guangzhou in another split": (
        False,
        (
            "NORMAL/train/IM-0001-0001.jpeg",
            "NORMAL/test/1.jpeg",
            "PNEUMONIA/train/1.jpeg",
            "PNEUMONIA/test/person1_virus_6.jpeg",
        ),
    ),
    "an export of OsiriX as JPEG": (
        False,
        (
            "NORMAL/Pat1/Chest_1/IM-0001-0001.jpg",
            "NORMAL/Pat2/Chest_4/IM-0004-0001.jpg",
            "PNEUMONIA/Pat3/Chest_1/IM-0001-0001.jpg",
        ),
    ),
    "such an export, flat": (
        False,
        ("NORMAL/IM-0001-0001.jpeg", "NORMAL/IM-0002-0001.jpeg", "PNEUMONIA/IM-0001-0001.jpeg"),
    ),
    "a few of such an export among others": (
        False,
        ("NORMAL/IM-0001-0001.jpeg", *(f"NORMAL/{i}.jpeg" for i in range(20)), "PNEUMONIA/1.jpeg"),
    ),
    "a few of such an export beside pneumonias of Guangzhou": (
        False,
        (
            "NORMAL/IM-0001-0001.jpeg",
            *(f"NORMAL/{i}.jpeg" for i in range(20)),
            "PNEUMONIA/person1_virus_6.jpeg",
        ),
    ),
    "such an export in folders beside normals of Guangzhou": (
        False,
        (
            "NORMAL/ours/Pat1/IM-0001-0001.jpeg",
            "NORMAL/NORMAL2-IM-1427-0001.jpeg",
            "PNEUMONIA/person1_virus_6.jpeg",
        ),
    ),
}


def touch(root: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


@pytest.mark.parametrize("case", FOLDERS)
def test_common_names_count_among_names_of_the_data_set(case: str, tmp_path: Path) -> None:
    known, names = FOLDERS[case]
    images = scan(touch(tmp_path, names))
    common = [record for record in images.records if record.path.name.startswith("IM-")]
    assert {record.evidence for record in common} == {Evidence.NAME if known else Evidence.FILE}
    assert any("as others name theirs too" in notice.text for notice in images.notices) != known


def test_names_of_one_data_set_alone_count_anywhere(tmp_path: Path) -> None:
    names = ("NORMAL/person1_virus_6.jpeg", *(f"PNEUMONIA/{i}.jpeg" for i in range(20)))
    images = scan(touch(tmp_path, names))
    assert images.records[0].patient == "guangzhou virus 1"
    (known,) = images.attributions
    assert known.population.endswith("(1 of 21 images)")
    assert (known.youngest, known.oldest) == (None, None)


def test_file_names_of_a_viewer_do_not_name_the_patient_of_a_dicom_file(tmp_path: Path) -> None:
    for number in range(6):
        for study in range(2):
            folder = tmp_path / ("NORMAL", "PNEUMONIA")[number % 2] / f"P{number}" / str(study)
            save_dicom(folder / f"IM-{study + 1:04}-0001.dcm", PatientID=f"P{number}")
            (folder / "person1_virus_1.jpeg").touch()  # nor do pictures beside it
    images = scan(tmp_path)
    dicom = [record for record in images.records if record.path.suffix == ".dcm"]
    assert {record.patient for record in dicom} == {pseudonym(f"P{n}") for n in range(6)}


def hospital(root: Path, **headers: list[dict[str, str]]) -> ImageSet:
    """Writes a data set of DICOM files with these headers in each class."""
    for name, elements in headers.items():
        for number, each in enumerate(elements):
            save_dicom(root / name / f"{number:03}.dcm", **each)
    return scan(root)


def test_placeholders_are_not_one_patient(tmp_path: Path) -> None:
    names = [{"PatientID": "ANONYMOUS"}] * 4 + [{"PatientID": f"P{n}"} for n in range(8)]
    images = hospital(tmp_path, NORMAL=names, PNEUMONIA=names)
    assert images.evidence()[Evidence.HEADER] == 16
    assert images.evidence()[Evidence.FILE] == 8
    assert len({record.patient for record in images.records}) == 8 + 8
    assert any("in 8 of 24 DICOM files" in notice.text for notice in images.notices)


def test_an_identifier_of_all_images_is_no_patient_and_not_quoted(tmp_path: Path) -> None:
    images = hospital(tmp_path, A=[{"PatientID": "4711"}] * 8, B=[{"PatientID": "4711"}] * 8)
    assert images.evidence()[Evidence.FILE] == 16
    (doubt,) = [n for n in images.notices if "One PatientID" in n.text]
    assert "16 of 16" in doubt.text
    assert "column 'patient'" in doubt.text
    assert not any("4711" in notice.text for notice in images.notices)


def test_a_study_stands_in_for_a_patient_without_identifier(tmp_path: Path) -> None:
    two = [{"PatientID": "", "StudyInstanceUID": f"1.2.{n // 2}"} for n in range(6)]
    images = hospital(tmp_path, A=two, B=[{"StudyInstanceUID": "1.2.9"}, {}])
    assert [record.evidence for record in images.records] == [Evidence.STUDY] * 7 + [Evidence.FILE]
    assert len({record.patient for record in images.records}) == 3 + 1 + 1
    assert any("two studies of one person" in notice.text for notice in images.notices)


def test_a_study_follows_the_one_patient_that_it_names(tmp_path: Path) -> None:
    named = [{"PatientID": f"P{n}", "StudyInstanceUID": f"1.{n}"} for n in range(4)]
    loose = [{"PatientID": "ANON", "StudyInstanceUID": f"1.{n}"} for n in range(5)]
    two = [{"PatientID": f"Q{n}", "StudyInstanceUID": "1.4"} for n in range(2)]
    images = hospital(tmp_path, A=loose, B=named + two)
    found = [record.patient for record in images.records]
    assert found[:4] == found[5:9]
    assert found[4] not in found[9:]  # of two people, either may be it


def test_rows_without_a_patient_follow_the_column(tmp_path: Path) -> None:
    for number, identifier in enumerate(("X", "X", "Y", "Y", "Z", "Z", "")):
        study = f"1.{number // 2}" if number < 6 else "1.0"
        save_dicom(tmp_path / f"{number}.dcm", PatientID=identifier, StudyInstanceUID=study)
    (tmp_path / "list.csv").write_text(
        "path,label,patient\n0.dcm,N,Y\n1.dcm,P,\n2.dcm,N,X\n3.dcm,P,\n4.dcm,N,Z1\n"
        "5.dcm,N,Z2\n6.dcm,P,\n"
    )
    found = [record.patient for record in scan(tmp_path / "list.csv").records]
    assert found == [pseudonym(key) for key in ("Y", "Y", "X", "X", "Z1", "Z2", "Y")]


def test_one_study_of_all_images_stands_in_for_no_patient(tmp_path: Path) -> None:
    same = [{"PatientID": "ANON", "StudyInstanceUID": "1.2.3"}] * 10
    assert hospital(tmp_path, A=same, B=same).evidence()[Evidence.FILE] == 20


def test_identifiers_differ_by_zeros_case_and_issuer(tmp_path: Path) -> None:
    ids = [{"PatientID": i} for i in ("001", "01", "a7", "A7", "7 ", "7", "7\0")]
    other = {"PatientID": "7", "IssuerOfPatientID": "elsewhere"}
    images = hospital(tmp_path, A=ids, B=[other, {"PatientID": "3"}])
    assert len({record.patient for record in images.records}) == 5 + 2


def test_a_column_wins_and_placeholders_in_it_do_not(tmp_path: Path) -> None:
    save_dicom(tmp_path / "1.dcm", PatientID="A17")
    save_dicom(tmp_path / "2.dcm", PatientID="A17")
    save_dicom(tmp_path / "3.dcm", PatientID="A18")
    touch(tmp_path, ("person1_virus_1.jpeg", "person1_virus_2.jpeg", "x.png"))
    (tmp_path / "list.csv").write_text(
        "path,label,patient\n1.dcm,N,B1\n2.dcm,P,\n3.dcm,P,unknown\n"
        "person1_virus_1.jpeg,P,B1\nperson1_virus_2.jpeg,P,nan\nx.png,N,0\n"
    )
    images = scan(tmp_path / "list.csv")
    found = {record.path.name: (record.patient, record.evidence) for record in images.records}
    assert found == {
        "1.dcm": (pseudonym("B1"), Evidence.COLUMN),
        "2.dcm": (pseudonym("B1"), Evidence.HEADER),  # the patient of 1.dcm
        "3.dcm": (pseudonym("A18"), Evidence.HEADER),
        "person1_virus_1.jpeg": (pseudonym("B1"), Evidence.COLUMN),
        "person1_virus_2.jpeg": ("guangzhou virus 1", Evidence.NAME),
        "x.png": (pseudonym("0"), Evidence.COLUMN),
    }
    assert images.records[3].subgroup == "viral"
    assert any("2 lines of the manifest" in notice.text for notice in images.notices)
