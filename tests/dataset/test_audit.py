"""An audit finds what was planted in a data set, and nothing in a clean one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.dataset import Layout, PhantomSettings, make_phantoms, prepare
from pneumoscope.dataset.audit import Audit, Finding, Severity, audit
from pneumoscope.dataset.audit.rules import balance_findings, shortcut_findings
from pneumoscope.dataset.audit.shortcut import Shortcut
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.errors import DataError
from pneumoscope.imaging import Source, load_display, look, read_bytes
from pneumoscope.statistics import Estimate
from pneumoscope.types import Geometry, ImageRecord
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom

SMALL = {"width": (100, 124), "images_per_patient": (1, 2)}


def phantom_set(root: Path, **settings: object) -> Path:
    make_phantoms(root, PhantomSettings(**{"patients": 60, **SMALL, **settings}))
    return root


def found(result: Audit, least: Severity = Severity.WARNING) -> dict[str, Finding]:
    return {each.code: each for each in result.findings if each.severity >= least}


@pytest.fixture(scope="module")
def trapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes phantoms in splits with everything planted, and unreadable files of known patients."""
    root = tmp_path_factory.mktemp("audit") / "trapped"
    traps = {"duplicates": 3, "leaking_patients": 4, "brightness_shortcut": 1.0}
    phantom_set(root, layout=Layout.SPLITS, seed=4, **traps)
    normal = sorted((root / "train" / "NORMAL").iterdir())[0]
    again = root / "train" / "PNEUMONIA" / normal.name.replace("-1.png", "-9.png")
    Image.open(normal).resize((80, 80)).save(again, "JPEG", quality=60)
    (root / "val" / "NORMAL" / "phantom4-09001-1.png").touch()
    (root / "val" / "NORMAL" / "phantom4-09002-1.png").write_text("no image")
    return root


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("seed", [1, 2])
def test_clean_set_gives_no_warning(tmp_path: Path, layout: Layout, seed: int) -> None:
    result = audit(phantom_set(tmp_path / "clean", layout=layout, seed=seed))
    assert found(result) == {}
    assert result.valid
    assert result.copies == ()
    assert result.unreadable == ()
    assert result.shortcut is not None
    assert result.shortcut.score.value == pytest.approx(0.5, abs=0.2)
    assert "class-balance" in found(result, Severity.INFO)


def test_all_that_was_planted_is_found(trapped: Path) -> None:
    result = audit(trapped)
    assert not result.valid
    assert {code: each.severity.name for code, each in found(result).items()} == {
        "copies-across-labels": "INVALIDATING",
        "copies-across-splits": "INVALIDATING",
        "patients-across-splits": "INVALIDATING",
        "empty": "WARNING",
        "unreadable": "WARNING",
        "shortcut": "WARNING",
    }
    assert sum(group.across_splits for group in result.copies) == 3
    assert sum(group.across_labels for group in result.copies) == 1
    assert result.copies[0].harmless is False
    assert found(result)["patients-across-splits"].count == 4
    severities = [each.severity for each in result.findings]
    assert severities == sorted(severities, reverse=True)


def test_planted_shortcut_is_named(trapped: Path) -> None:
    shortcut = audit(trapped).shortcut
    assert shortcut is not None
    assert next(iter(shortcut.by_fact)) == "brightness"
    assert shortcut.score.low is not None
    assert shortcut.score.low > 0.85
    assert shortcut.by_fact["width"].value < 0.7


def test_copies_of_another_patient_without_splits(tmp_path: Path) -> None:
    result = audit(phantom_set(tmp_path / "set", duplicates=2))
    assert found(result).keys() == {"copies-across-patients"}
    assert found(result)["copies-across-patients"].count == 2
    assert all(group.exact and group.correlation == 1 for group in result.copies)


def test_three_copies_of_one_patient_are_three_pairs(tmp_path: Path) -> None:
    root = phantom_set(tmp_path / "set", images_per_patient=(1, 1))
    one = sorted((root / "NORMAL").iterdir())[0]
    shutil.copy(one, one.with_name(one.name.replace("-1.png", "-2.png")))
    Image.open(one).save(one.with_name(one.name.replace("-1.png", "-3.png")), optimize=True)
    result = audit(root)
    assert found(result).keys() == {"copies"}
    assert found(result)["copies"].count == 3
    (group,) = result.copies
    assert not group.exact
    assert group.correlation == pytest.approx(1)
    assert [record.path.name[-5] for record in group.records] == ["1", "2", "3"]


