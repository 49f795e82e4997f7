"""A file that is cut off is refused, or gives the same pixels; bytes behind its end are ignored."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageFile
from pydicom import uid

from pneumoscope.errors import ImageError
from pneumoscope.imaging import load_display, look, read_acquisition
from pneumoscope.imaging.codestream import read_declared
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import Source
from tests.conftest import encoded, picture
from tests.imaging.dicoms import LOSSLESS, LOSSY, dicom, encode_frame

_WAVES = 120 + 60 * np.sin(np.arange(72) / 9)[:, None] * np.cos(np.arange(80) / 7)
SMOOTH = (_WAVES + picture((72, 80)) / 16).astype(np.uint8)
DEEP = SMOOTH.astype(np.uint16) * 16 + picture((72, 80), seed=1) % 16
IMAGE = Image.fromarray(SMOOTH)
COLOUR = Image.merge("RGB", [IMAGE, IMAGE.rotate(180), IMAGE])

FILES = {
    "jpeg": encoded(IMAGE, "JPEG", quality=90),
    "jpeg colour": encoded(COLOUR, "JPEG", quality=90),
    "jpeg progressive": encoded(IMAGE, "JPEG", progressive=True),
    "jpeg of restarts": encoded(IMAGE, "JPEG", restart_marker_rows=1),
    "png": encoded(IMAGE),
    "png 16 bit": encoded(DEEP),
    "bmp": encoded(IMAGE, "BMP"),
    "tiff": encoded(IMAGE, "TIFF"),
    "tiff lzw": encoded(IMAGE, "TIFF", compression="tiff_lzw"),
    "tiff jpeg": encoded(IMAGE, "TIFF", compression="jpeg"),
    "tiff packed": encoded(IMAGE, "TIFF", compression="packbits"),
    "tiff deflated": encoded(IMAGE, "TIFF", compression="tiff_adobe_deflate"),
    "webp": encoded(IMAGE, "WEBP"),
    "webp lossless": encoded(IMAGE, "WEBP", lossless=True),
    **{f"dicom {name}": dicom(SMOOTH, syntax) for name, syntax in {**LOSSLESS, **LOSSY}.items()},
}
FRAMES = {
    f"{name} {bits}": (SMOOTH if bits == 8 else DEEP, syntax, bits)
    for name, syntax in {**LOSSLESS, **LOSSY}.items()
    for bits in (8, 12)
    if syntax.is_encapsulated and (name, bits) != ("jpeg baseline", 12)
}
# The last bytes are not cut off: the tail would take their place.
_SPARED = 4


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(open_upright(Source("file", data)))


def refused_or_same(data: bytes, whole: np.ndarray) -> bool:
    try:
        return np.array_equal(pixels(data), whole)
    except ImageError:
        return True


def cuts(length: int) -> list[int]:
    """Forty places, and all of the last ones."""
    return [*range(1, length - 24, max(1, length // 40)), *range(max(1, length - 24), length)]


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_cut_off_are_refused(name: str) -> None:
    data, whole = FILES[name], pixels(FILES[name])
    assert not [cut for cut in cuts(len(data)) if not refused_or_same(data[:cut], whole)]
    # Most formats have no checksum that would tell zeros from a picture.
    zeros = [data[:cut] + bytes(len(data) - cut) for cut in cuts(len(data))]
    if not name.startswith(("bmp", "dicom", "tiff", "webp")):
        assert not [at for at, one in enumerate(zeros) if not refused_or_same(one, whole)]


@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "png", "bmp", "tiff", "webp"])
def test_bytes_behind_a_picture_are_ignored(name: str) -> None:
    assert np.array_equal(pixels(FILES[name] + b"\0\xff behind"), pixels(FILES[name]))


@pytest.mark.parametrize("tail", [b"", b"\xff\xd9", bytes(64)], ids=repr)
@pytest.mark.parametrize("name", FRAMES)
def test_frames_that_are_cut_off_are_refused(name: str, tail: bytes) -> None:
    values, syntax, bits = FRAMES[name]
    make = partial(dicom, values, syntax, bits)
    frame, whole = encode_frame(values, syntax, bits), pixels(make())
    places = [cut for cut in cuts(len(frame)) if cut < len(frame) - _SPARED]
    assert not [cut for cut in places if not refused_or_same(make(frame=frame[:cut] + tail), whole)]


@pytest.mark.parametrize("name", [name for name in FRAMES if not name.startswith("rle")])
def test_frames_whose_rest_is_zeros_are_refused(name: str) -> None:
    """Fills the rest of a file with zeros, as a transfer that ended early leaves it."""
    values, syntax, bits = FRAMES[name]
    frame = encode_frame(values, syntax, bits)
    for cut in cuts(len(frame) - _SPARED):
        with pytest.raises(ImageError):
            pixels(dicom(values, syntax, bits, frame=frame[:cut] + bytes(len(frame) - cut)))


@pytest.mark.parametrize("name", ["jpeg", "jpeg progressive", "jpeg of restarts"])
def test_bytes_missing_inside_are_refused(name: str) -> None:
    data, whole = FILES[name], pixels(FILES[name])
    start = data.index(b"\xff\xda") + 14
    places = range(start, len(data) - 140, 25)
    refused = [refused_or_same(data[:at] + data[at + 130 :], whole) for at in places]
    assert np.mean(refused) > 0.9  # some leave a picture that is complete, though another


def test_truncated_files_are_refused_whatever_the_process_allows_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for name in ("jpeg", "png", "bmp", "tiff", "tiff lzw", "webp"):
        with pytest.raises(ImageError):
            pixels(FILES[name][: len(FILES[name]) * 2 // 3])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_a_frame_of_jpeg_ls_without_its_end_is_refused_at_once() -> None:
    frame = encode_frame(SMOOTH, uid.JPEGLSLossless, 8)
    with pytest.raises(ImageError, match="no end of image"):
        pixels(dicom(SMOOTH, uid.JPEGLSLossless, frame=frame[:-200]))


def test_what_a_decoder_would_take_is_limited() -> None:
    """A few kilobytes that would become more than a gigabyte."""
    for mode, kind in (("RGBA", "PNG"), ("RGB", "WEBP")):
        data = encoded(Image.new(mode, (8000, 8000)), kind)
        assert len(data) < 400_000
        with pytest.raises(ImageError, match="bytes when decoded"):
            pixels(data)


def test_runs_of_a_bitmap_are_limited() -> None:
    """Pillow decodes them one by one in Python: a header of many pixels is enough."""
    head = b"BM" + (1078).to_bytes(4, "little") + bytes(4) + (1078).to_bytes(4, "little")
    info = (40).to_bytes(4, "little") + 2 * (3000).to_bytes(4, "little") + b"\1\0\x08\0\1\0\0\0"
    data = head + info + bytes(20) + bytes(range(256)) * 4 + b"\1\xff" * 100
    with pytest.raises(ImageError, match="bytes when decoded"):
        pixels(data)


def test_a_side_that_would_round_to_nothing_is_shown() -> None:
    data = encoded(Image.linear_gradient("L").resize((60_000, 32)))
    assert load_display(Source("flat", data)).shape == (1, 768)


@pytest.mark.parametrize("read", [look, read_acquisition, load_display])
def test_whatever_a_header_raises_names_the_file(
    read: Callable[[Source], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Source) -> None:
        raise NotImplementedError("Unknown Value Representation")

    monkeypatch.setattr("pneumoscope.imaging.dicom.read_header", fail)
    with pytest.raises(ImageError, match=r"odd\.dcm is a broken DICOM: Unknown"):
        read(Source("odd.dcm", dicom(SMOOTH)))


def test_decoders_print_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("tiff lzw", "tiff jpeg", "tiff deflated", "dicom implicit"):
        data = FILES.get(name, dicom(SMOOTH))
        for cut in cuts(len(data)):
            refused_or_same(data[:cut], SMOOTH)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "before", [b"\xff\xd0", b"\xff\x01", b"\xff\x00", b"\xff\xd7\xff"], ids=repr
)
def test_a_lossless_jpeg_is_none_of_dct_whatever_stands_before_its_frame(before: bytes) -> None:
    """A marker without a length would have the frame stepped over, and another one behind read."""
    data = imagecodecs.jpeg8_encode(SMOOTH, lossless=True)
    frame = data.index(b"\xff\xc3")
    behind = b"\xff\xc0\x00\x0b\x08\x00\x48\x00\x50\x01\x01\x11\x00"
    hostile = data[:frame] + before + data[frame:] + bytes(0x10000) + behind
    declared = read_declared(hostile)
    assert declared is None or not declared.dct


def test_lossless_jpegs_that_are_cut_off_are_refused() -> None:
    data = imagecodecs.jpeg8_encode(SMOOTH, lossless=True)
    assert np.array_equal(pixels(data), SMOOTH)
    assert not [cut for cut in cuts(len(data)) if not refused_or_same(data[:cut], SMOOTH)]
