"""Images that predicting would refuse are reported before training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope.dataset import prepare, read_prepared
from pneumoscope.dataset.audit import audit, write_page
from pneumoscope.types import Geometry
from tests.conftest import encoded, picture
from tests.imaging.dicoms import dicom

SMALL = Geometry(64, 64)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Writes ten radiographs of each class, and one image of each kind that is refused."""
    root = tmp_path / "mixed"
    for name in ("NORMAL", "PNEUMONIA"):
        (root / name).mkdir(parents=True)
        for number in range(10):
            data = encoded(picture((96, 80), seed=number + 100 * (name == "NORMAL")))
            (root / name / f"{number}.png").write_bytes(data)
    dark = picture((96, 96)).astype(np.uint16) * 16  # 12 bits in 16
    Image.fromarray(dark).save(root / "NORMAL" / "dark.png")
    white = picture((96, 96))
    white[:80] = 255
    (root / "NORMAL" / "white.png").write_bytes(encoded(white))
    for name, header in (("side", {"ViewPosition": "LL"}), ("hand", {"BodyPartExamined": "HAND"})):
        (root / "PNEUMONIA" / name).write_bytes(dicom(picture((96, 96)), **header))
    return root


WANTED = {"blank": "dark.png", "clipped": "white.png", "lateral-view": "side", "body-part": "hand"}


def test_preparing_reports_and_keeps_them(mixed: Path, tmp_path: Path) -> None:
    first = prepare(mixed, tmp_path / "out", geometry=SMALL)
    for rule, name in WANTED.items():
        (told,) = [n for n in first.images.notices if f"refused when predicting ({rule})" in n.text]
        assert told.text.startswith("1 of 24 images")
        assert told.text.endswith(name)
        assert told.values == {"rule": rule, "images": 1, "of": 24}
    assert prepare(mixed, tmp_path / "out", geometry=SMALL).images.notices == first.images.notices
    assert read_prepared(tmp_path / "out").images.notices == first.images.notices


def test_auditing_finds_and_shows_them(mixed: Path, tmp_path: Path) -> None:
    found = audit(mixed)
    refused = {rule: [r.path.name for r in records] for rule, records in found.refused.items()}
    assert refused == {rule: [name] for rule, name in WANTED.items()}
    codes = {finding.code: finding.count for finding in found.findings}
    assert all(codes[f"refused-{rule}"] == 1 for rule in WANTED)
    assert found.to_dict()["refused"]["blank"] == ["NORMAL/dark.png"]
    write_page(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Images that predicting would refuse" in page
    assert "Classes: NORMAL 12 (reference" in page