def test_unknown_patients_are_a_warning_and_few_have_no_shortcut_score(
    class_folders: Callable[..., Path],
) -> None:
    result = audit(class_folders(NORMAL=5, PNEUMONIA=6))
    assert found(result).keys() == {"patients-unknown", "refused-tiny"}
    assert result.shortcut is None
    assert "fewer than 20 patients" in found(result, Severity.INFO)["shortcut"].text


def test_files_that_cannot_be_read(class_folders: Callable[..., Path]) -> None:
    data = class_folders(NORMAL=3, PNEUMONIA=3)
    (data / "NORMAL" / "empty.png").touch()
    (data / "NORMAL" / "text.png").write_text("text")
    (data / "PNEUMONIA" / "cut.png").write_bytes(encoded(picture())[:60])
    (data / "PNEUMONIA" / "gone.png").symlink_to(data / "nowhere.png")
    result = audit(data)
    assert {(file.record.path.name, file.empty, file.code) for file in result.unreadable} == {
        ("empty.png", True, "image-empty"),
        ("text.png", False, "image-unknown-format"),
        ("cut.png", False, "image-broken"),
        ("gone.png", False, "image-missing"),
    }
    assert found(result)["empty"].text.startswith("1 empty file,")
    assert found(result)["empty"].to_dict()["values"] == {"files": 1}
    assert found(result)["unreadable"].text.startswith("3 unreadable files,")


def test_a_data_set_without_readable_files_is_an_error(tmp_path: Path) -> None:
    for name in ("NORMAL", "PNEUMONIA"):
        (tmp_path / "set" / name).mkdir(parents=True)
        (tmp_path / "set" / name / "a.png").write_text("text")
    with pytest.raises(DataError, match="2 broken files"):
        audit(tmp_path / "set")


