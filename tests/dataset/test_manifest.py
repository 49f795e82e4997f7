"""CSV manifests are read as people write them, and refused where they are wrong."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pneumoscope.dataset import (
    ScanSettings,
    SplitSettings,
    columns,
    is_prepared,
    prepare,
    read_prepared,
    scan,
)
from pneumoscope.dataset import rows as module
from pneumoscope.dataset.manifest import read_manifest
from pneumoscope.dataset.split import divide
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.types import Geometry, Split
from tests.conftest import encoded, picture


@pytest.fixture
def write(tmp_path: Path):
    def call(content: str | bytes) -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return call


TWO = "a.png,NORMAL\nb.png,PNEUMONIA\n"

# One table as different programs write it.
WAYS = {
    "plain": f"path,label\n{TWO}",
    "byte-order mark": f"\ufeffpath,label\n{TWO}",
    "semicolons": f"path,label\n{TWO}".replace(",", ";"),
    "tabs": f"path,label\n{TWO}".replace(",", "\t"),
    "Windows line ends": f"path,label\n{TWO}".replace("\n", "\r\n"),
    "old Mac line ends": f"path,label\n{TWO}".replace("\n", "\r"),
    "no last line end": f"path,label\n{TWO}".rstrip(),
    "empty lines": f"path,label\n\n{TWO}\n,\n\n",
    "case and blanks": "  Path , LABEL\na.png , NORMAL\nb.png,  PNEUMONIA \n",
    "quotation marks": '"path","label"\n"a.png", "NORMAL"\n"b.png","PNEUMONIA"\n',
    "another order": "label,path\nNORMAL,a.png\nPNEUMONIA,b.png\n",
    "an index": "\ufeff,path,label\n0,a.png,NORMAL\n1,b.png,PNEUMONIA\n",
    "dots": "path,label\n./a.png,NORMAL\nx/../b.png,PNEUMONIA\n",
    "commas in a semicolon table": "label,old;path;label\n1,2;a.png;NORMAL\n;b.png;PNEUMONIA\n",
    "short lines": "path,label,patient,split\na.png,NORMAL\nb.png,PNEUMONIA,,\n",
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_table_in_many_ways(way: str, write, tmp_path: Path) -> None:
    images = scan(write(WAYS[way]))
    assert images.root == tmp_path
    assert images.classes == ("NORMAL", "PNEUMONIA")
    assert [(record.path, record.label) for record in images.records] == [
        (tmp_path / "a.png", 0),
        (tmp_path / "b.png", 1),
    ]
    assert not any(record.patient_known or record.split for record in images.records)


def test_every_column_is_read(write) -> None:
    images = scan(
        write(
            "path,label,patient,split,subgroup,Sex,view\n"
            "a.png,normal,P1,Train,,F,PA\n"
            "b.png,Pneumonia,P1,VAL,viral,F,\n"
            "c.png,pneumonia,P2,test,,M,AP\n"
        )
    )
    first, second, third = images.records
    assert images.classes == ("NORMAL", "PNEUMONIA")
    assert [record.split for record in images.records] == list(Split)
    assert first.patient == second.patient != third.patient
    assert all(record.patient_known for record in images.records)
    assert [record.subgroup for record in images.records] == ["", "viral", ""]
    assert [dict(record.groups) for record in images.records] == [
        {"sex": "F", "view": "PA"},
        {"sex": "F"},
        {"sex": "M", "view": "AP"},
    ]


BAD = {
    "empty": ("", "Received an empty file"),
    "blank": (" \n\n", "is no CSV manifest"),
    "header alone": ("path,label\n", "lists no image"),
    "no label column": ("path,class\na.png,NORMAL\n", "no column label. .*Received path, class"),
    "no columns": ("a.png NORMAL\n", "no column path and no column label"),
    "two label columns": ("path,label,LABEL\n", "more than one column label"),
    "an image": (encoded(picture()), "is no CSV manifest.*PNG"),
    "UTF-16": (f"path,label\n{TWO}".encode("utf-16"), "Save it as CSV in UTF-8"),
    "blank label": ("path,label\na.png,NORMAL\nb.png, \n", "row 3 has no label"),
    "no such label": ("path,label\na.png,NaN\n", "row 2 has no label.*Received 'NaN'"),
    "label of another folder": ("path,label\na.png,../up\n", "cannot name a class"),
    "hidden label": ("path,label\na.png,.git\n", "cannot name a class"),
    "label of two lines": ('path,label\na.png,"A\nB"\n', "cannot name a class"),
    "Latin-1 label": ("path,label\na.png,Ödem\n".encode("latin-1"), "cannot name a class"),
    "Latin-1 group": ("path,label,ward\na.png,NORMAL,é\n".encode("latin-1"), "column ward"),
    "blank path": ("path,label\n ,NORMAL\n", "row 2 has no path"),
    "absolute path": ("path,label\n/etc/passwd,NORMAL\n", "leads out of the folder"),
    "path above": ("path,label\nx/../../a.png,NORMAL\n", "leads out of the folder"),
    "its own folder": ("path,label\n.,NORMAL\n", "leads out of the folder"),
    "unknown split": ("path,label,split\na.png,NORMAL,holdout\n", "unknown split.*'holdout'"),
    "two labels": ("path,label\na.png,NORMAL\na.png,PNEUMONIA\n", "row 3 contradicts .*row 2"),
    "two patients": ("path,label,patient\na.png,N,1\n./a.png,N,2\n", "row 3 contradicts"),
    "two splits": ("path,label,split\na.png,N,train\na.png,N,test\n", "row 3 contradicts"),
    "too many cells": ("path,label\na,b.png,NORMAL\n", "row 2 has more cells"),
    "open quotation": ('path,label\n"a.png,NORMAL\n', "is no table"),
    "open quotation in the header": ('"path,label\na.png,NORMAL\n', "no column|is no table"),
    "endless cell": (f"path,label\n{'a' * 200_000},NORMAL\n", "field larger than field limit"),
    "one class": ("path,label\na.png,NORMAL\nb.png,normal\n", "too few classes.*'NORMAL'"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_table_is_refused_with_a_remedy(case: str, write) -> None:
    content, reason = BAD[case]
    with pytest.raises(DataError, match=rf"(?s){reason}") as caught:
        scan(write(content))
    assert caught.value.remedy
    assert str(caught.value).isprintable()


def test_absolute_paths_below_the_manifest_are_read(write, tmp_path: Path) -> None:
    entries, _ = read_manifest(write(f"path,label\n{tmp_path / 'a.png'},NORMAL\n"))
    assert entries[0].path == tmp_path / "a.png"


def test_a_manifest_may_be_given_relative_to_where_one_is(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(f"path,label\n{TWO}")
    monkeypatch.chdir(tmp_path)
    assert [str(record.path) for record in scan(Path("list.csv")).records] == ["a.png", "b.png"]


def test_images_may_lie_below_another_folder(write, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    settings = ScanSettings(root=archive)
    images = scan(write(f"path,label\n{TWO}"), settings)
    assert images.root == archive
    assert [record.path for record in images.records] == [archive / "a.png", archive / "b.png"]
    for path in ("../list.csv", tmp_path / "c.png", "x/../../archive2/a.png"):
        with pytest.raises(DataError, match="leads out of the folder") as caught:
            scan(write(f"path,label\n{path},NORMAL\n{TWO}"), settings)
        assert caught.value.remedy


def test_a_root_that_cannot_be_used_is_refused(write, tmp_path: Path) -> None:
    manifest = write(f"path,label\n{TWO}")
    with pytest.raises(SettingsError, match="is a folder"):
        scan(tmp_path, ScanSettings(root=tmp_path))
    with pytest.raises(SettingsError, match="no folder"):
        scan(manifest, ScanSettings(root=tmp_path / "gone"))


def test_repeated_lines_count_once(write) -> None:
    images = scan(write(f"path,label\n{TWO}./a.png,NORMAL\n"))
    assert len(images.records) == 2
    assert any("1 lines of" in notice.text for notice in images.notices)


def test_a_column_of_many_values_makes_no_subgroups(write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MAX_VALUES", 2)
    rows = "".join(f"{n}.png,{'NP'[n % 2]},{n},{n % 2}\n" for n in range(3))
    images = scan(write("path,label,weight,sex\n" + rows))
    assert [dict(record.groups) for record in images.records] == [
        {"sex": "0"},
        {"sex": "1"},
        {"sex": "0"},
    ]
    assert any(
        "Column weight" in notice.text and "3 different" in notice.text for notice in images.notices
    )


def test_ages_are_grouped(write) -> None:
    ages = ("3", "045Y", "65", "6 months", "")
    rows = "".join(f"{n}.png,{'NP'[n % 2]},{age}\n" for n, age in enumerate(ages))
    images = scan(write("path,label,Age\n" + rows))
    assert [dict(record.groups).get("age") for record in images.records] == [
        "2 to 5",
        "40 to 64",
        "65 and older",
        "0 to 1",
        None,
    ]
    assert all(record.groups for record in images.records[:4])


@pytest.mark.parametrize("name", ["patient_id", "PatientID", "Patient Name", "study uid", "dob"])
def test_what_identifies_somebody_makes_no_subgroups(write, name: str) -> None:
    rows = "a.png,NORMAL,Qz-7\nb.png,PNEUMONIA,Qz-8\n"
    images = scan(write(f"path,label,{name}\n{rows}"))
    assert not any(record.groups for record in images.records)
    (notice,) = [each for each in images.notices if each.code == "column-left-out"]
    assert "identifies" in notice.text
    assert "Qz" not in str(images.notices)


def test_a_word_that_ends_like_an_identifier_is_none(write) -> None:
    images = scan(write("path,label,covid\na.png,NORMAL,yes\nb.png,PNEUMONIA,no\n"))
    assert [dict(record.groups) for record in images.records] == [{"covid": "yes"}, {"covid": "no"}]


def test_size_limit(write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(f"path,label\n{TWO}")
    monkeypatch.setattr(module, "MAX_BYTES", path.stat().st_size)
    assert len(read_manifest(path)[0]) == 2
    monkeypatch.setattr(module, "MAX_BYTES", path.stat().st_size - 1)
    with pytest.raises(DataError, match="too large for a manifest"):
        read_manifest(path)


def test_names_tell_patients_where_no_column_does(write) -> None:
    images = scan(
        write(
            "path,label,patient\n"
            "IM-0001-0001.jpeg,NORMAL,\n"
            "person1_virus_1.jpeg,PNEUMONIA,\n"
            "person2_virus_1.jpeg,PNEUMONIA,Smith\n"
        )
    )
    normal, viral, named = images.records
    assert (normal.patient, viral.patient) == ("guangzhou IM 0001", "guangzhou virus 1")
    assert named.patient.startswith("patient ")
    assert viral.subgroup == named.subgroup == "viral"


def test_a_patient_in_two_splits_is_tested_and_not_trained_on(write) -> None:
    rows = [f"{n}.png,{'NP'[n % 2]},P{n},{'test' if n < 4 else 'train'}" for n in range(24)]
    rows.append("again.png,P,P1,train")
    division = divide(scan(write("path,label,patient,split\n" + "\n".join(rows))), SplitSettings())
    assert "again.png" not in {record.path.name for record in division.records}
    assert any("1 training images are left out" in notice.text for notice in division.notices)


def test_prepared_from_a_manifest(tmp_path: Path) -> None:
    name = b"name\xe9\n2.png".decode("utf-8", "surrogateescape")  # Latin-1, and of two lines
    data = tmp_path / "data"
    data.mkdir()
    lines = ["path,label,patient,sex"]
    for number in range(24):
        file = name if number == 5 else f"{number}.png"
        (data / file).write_bytes(encoded(picture(seed=number)))
        lines.append(f'"{file}",{("NORMAL", "PNEUMONIA")[number % 2]},Secret{number},F')
    lines.append("gone.png,NORMAL,Secret99,M")
    manifest = data / "list.csv"
    manifest.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    assert not is_prepared(manifest)
    prepared = prepare(manifest, tmp_path / "out", geometry=Geometry(32, 32))
    assert len(prepared.images.records) == 24
    assert [Path(file.source).name for file in prepared.left_out] == ["gone.png"]
    assert all(dict(record.groups) == {"sex": "F"} for record in prepared.images.records)
    assert read_prepared(tmp_path / "out") == prepared
    text = (tmp_path / "out" / "manifest.csv").read_bytes()
    assert b"Secret" not in text
    assert name.encode("utf-8", "surrogateescape") in text


def test_the_split_is_the_same_for_every_user(
    write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [f"{n}.png,{'NP'[n % 2]},P{n // 2 * 7919 % 31}" for n in range(80)]
    path = write("path,label,patient\n" + "\n".join(rows))
    first = divide(scan(path), SplitSettings(5)).records
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another user"))
    second = divide(scan(path), SplitSettings(5)).records
    assert [record.split for record in first] == [record.split for record in second]
    assert {record.patient for record in first}.isdisjoint(record.patient for record in second)


CELLS = st.text(st.characters(exclude_characters="\0"), max_size=12)


@given(table=st.lists(st.lists(CELLS, max_size=5), max_size=6), mark=st.sampled_from(",;\t"))
@settings(max_examples=150)
def test_any_table_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], mark: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=mark)
    writer.writerows([["path", "label", "patient", "split", "sex"], *table])
    path = tmp_path_factory.mktemp("any") / "list.csv"
    path.write_text(stream.getvalue(), "utf-8", "surrogatepass", newline="")
    try:
        entries, _ = read_manifest(path)
    except DataError:
        return
    assert all(entry.path.is_relative_to(path.parent) for entry in entries)
    assert len({entry.path for entry in entries}) == len(entries)
    assert all("/" not in entry.class_name for entry in entries)
