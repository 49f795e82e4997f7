"""An untrusted bundle is read within its folder and size limits, or refused."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pneumoscope.bundle import contents, read_bundle
from pneumoscope.errors import BundleCorruptError, BundleError, PneumoscopeError
from pneumoscope.imaging import Source
from pneumoscope.inference import load
from tests.conftest import SIDE, encoded, picture, write_bundle


def sign(root: Path, **changes: object) -> None:
    """Makes `bundle.json` list the files that are there now."""
    manifest = json.loads((root / "bundle.json").read_text())
    manifest["files"] = {
        name: sha256((root / name).read_bytes()).hexdigest() for name in manifest["files"]
    }
    (root / "bundle.json").write_text(json.dumps({**manifest, **changes}))


OUTSIDE = [
    "../outside",
    "/etc/hostname",
    "a/../../outside",
    "C:\\a",
    "C:a",
    "a\\b",
    "",
    ".",
    "a//b",
]


@pytest.mark.parametrize("name", [*OUTSIDE, "a\nb", "a\0b"])
def test_listed_names_stay_inside(name: str, bundle: Path) -> None:
    (bundle.parent / "outside").write_bytes(b"")
    files = json.loads((bundle / "bundle.json").read_text())["files"]
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["files"] = {**files, name: sha256(b"").hexdigest()}
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleCorruptError, match="lists"):
        read_bundle(bundle)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link(path: Path) -> None:
    path.with_name("MODEL_CARD.md").rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX")
@pytest.mark.parametrize("make", [_pipe, _device, _link, Path.mkdir])
def test_files_that_cannot_be_part_of_a_bundle(make: Callable[[Path], None], bundle: Path) -> None:
    (bundle / "MODEL_CARD.md").rename(bundle / "aside")
    if make is _link:
        (bundle / "aside").rename(bundle / "MODEL_CARD.md")
    make(bundle / "MODEL_CARD.md")
    with pytest.raises(PneumoscopeError, match=r"MODEL_CARD\.md"):
        read_bundle(bundle)


def test_sizes_are_bounded(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (bundle / "model.onnx").stat().st_size
    monkeypatch.setitem(contents.LIMITS, "model.onnx", size)
    read_bundle(bundle)
    monkeypatch.setitem(contents.LIMITS, "model.onnx", size - 1)
    with pytest.raises(BundleCorruptError, match="at most"):
        read_bundle(bundle)


def test_files_that_are_not_listed_are_not_used(tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", usual=128)
    manifest = json.loads((root / "bundle.json").read_text())
    del manifest["files"]["gate.npz"]
    (root / "bundle.json").write_text(json.dumps(manifest))
    (root / "reference.json").write_text("{}")
    found = read_bundle(root)
    assert found.reference() is None
    with pytest.raises(BundleCorruptError, match=r"gate\.npz"):
        found.distances()


def _archive(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


EYE = np.eye(2, dtype=np.float32)
GATES = {
    "no archive": b"PK\x03\x04",
    "pickled": _archive(features_means=np.array([{}]), features_whitening=EYE),
    "text": _archive(features_means=np.array([["a"]]), features_whitening=EYE),
    "NaN": _archive(features_means=EYE * np.nan, features_whitening=EYE),
    "another shape": _archive(features_means=EYE[:, :1], features_whitening=EYE),
    "bomb": _archive(features_means=np.zeros((200_000, 1000), np.float32), features_whitening=EYE),
}


@pytest.mark.parametrize("name", GATES)
def test_malformed_gate(name: str, tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", usual=128)
    (root / "gate.npz").write_bytes(GATES[name])
    sign(root)
    with pytest.raises(BundleCorruptError, match=r"gate\.npz makes no sense"):
        load(root)


WORDS: list[Any] = [None, 0, -1, 1e999, float("nan"), 10**400, "", "x" * 5000, [], {}, [[]], True]


def mutate(content: Any, rng: random.Random) -> Any:
    """Replaces a random part of a JSON value."""
    if isinstance(content, dict) and content and rng.random() < 0.9:
        name = rng.choice(sorted(content))
        if rng.random() < 0.15:
            return {key: value for key, value in content.items() if key != name}
        return {**content, name: mutate(content[name], rng)}
    if isinstance(content, list) and content and rng.random() < 0.8:
        place = rng.randrange(len(content))
        return [*content[:place], mutate(content[place], rng), *content[place + 1 :]]
    return rng.choice(WORDS)


@pytest.mark.parametrize("seed", range(300))
def test_mutated_and_hashed_again(seed: int, tmp_path: Path) -> None:
    root = write_bundle(tmp_path / "b", usual=128, training_data={"attributions": []})
    rng = random.Random(seed)
    path = root / rng.choice(["bundle.json", "bundle.json", "seen.json", "gate.npz", "model.onnx"])
    if path.suffix == ".json" and rng.random() < 0.8:
        path.write_text(json.dumps(mutate(json.loads(path.read_text()), rng)))
    else:
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
    if path.name != "bundle.json":
        sign(root)
    image = Source("noise", encoded(picture((SIDE, SIDE))))
    try:
        predictor = load(root, threads=1)
        assert predictor.predict(image).error is None
        predictor.bundle.seen().has_image("aa")
        predictor.bundle.card()
    except BundleError:
        pass


def test_nesting_without_end(bundle: Path) -> None:
    (bundle / "bundle.json").write_text("[" * 200_000)
    with pytest.raises(BundleCorruptError, match="makes no sense"):
        read_bundle(bundle)
