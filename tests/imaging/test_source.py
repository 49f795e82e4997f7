"""Files are recognised by their bytes, and refused in one clear line."""

from __future__ import annotations

import errno
import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.errors import ImageError
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.formats import is_stray, sniff
from pneumoscope.imaging.source import Limits, Source, read_bytes, read_stream
from tests.conftest import encoded, picture

PNG = encoded(picture())
JPEG = encoded(picture(), "JPEG")


@pytest.mark.parametrize(("data", "kind"), [(PNG, "PNG"), (JPEG, "JPEG")])
def test_format_is_recognised_by_bytes_not_name(data: bytes, kind: str) -> None:
    assert sniff(Source("misnamed.txt", data)) == kind
    assert open_upright(Source("misnamed.txt", data)).size == (40, 48)


ONE_GREY, ONE_COLOUR = np.full((64, 64), 77, np.uint8), np.full((64, 64, 3), 77, np.uint8)
NO_PREAMBLE = b"\x02\0\0\0UL\4\0" + bytes(50)
# content, words of the error, its code
BROKEN = {
    "empty": (b"", "an empty file", "image-empty"),
    "text": (b"NORMAL\n", "not an image that can be read", "image-unknown-format"),
    "gif": (b"GIF89a" + bytes(50), "not an image that can be read", "image-unknown-format"),
    "no preamble": (NO_PREAMBLE, "without its preamble", "image-unknown-format"),
    "truncated jpeg": (JPEG[: len(JPEG) // 2], "a broken JPEG", "image-broken"),
    "truncated png": (PNG[: len(PNG) // 2], "a broken PNG", "image-broken"),
    "png head only": (PNG[:8], "a broken PNG", "image-broken"),
    "one pixel": (encoded(picture((1, 1))), "Expected sides of 32 pixels", "image-too-small"),
    "constant": (encoded(ONE_GREY), "a single value everywhere", "image-blank"),
    "constant colour": (encoded(ONE_COLOUR), "a single value everywhere", "image-blank"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_refused_by_name(name: str) -> None:
    data, reason, code = BROKEN[name]
    with pytest.raises(ImageError) as caught:
        open_upright(Source("file.png", data))
    assert "file.png" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.remedy
    assert caught.value.code == code
    assert caught.value.values["path"] == "file.png"


@pytest.mark.parametrize(("side", "fits"), [(31, False), (32, True)])
def test_least_side(side: int, fits: bool) -> None:
    source = Source("small.png", encoded(picture((side, 64))))
    if fits:
        assert open_upright(source).height == side
    else:
        with pytest.raises(ImageError, match="64x31"):
            open_upright(source)


@pytest.mark.parametrize(("limit", "fits"), [(48 * 40, True), (48 * 40 - 1, False)])
def test_most_pixels(limit: int, fits: bool) -> None:
    source = Source("a.png", PNG, Limits(pixels=limit))
    if fits:
        open_upright(source)
    else:
        with pytest.raises(ImageError, match="at most 1919 pixels") as caught:
            open_upright(source)
        assert caught.value.code == "image-too-large"


@pytest.mark.parametrize(("limit", "fits"), [(48 * 40 * 2, True), (48 * 40 * 2 - 1, False)])
def test_most_bytes_when_decoded(limit: int, fits: bool) -> None:
    data = encoded(picture().astype(np.uint16) << 8)
    source = Source("deep.png", data, Limits(decoded_bytes=limit))
    if fits:
        open_upright(source)
    else:
        with pytest.raises(ImageError, match="at most 3839 bytes when decoded"):
            open_upright(source)


@pytest.mark.parametrize(("limit", "fits"), [(len(PNG), True), (len(PNG) - 1, False)])
def test_most_bytes(limit: int, fits: bool, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    limits = Limits(file_bytes=limit)
    if fits:
        assert read_bytes(tmp_path / "a.png", limits).data == PNG
    else:
        with pytest.raises(ImageError, match="too large") as caught:
            read_bytes(tmp_path / "a.png", limits)
        assert caught.value.code == "image-too-large"
        assert caught.value.values == {"path": str(tmp_path / "a.png"), "limit": limit}


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file") as caught:
        read_bytes(tmp_path / "none.png")
    assert caught.value.code == "image-missing"
    with pytest.raises(ImageError, match="is a directory") as caught:
        read_bytes(tmp_path)
    assert caught.value.code == "image-no-file"


# errors of the system, and their codes
OPENING = [
    (PermissionError(errno.EACCES, "Permission denied"), "image-denied"),
    (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "image-missing"),
    (ValueError("embedded null byte"), "image-missing"),
    (OSError(errno.EIO, "Input/output error"), "image"),
]


@pytest.mark.parametrize(("error", "code"), OPENING)
def test_what_cannot_be_opened(
    error: Exception, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ImageError) as caught:
        read_bytes(tmp_path / "a.png")
    assert caught.value.code == code


@given(st.binary(max_size=300), st.sampled_from([b"", PNG[:60], JPEG[:60]]))
def test_no_bytes_raise_anything_but_image_error(tail: bytes, head: bytes) -> None:
    with pytest.raises(ImageError):
        open_upright(Source("fuzz", head + tail))


@pytest.mark.parametrize("kind", ["pipe", "device", "link to a device"])
def test_endless_files_are_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "endless.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(ImageError, match="is not a file but a pipe"):
        read_bytes(path)


def test_streams_are_read_as_far_as_an_image_may_reach() -> None:
    limits = Limits(file_bytes=100)
    assert read_stream("-", BytesIO(b"x" * 100), limits).data == b"x" * 100
    endless = read_stream("-", BytesIO(b"x" * 1000), limits)
    assert len(endless.data) == 101
    with pytest.raises(ImageError, match="too large"):
        sniff(endless)


STRAYS = {
    "README.txt": b"hello",
    "labels.csv": b"path,label\n",
    "notes": b"",
    "settings.json": b"{}",
}
PICTURES = {
    "a.jpg": b"",  # promises a picture: reported as broken
    "b.heic": b"\0\0\0 ftypheic",
    "1.2.826.7": bytes(128) + b"DICM",
    "IM0001": b"\x08\0\x05\0CS",  # without its preamble
    "c.txt": PNG,
}


@pytest.mark.parametrize("name", [*STRAYS, *PICTURES])
def test_files_that_are_there_for_another_reason(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes({**STRAYS, **PICTURES}[name])
    assert is_stray(path) is (name in STRAYS)


def test_what_cannot_be_opened_is_no_stray(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    assert not is_stray(tmp_path / "dangling")
    assert not is_stray(tmp_path / "pipe")
