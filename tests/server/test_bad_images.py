"""Images that are none, or not what they seem: each gets its record with the reason."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from pneumoscope.imaging import Source, own_mark
from pneumoscope.inference import load
from tests.conftest import encoded, picture
from tests.node.conftest import make_radiograph, to_bytes
from tests.server.running import Running


def chunk(content: bytes) -> bytes:
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


def bomb() -> bytes:
    """Makes a PNG file that says it has 10,000 million pixels."""
    size = struct.pack(">4sIIBBBBB", b"IHDR", 100_000, 100_000, 8, 0, 0, 0, 0)
    content = chunk(b"IDAT" + zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(size) + content + chunk(b"IEND")


def pages() -> bytes:
    stream = BytesIO()
    first, *others = (Image.fromarray(picture(seed=n)) for n in range(3))
    first.save(stream, format="TIFF", save_all=True, append_images=others)
    return stream.getvalue()


def photograph() -> bytes:
    steps = np.linspace(0, 255, 64, dtype=np.uint8)
    red, blue = np.meshgrid(steps, steps)
    return encoded(np.dstack([red, picture((64, 64)) // 4, blue]))


def frames() -> bytes:
    ds = make_radiograph(NumberOfFrames=2)
    ds.PixelData = ds.PixelData * 2
    return to_bytes(ds)


def own_result() -> bytes:
    return encoded(picture(), pnginfo=own_mark("0" * 64))


IMAGES = {
    "empty.png": (b"", "image-empty"),
    "letter.docx": (b"PK\x03\x04" + bytes(1000), "image-unknown-format"),
    "page.html": (b"<html><script>alert(1)</script></html>", "image-unknown-format"),
    "cut-off.png": (encoded(picture())[:500], "image-broken"),
    "bomb.png": (bomb(), "image-too-large"),
    "thumbnail.png": (encoded(picture((8, 8))), "image-too-small"),
    "blank.png": (encoded(np.full((64, 64), 7, np.uint8)), "image-blank"),
    "pages.tiff": (pages(), "image-unsupported"),
    "frames.dcm": (frames(), "image-unsupported"),
    "mri.dcm": (to_bytes(make_radiograph(Modality="MR")), "image-unsupported"),
    "photograph.png": (photograph(), "colour"),
    "own.png": (own_result(), "own-result"),
    "jpeg-by-name.dcm": (encoded(picture(), "JPEG"), None),
    "dicom-by-name.png": (to_bytes(make_radiograph()), None),
}
"""Files, and the code of the error or of a reason for refusing; None for those that are taken."""


def codes(record: dict[str, object]) -> set[object]:
    reasons = record["reasons"]
    assert isinstance(reasons, list)
    return {record["error_code"], *(reason["code"] for reason in reasons)}


@pytest.mark.parametrize("name", IMAGES)
def test_one_gets_its_reason(server: Running, model: Path, name: str) -> None:
    data, code = IMAGES[name]
    answer = requests.post(server.predictions, data=data, params={"name": name}, timeout=20)
    record = answer.json()
    assert record == load(model).predict(Source(name, data)).to_dict()
    assert answer.status_code == (422 if record["status"] == "error" else 200)
    assert code in codes(record)


def test_all_at_once_each_get_theirs(server: Running) -> None:
    files = [("f", (name, data)) for name, (data, _) in IMAGES.items()]
    records = requests.post(server.predictions, files=files, timeout=20).json()["predictions"]
    assert [record["path"] for record in records] == list(IMAGES)
    for record, (_, code) in zip(records, IMAGES.values(), strict=True):
        assert code in codes(record)
