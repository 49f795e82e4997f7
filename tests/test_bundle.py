"""A bundle is complete or absent, and one that has changed is refused."""

from __future__ import annotations

import errno
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from pneumoscope.bundle import (
    SCHEMA_VERSION,
    Seen,
    make_reference,
    new_bundle,
    read_bundle,
    write,
    write_reference,
)
from pneumoscope.errors import (
    BundleCorruptError,
    BundleError,
    BundleMissingError,
    BundleSchemaError,
    ClassMismatchError,
    SettingsError,
    StorageError,
)
from pneumoscope.notices import Notice
from pneumoscope.types import (
    Calibration,
    Estimate,
    Evidence,
    ImageRecord,
    Method,
    OperatingPoint,
    SourceCalibration,
    SourceRates,
    Split,
    Undecided,
)
from tests.conftest import brightness_network, bundle_info, write_bundle


def test_round_trip(tmp_path: Path) -> None:
    points = (OperatingPoint("screening", 0.2), OperatingPoint("confirm", 0.9))
    write_bundle(tmp_path / "b", operating_points=points, metrics={"val_loss": 0.5})
    info = read_bundle(tmp_path / "b").info
    assert info == bundle_info(operating_points=points, metrics={"val_loss": 0.5})


CALIBRATION = Calibration(
    fitted=True,
    temperature=1.5,
    biases=(0.0, -0.25),
    prevalence=0.74,
    images=80,
    patients=50,
    before={"log_loss": 0.3, "brier": 0.1, "ece": None},
    after={"log_loss": 0.2, "brier": 0.09, "ece": None},
    notices=(Notice("not-calibrated", "nothing", {"images": 3, "names": ("a", "b")}),),
    by_source=(SourceCalibration(("a", "b"), 0.8, (0.0, 0.5), 40, 30),),
)


def test_calibration_and_operating_points_round_trip(tmp_path: Path) -> None:
    some = Estimate(0.9, 0.8, 0.95)
    undecided = Undecided(0.3, 0.5, some, Estimate(None, None, None))
    none = Estimate(None, None, None)
    sources = SourceRates("a", some, none, 0.3, some, none), SourceRates("b", none, some)
    exact = Estimate(1.0, 0.8, 1.0, Method.EXACT)
    expected = OperatingPoint("b", 0.4, some, exact, undecided, sources)
    changes = {"operating_points": (expected,), "calibration": CALIBRATION}
    write_bundle(tmp_path / "b", **changes)
    assert read_bundle(tmp_path / "b").info == bundle_info(**changes)


def test_bundle_of_schema_1_has_no_calibration(bundle: Path) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    del manifest["calibration"], manifest["gate"]
    points = [{"name": "default", "threshold": 0.5}]
    text = json.dumps({**manifest, "schema_version": 1, "operating_points": points})
    (bundle / "bundle.json").write_text(text)
    assert read_bundle(bundle).info == bundle_info()


def test_notices_of_schema_3_are_sentences(tmp_path: Path) -> None:
    root = tmp_path / "b"
    write_bundle(root, calibration=CALIBRATION)
    content = {**asdict(CALIBRATION), "notices": ["It was not calibrated"]}
    change(root, schema_version=3, calibration=content)
    found = read_bundle(root).info.calibration
    assert found is not None
    assert found.notices == (Notice("uncoded", "It was not calibrated"),)


NO_NOTICES = [[3], [{"code": "a", "text": "b"}], [{"code": 1, "text": "b", "values": {}}]]
NO_NOTICES += [[{"code": "a", "text": "b", "values": {"c": value}}] for value in ({}, [1], [[]])]


@pytest.mark.parametrize("notices", NO_NOTICES)
def test_malformed_notices(notices: object, bundle: Path) -> None:
    change(bundle, calibration={**asdict(CALIBRATION), "notices": notices})
    with pytest.raises(BundleCorruptError, match="makes no sense"):
        read_bundle(bundle)


