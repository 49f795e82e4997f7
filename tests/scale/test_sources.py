"""What is scored: folders and lists of all kinds, and what is wrong with them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pneumoscope import hashed_names, predict, score
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.pseudonym import file_pseudonym, pseudonym, uid_pseudonym
from pneumoscope.scale.copies import find_copies
from pneumoscope.scored.plan import read_plan
from tests.conftest import encoded, picture, save_dicom
from tests.scale.conftest import record_of, rows_of


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(4):
        (folder / f"{number}.png").write_bytes(encoded(picture(seed=number)))
    return folder


@pytest.fixture
def scored(bundle: Path, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Scores a source, and returns its rows."""

    def make(data: Path, **settings: Any) -> list[dict[str, Any]]:
        score(bundle, data, tmp_path / "scored", workers=1, **settings)
        return rows_of(tmp_path / "scored")

    return make


Scored = Callable[..., list[dict[str, Any]]]


def test_folders_of_classes_tell_labels(images: Path, scored: Scored) -> None:
    (images / "train" / "Pneumonia" / "ward").mkdir(parents=True)
    shutil.move(images / "1.png", images / "train" / "Pneumonia" / "ward")
    labels = {Path(row["path"]).name: row["true_label"] for row in scored(images)}
    assert labels == {"0.png": None, "1.png": "PNEUMONIA", "2.png": None, "3.png": None}


@pytest.mark.parametrize("kind", ["csv", "semicolons.CSV", "parquet"])
def test_lists_tell_labels_patients_and_subgroups(kind: str, images: Path, scored: Scored) -> None:
    columns = {
        "Path": ["0.png", "1.png", "gone.png"],
        "label": ["NORMAL", "?", "PNEUMONIA"],
        "patient": ["P1", "unknown", ""],
        "age": ["61", "026W", "old"],
        "ward": ["3", "4", "5"],
    }
    table = images / f"list.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table(columns), table)
    else:
        mark = ";" if "semi" in kind else ","
        lines = [columns, *zip(*columns.values(), strict=True)]
        table.write_text("\ufeff" + "\n".join(mark.join(line) for line in lines) + "\n\n")
    first, second, gone = scored(table)
    assert [first["true_label"], second["true_label"], gone["true_label"]] == [
        "NORMAL",
        None,
        "PNEUMONIA",
    ]
    assert [first["patient"], second["patient"]] == [pseudonym("P1"), None]
    assert [first["age"], second["age"], gone["age"]] == ["40 to 64", "0 to 1", "old"]
    assert gone["error_code"] == "image-missing"
    assert first["path"] == str(images / "0.png")


def test_a_list_starts_from_the_folder_that_is_named(
    images: Path, tmp_path: Path, scored: Scored
) -> None:
    (tmp_path / "list.csv").write_text("path\n2.png\n")
    (row,) = scored(tmp_path / "list.csv", root=images)
    assert row["path"] == str(images / "2.png")


def test_a_line_that_repeats_a_file_counts_once(images: Path, scored: Scored) -> None:
    (images / "list.csv").write_text("path,label\n0.png,NORMAL\n1.png,\n0.png,NORMAL\n")
    assert len(scored(images / "list.csv")) == 2