def test_each_file_is_read_once_with_progress(
    phantoms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumoscope.dataset.audit import examine

    read: list[Path] = []
    original = examine.read_bytes
    monkeypatch.setattr(examine, "read_bytes", lambda path: read.append(path) or original(path))
    calls: list[tuple[int, int]] = []
    result = audit(phantoms, progress=lambda done, total: calls.append((done, total)))
    paths = [record.path for record in result.images.records]
    assert sorted(read) == sorted(paths)
    assert calls == [(number, len(paths)) for number in range(1, len(paths) + 1)]


def test_prepared_set_is_audited_with_its_patients_and_splits(
    phantoms: Path, tmp_path: Path
) -> None:
    prepared = prepare(phantoms, tmp_path / "prepared", geometry=Geometry(64, 64))
    result = audit(prepared.root)
    assert result.counts().keys() == {"train", "val", "test"}
    assert result.patients.unknown_images == 0
    assert result.patients.across_splits == {}
    assert {result.name(r).partition("/")[0] for r in result.images.records} == {
        "train",
        "val",
        "test",
    }


def test_manifest_is_audited_with_its_patients_and_splits(
    class_folders: Callable[..., Path],
) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    lines = ["path,label,patient,split"]
    for number in range(4):
        split = "test" if number == 3 else "train"
        patient = number % 3  # so the first is in train and in test
        lines += [f"{c}/{number}.png,{c},{c} {patient},{split}" for c in ("NORMAL", "PNEUMONIA")]
    (data / "list.csv").write_text("\n".join(lines))
    result = audit(data / "list.csv")
    assert found(result).keys() == {"patients-across-splits", "refused-tiny"}
    assert {
        frozenset(result.name(record) for record in records)
        for records in result.patients.across_splits.values()
    } == {frozenset({f"{c}/0.png", f"{c}/3.png"}) for c in ("NORMAL", "PNEUMONIA")}


def test_dicom_facts_are_tabled(tmp_path: Path) -> None:
    for index, (name, view) in enumerate((("NORMAL", "PA"), ("PNEUMONIA", "AP"))):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(3):
            data = dicom(picture((64, 64), 10 * index + number), ViewPosition=view)
            (tmp_path / "set" / name / f"{number}.dcm").write_bytes(data)
    counts = audit(tmp_path / "set").facts.counts
    assert counts["view"] == {"NORMAL": {"PA": 3}, "PNEUMONIA": {"AP": 3}}
    assert counts["format"] == {"NORMAL": {"DICOM": 3}, "PNEUMONIA": {"DICOM": 3}}
    assert "device" not in counts


def test_the_table_sums_up_each_class(phantoms: Path) -> None:
    result = audit(phantoms)
    for label, name in enumerate(result.images.classes):
        files = [r.path for r in result.images.records if r.label == label]
        widths = [load_display(read_bytes(path)).shape[1] for path in files]
        spread = result.facts.spreads["width"][name]
        assert spread.images == len(files)
        assert spread.median == np.median(widths)
        assert (spread.low, spread.high) == tuple(np.percentile(widths, (5, 95)))
        assert sum(spread.shares) == pytest.approx(1)
    assert "jpeg_quality" not in result.facts.spreads


def test_to_dict_is_plain_json_that_lists_everything(trapped: Path) -> None:
    result = audit(trapped)
    content = json.loads(json.dumps(result.to_dict()))
    assert content["valid"] is False
    assert [each["code"] for each in content["findings"]] == [f.code for f in result.findings]
    assert len(content["copies"]) == len(result.copies)
    assert len(content["patients"]["across_splits"]) == 4
    assert {file["empty"] for file in content["unreadable"]} == {True, False}
    assert content["shortcut"]["score"]["value"] == result.shortcut.score.value
    for group in content["copies"]:
        assert all((trapped / file["path"]).is_file() for file in group["files"])
    assert audit(trapped).to_dict() == result.to_dict()  # nothing is left to chance


# Estimate of the shortcut score, and the severity of its finding.
SCORES = [
    (Estimate(0.95, 0.9, 0.99), Severity.WARNING),
    (Estimate(0.75, 0.71, 0.8), Severity.WARNING),
    (Estimate(0.75, 0.69, 0.8), Severity.INFO),
    (Estimate(1.0, None, None), Severity.WARNING),
    (Estimate(0.5, 0.4, 0.6), Severity.INFO),
]


@pytest.mark.parametrize(("score", "severity"), SCORES)
def test_shortcut_severity(score: Estimate, severity: Severity) -> None:
    (finding,) = shortcut_findings(Shortcut(score, {"bytes": score}))
    assert finding.severity is severity
    assert ("file size" in finding.text) == (severity is Severity.WARNING and score.low is not None)


@pytest.mark.parametrize(("normal", "severity"), [(9, Severity.WARNING), (10, Severity.INFO)])
def test_rare_class(normal: int, severity: Severity) -> None:
    records = [ImageRecord(Path(f"{n}.png"), int(n >= normal), f"p{n}") for n in range(100)]
    images = ImageSet(Path(), ("NORMAL", "PNEUMONIA"), tuple(records))
    (finding,) = balance_findings(images)
    assert (finding.severity, finding.count) == (severity, normal)
    assert f"{normal}.0 %" in finding.text


@pytest.mark.real
def test_real_training_images_have_28_duplicate_pairs(real: Path) -> None:
    result = audit(real / "chest_xray")
    records = result.images.records
    assert sum(group.pairs for group in result.copies) == 28
    thumbnails = np.stack(
        [look(Source(r.path.name, r.path.read_bytes())).thumbnail.ravel() for r in records]
    ).astype(np.float32)
    thumbnails -= thumbnails.mean(axis=1, keepdims=True)
    thumbnails /= np.linalg.norm(thumbnails, axis=1, keepdims=True)
    pairs = np.argwhere(np.triu(thumbnails @ thumbnails.T > 0.9995, k=1))
    groups = {frozenset(r.path for r in group.records) for group in result.copies}
    assert len(pairs) == 28
    for first, second in pairs:
        both = {records[first].path, records[second].path}
        assert any(both <= group for group in groups)
    assert found(result).keys() == {"copies", "shortcut"}
    assert (result.patients.known, result.patients.unknown_images) == (1211 + 2443, 0)


@pytest.mark.real
def test_real_native_files_show_the_size_shortcut(real: Path) -> None:
    result = audit(real / "chest_xray_native")
    assert result.copies == ()
    assert found(result).keys() == {"shortcut"}
    assert result.shortcut.score.low > 0.9
    for name in ("bytes", "width", "height", "aspect"):
        assert result.shortcut.by_fact[name].low > 0.6