@pytest.mark.parametrize(
    "broken", [{}, {"fitted": True}, "text", {**asdict(CALIBRATION), "more": 1}]
)
def test_malformed_calibration(broken: object, bundle: Path) -> None:
    change(bundle, calibration=broken)
    with pytest.raises(BundleCorruptError, match="makes no sense"):
        read_bundle(bundle)


def test_operating_points_are_found_by_name() -> None:
    points = (OperatingPoint("balanced", 0.5), OperatingPoint("screening", 0.2))
    info = bundle_info(operating_points=points)
    assert info.operating_point() == info.operating_point("balanced") == points[0]
    assert info.operating_point("screening") == points[1]
    with pytest.raises(SettingsError, match=r"Expected balanced or screening\. Received confirm"):
        info.operating_point("confirm")


def test_reference_round_trip(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    facts = {"brightness": rng.normal(128, 20, 60), "black": np.zeros(60)}
    scores = rng.random(40)
    made = make_reference(facts, scores, training_patients=50, validation_patients=30)
    assert set(made) == {"brightness", "score"}  # what is all alike cannot be divided
    assert (made["brightness"].patients, made["score"].patients) == (50, 30)
    with new_bundle(tmp_path / "b", bundle_info()) as folder:
        onnx.save(brightness_network(), folder / "model.onnx")
        Seen("key", frozenset(), frozenset()).write(folder)
        write_reference(folder, made)
    assert read_bundle(tmp_path / "b").reference() == made
    write_bundle(tmp_path / "older")
    assert read_bundle(tmp_path / "older").reference() is None


def test_bundle_is_found_in_its_run_folder(tmp_path: Path) -> None:
    write_bundle(tmp_path / "run" / "bundle")
    assert read_bundle(tmp_path / "run").root == tmp_path / "run" / "bundle"


def test_failure_leaves_nothing(tmp_path: Path) -> None:
    def fill_the_disk() -> None:
        with new_bundle(tmp_path / "b", bundle_info()) as folder:
            (folder / "model.onnx").write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match="disk is full"):
        fill_the_disk()
    assert list(tmp_path.iterdir()) == []


def test_failure_keeps_the_former_bundle(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", name="former")
    with pytest.raises(RuntimeError), new_bundle(tmp_path / "b", bundle_info()):
        raise RuntimeError
    assert read_bundle(tmp_path / "b").info.name == "former"
    assert list(tmp_path.iterdir()) == [tmp_path / "b"]


def test_success_replaces_the_former_bundle(tmp_path: Path) -> None:
    write_bundle(tmp_path / "b", name="former")
    write_bundle(tmp_path / "b", name="new")
    assert read_bundle(tmp_path / "b").info.name == "new"
    assert list(tmp_path.iterdir()) == [tmp_path / "b"]


def test_rename_that_fails_puts_the_former_bundle_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "b", name="former")
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    monkeypatch.setattr(write, "_exchange", lambda *_: False)
    with pytest.raises(StorageError):
        write_bundle(tmp_path / "b", name="new")
    assert read_bundle(tmp_path / "b").info.name == "former"


@pytest.mark.parametrize("name", ["model.onnx", "seen.json"])
def test_changed_byte(name: str, bundle: Path) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleCorruptError, match=rf"{name} has changed.*SHA-256") as caught:
        read_bundle(bundle)
    assert caught.value.code == "bundle-changed"
    assert caught.value.values["path"] == str(bundle / name)
    assert caught.value.values["received"] == hashlib.sha256(content).hexdigest()


def test_missing_file(bundle: Path) -> None:
    (bundle / "model.onnx").unlink()
    with pytest.raises(BundleMissingError, match=r"model\.onnx is missing") as caught:
        read_bundle(bundle)
    assert caught.value.code == "bundle-missing"
    assert caught.value.values == {"path": str(bundle / "model.onnx")}


def test_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleMissingError, match="Received nothing there"):
        read_bundle(tmp_path / "none")
    with pytest.raises(BundleMissingError, match="There is no bundle"):
        read_bundle(tmp_path)