WRONG = {
    "no column path": "file,label\n0.png,NORMAL\n",
    "more than one column label": "path,label,Label\n0.png,a,b\n",
    "contradicts itself": "path,label\n0.png,NORMAL\n0.png,PNEUMONIA\n",
    "leads out of the folder": "path\n../0.png\n",
    "row 3 has no path": "path,label\n0.png,NORMAL\n,NORMAL\n",
    "no images": "path,label\n",
    "no whole": "path,label\n0.png\n",
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_lists_are_refused(text: str, images: Path, bundle: Path, tmp_path: Path) -> None:
    (images / "list.csv").write_text(WRONG[text])
    with pytest.raises(DataError, match=text):
        score(bundle, images / "list.csv", tmp_path / "scored")
    assert not (tmp_path / "scored" / "plan.json").exists()


def test_a_list_that_is_no_parquet_is_refused(images: Path, bundle: Path, tmp_path: Path) -> None:
    (images / "list.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError) as caught:
        score(bundle, images / "list.parquet", tmp_path / "scored")
    assert caught.value.code == "table-damaged"


def test_a_folder_without_images_and_no_source_at_all(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("nothing")
    for data, code in (("empty", "data-empty"), ("gone", "data-missing")):
        with pytest.raises(DataError) as caught:
            score(bundle, tmp_path / data, tmp_path / "scored")
        assert caught.value.code == code
    with pytest.raises(SettingsError):
        score(bundle, tmp_path / "empty", tmp_path / "scored", root=tmp_path)


def test_what_is_no_image_has_a_row_that_says_so(
    images: Path, bundle: Path, tmp_path: Path, scored: Scored
) -> None:
    (images / "empty.png").touch()
    (images / "void.png").touch()
    os.mkfifo(images / "pipe.png")
    (images / "loop").symlink_to(images)
    (images / "dead.png").symlink_to(images / "nowhere")
    odd = os.fsencode(images) + b"/\xe9\n.png"
    with open(odd, "wb") as file:
        file.write(encoded(picture(seed=9)))
    rows = {row["path"]: row for row in scored(images)}
    assert len(rows) == 9
    codes = {Path(path).name: row["error_code"] for path, row in rows.items()}
    assert codes["empty.png"] == codes["void.png"] == "image-empty"
    assert codes["pipe.png"] == "image-no-file"
    assert codes["dead.png"] == "image-missing"
    assert codes["\\udce9\n.png"] is None
    assert not any(row["duplicate_of"] for row in rows.values())


def test_copies_are_scored_once_and_have_their_own_names(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 2)
    (images / "PNEUMONIA").mkdir()
    for name in ("PNEUMONIA/a.png", "PNEUMONIA/b.png", "z.png"):
        shutil.copy(images / "1.png", images / name)
    found = score(bundle, images, tmp_path / "scored", workers=1)
    rows = {Path(row["path"]).name: row for row in rows_of(tmp_path / "scored")}
    copies = {name: row["duplicate_of"] for name, row in rows.items() if row["duplicate_of"]}
    assert copies == dict.fromkeys(("a.png", "b.png", "z.png"), str(images / "1.png"))
    assert found.copies == 3
    assert rows["a.png"]["true_label"] == "PNEUMONIA"
    expected = {p.path: p.to_dict() for p in predict(bundle, images)}
    for row in rows.values():
        assert record_of(tmp_path / "scored", row) == expected[row["path"]]


def test_a_copy_that_has_changed_since_is_scored_by_itself(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.find_copies", lambda *_: np.zeros(4, int))
    score(bundle, images, tmp_path / "scored", workers=1)
    rows = rows_of(tmp_path / "scored")
    assert [row["duplicate_of"] for row in rows] == [None] * 4
    assert [row["probability"] for row in rows] == [p.probability for p in predict(bundle, images)]


def test_copies_are_told_by_all_of_their_bytes(tmp_path: Path) -> None:
    data = [b"a" * 20_000, b"a" * 10_000 + b"b" + b"a" * 9_999, b"a" * 20_000, b"", b"", b"c"]
    paths = [tmp_path / str(number) for number in range(len(data))]
    for path, content in zip(paths, data, strict=True):
        path.write_bytes(content)
    found = find_copies(lambda index: str([*paths, tmp_path / "gone"][index]), 7)
    assert found.tolist() == [0, 1, 0, 3, 4, 5, 6]


def test_identifiers_of_dicom_are_hashed_unless_uids_are_kept(
    images: Path, bundle: Path, tmp_path: Path
) -> None:
    uids = {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.4"}
    save_dicom(images / "a.dcm", PatientID="P1", IssuerOfPatientID="Ward", **uids)
    save_dicom(images / "b.dcm", PatientID="ANONYMOUS", **uids)
    for keep, study in ((False, uid_pseudonym("1.2.3")), (True, "1.2.3")):
        folder = tmp_path / f"scored{keep}"
        score(bundle, images, folder, workers=1, keep_uids=keep)
        a, b = (row for row in rows_of(folder) if row["path"].endswith(".dcm"))
        assert a["study"] == b["study"] == study
        assert a["patient"] == pseudonym("P1", "Ward")
        assert b["patient"] == pseudonym("1.2.3", "StudyInstanceUID")
        assert a["instance"] != b["instance"]


def test_hashed_names_are_those_of_prediction(images: Path, bundle: Path, tmp_path: Path) -> None:
    (images / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    with hashed_names():
        score(bundle, images, tmp_path / "scored", workers=1)
        expected = [prediction.to_dict() for prediction in predict(bundle, images)]
    rows = rows_of(tmp_path / "scored")
    assert [record_of(tmp_path / "scored", row) for row in rows] == expected
    assert rows[0]["path"] == file_pseudonym(str(images / "0.png"))
    assert str(images) not in (tmp_path / "scored" / "plan.json").read_text()


def test_a_sample_is_drawn_by_the_seed(images: Path, bundle: Path, tmp_path: Path) -> None:
    drawn = []
    for number, seed in enumerate((0, 0, 1, 2, 3)):
        score(bundle, images, tmp_path / str(number), workers=1, sample=2, seed=seed)
        drawn.append(tuple(row["path"] for row in rows_of(tmp_path / str(number))))
    assert drawn[0] == drawn[1]
    assert len({*drawn}) > 1
    assert {len(paths) for paths in drawn} == {2}


def test_a_list_without_images_is_named(images: Path, scored: Scored) -> None:
    (images / "list.csv").write_text("path,label\n")
    with pytest.raises(DataError, match=r"no images in .*list\.csv"):
        scored(images / "list.csv", root=images)


def test_lines_that_repeat_an_image_are_counted(images: Path, bundle: Path, tmp_path: Path) -> None:
    (images / "list.csv").write_text("path,ward\n0.png,1\n1.png,1\n0.png,2\n")
    found = score(bundle, images / "list.csv", tmp_path / "scored", workers=1)
    assert (found.images, found.repeated) == (2, 1)


def test_paths_that_are_numbers_are_refused(images: Path, scored: Scored) -> None:
    pq.write_table(pa.table({"path": [1, 2]}), images / "list.parquet")
    with pytest.raises(DataError, match="holds no paths") as caught:
        scored(images / "list.parquet")
    assert caught.value.code == "list-columns"


def test_a_short_list_has_a_shard_for_each_process(
    images: Path, bundle: Path, tmp_path: Path
) -> None:
    lines = [f"{number}.png" for number in range(120)]
    (images / "list.csv").write_text("\n".join(["path", *lines]))
    score(bundle, images / "list.csv", tmp_path / "scored", workers=1)
    assert read_plan(tmp_path / "scored").shards == 3