def test_bundle_without_card(bundle: Path) -> None:
    assert read_bundle(bundle).card() == "# brightness\n\nNot for patients.\n"
    (bundle / "MODEL_CARD.md").unlink()
    unlist(bundle, "MODEL_CARD.md")
    with pytest.raises(BundleMissingError, match="no model card"):
        read_bundle(bundle).card()


@pytest.mark.parametrize("name", ["model.onnx", "seen.json"])
def test_list_that_lacks_a_needed_file(name: str, bundle: Path) -> None:
    unlist(bundle, name)
    with pytest.raises(BundleCorruptError, match=f"does not list {name}"):
        read_bundle(bundle)


def change(bundle: Path, **changes: object) -> None:
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest.update(changes)
    (bundle / "bundle.json").write_text(json.dumps(manifest))


def unlist(bundle: Path, name: str) -> None:
    files = json.loads((bundle / "bundle.json").read_text())["files"]
    files.pop(name)
    change(bundle, files=files)


def test_future_schema(bundle: Path) -> None:
    change(bundle, schema_version=SCHEMA_VERSION + 1)
    with pytest.raises(BundleSchemaError, match="newer version") as caught:
        read_bundle(bundle)
    assert "pip install --upgrade" in caught.value.remedy


def test_other_preprocessing(bundle: Path) -> None:
    change(bundle, recipe=0)
    with pytest.raises(BundleSchemaError, match="preprocessed otherwise"):
        read_bundle(bundle)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"schema_version": 1, "recipe": 1}'])
def test_malformed_manifest(text: str, bundle: Path) -> None:
    (bundle / "bundle.json").write_text(text)
    with pytest.raises(BundleCorruptError):
        read_bundle(bundle)


def test_all_bundle_errors_share_an_exit_code() -> None:
    assert {kind.exit_code for kind in BundleError.__subclasses__()} == {3}


def test_other_classes(bundle: Path) -> None:
    with pytest.raises(ClassMismatchError, match=r"Expected NORMAL, PNEUMONIA.*Received cat, dog"):
        read_bundle(bundle).info.require_classes(("cat", "dog"), Path("pets"))


def test_seen_recognises_images_and_patients_and_names_none(tmp_path: Path) -> None:
    records = [
        ImageRecord(Path("a"), 0, "guangzhou IM 1", Evidence.NAME, Split.TRAIN, sha256="aa"),
        ImageRecord(Path("b"), 0, "guangzhou IM 2", Evidence.NAME, Split.VAL, sha256="bb"),
        ImageRecord(Path("c"), 0, "guangzhou IM 3", Evidence.NAME, Split.TEST, sha256="cc"),
        ImageRecord(Path("d"), 0, "file d", Evidence.FILE, Split.TRAIN, sha256="dd"),
    ]
    root = write_bundle(tmp_path / "b", seen=Seen.of("fingerprint", records))
    seen = read_bundle(root).seen()
    assert [seen.has_image(record.sha256) for record in records] == [True, True, False, True]
    assert [seen.has_patient(record.patient) for record in records] == [True, True, False, False]
    assert "guangzhou" not in (root / "seen.json").read_text()


def test_seen_keeps_the_fingerprint_of_the_patient_key(tmp_path: Path) -> None:
    public = ImageRecord(Path("a"), 0, "guangzhou IM 1", Evidence.NAME, Split.TRAIN, sha256="aa")
    own = replace(public, patient="patient 12ab", evidence=Evidence.HEADER)
    held_out = replace(own, split=Split.TEST)
    for records, expected in (((public, own), "0f"), ((public,), ""), ((held_out,), "")):
        seen = Seen.of("fingerprint", records, "0f")
        assert seen.patient_key == expected
        seen.write(tmp_path)
        assert Seen.parse((tmp_path / "seen.json").read_bytes()) == seen


def test_seen_of_an_older_bundle(tmp_path: Path) -> None:
    (tmp_path / "seen.json").write_text('{"key": "k", "images": [], "patients": []}')
    assert Seen.parse((tmp_path / "seen.json").read_bytes()) == Seen("k", frozenset(), frozenset())
