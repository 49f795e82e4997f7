"""DICOM files show what they are meant to show, or are refused in one clear line."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset

from pneumoscope.errors import ImageError
from pneumoscope.imaging import dicom as reading
from pneumoscope.imaging import load_pixels, look, read_acquisition
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.greys import grey_table
from pneumoscope.imaging.source import LIMITS, Limits, Source
from pneumoscope.types import Geometry
from tests.conftest import encoded, picture
from tests.imaging.dicoms import LOSSLESS, LOSSY, dicom, encode_frame, header, with_length
from tests.imaging.test_preprocess import PIXELS

RAMP = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def shown(data: bytes, limits: Limits = LIMITS) -> np.ndarray:
    return np.asarray(open_upright(Source("file.dcm", data, limits)))


def stored(bits: int) -> np.ndarray:
    """`PIXELS` in the uppermost of so many bits."""
    return PIXELS if bits == 8 else PIXELS.astype(np.uint16) << (bits - 8)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_lossless_pixels_arrive_exactly(syntax: str, bits: int) -> None:
    assert (shown(dicom(stored(bits), LOSSLESS[syntax], bits)) == PIXELS).all()


@pytest.mark.parametrize(
    ("syntax", "bits"),
    [(name, bits) for name in LOSSY for bits in (8, 12) if (name, bits) != ("jpeg baseline", 12)],
)
def test_lossy_pixels_arrive_within_the_loss_of_the_codec(syntax: str, bits: int) -> None:
    difference = shown(dicom(stored(bits), LOSSY[syntax], bits)).astype(int) - PIXELS
    assert np.abs(difference).mean() < 0.3


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_monochrome1_equals_its_twin(syntax: str, bits: int) -> None:
    inverted = (2**bits - 1 - stored(bits)).astype(stored(bits).dtype)
    twin = dicom(inverted, LOSSLESS[syntax], bits, PhotometricInterpretation="MONOCHROME1")
    assert (shown(twin) == PIXELS).all()


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big endian", "deflated"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_signed_values_are_shown_over_their_own_range(syntax: str, bits: int) -> None:
    signed = stored(bits).astype(np.int32) - 2 ** (bits - 1)
    data = dicom(signed.astype(np.int8 if bits == 8 else np.int16), LOSSLESS[syntax], bits)
    assert (shown(data) == PIXELS).all()


def test_signed_values_in_a_codestream_without_sign() -> None:
    bits = (stored(12).astype(np.int32) - 2048) & 0xFFF
    frame = encode_frame(bits.astype(np.uint16), uid.JPEGLosslessSV1, 12)
    data = dicom(stored(12), uid.JPEGLosslessSV1, 12, frame=frame, PixelRepresentation=1)
    assert (shown(data) == PIXELS).all()


def test_bits_above_those_stored_do_not_count() -> None:
    assert (shown(dicom(stored(12) | 0xF000, bits=12)) == PIXELS).all()


def test_colour_is_shown_as_it_is() -> None:
    colour = picture((48, 40, 3))
    for syntax in (uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless):
        assert (shown(dicom(colour, syntax)) == colour).all()
    smooth = np.dstack([PIXELS, PIXELS // 2, 255 - PIXELS])
    for space, interpretation in (("YCBCR", "YBR_FULL"), ("RGB", "RGB")):
        frame = imagecodecs.jpeg8_encode(smooth, level=95, colorspace="RGB", outcolorspace=space)
        data = dicom(
            smooth, uid.JPEGBaseline8Bit, frame=frame, PhotometricInterpretation=interpretation
        )
        assert np.abs(shown(data).astype(int) - smooth).mean() < 3


def grey(**changes: object) -> np.ndarray:
    """Grey levels of the values 0 to 4095 in a file of 12 bits with these elements."""
    return grey_table(header(RAMP, 12, **changes))[:4096].astype(int)


def lut(values: list[int], first: int = 0, bits: int = 8) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(values), first, bits])
    item.add_new("LUTData", "US", values)
    return [item]


def test_without_a_window_the_nominal_range_is_shown() -> None:
    assert (grey() == np.arange(4096) // 16).all()
    assert (grey(RescaleSlope=2, RescaleIntercept=-1000) == np.arange(4096) // 16).all()
    assert (grey(RescaleSlope=-1, RescaleIntercept=4095) == np.arange(4096)[::-1] // 16).all()


def test_window_maps_its_ends_to_black_and_white() -> None:
    table = grey(WindowCenter=1024, WindowWidth=512)
    assert (table[:768] == 0).all()
    assert (table[1280:] == 255).all()
    assert table[1023] == pytest.approx(127, abs=1)
    assert (np.diff(table) >= 0).all()


def test_only_the_first_window_counts() -> None:
    assert (
        grey(WindowCenter=[1024, 3000], WindowWidth=[512, 100])
        == grey(WindowCenter=1024, WindowWidth=512)
    ).all()


def test_empty_window_is_none() -> None:
    assert (grey(WindowCenter="", WindowWidth="") == grey()).all()


def test_window_is_in_units_of_the_modality_lut() -> None:
    plain = grey(WindowCenter=1024, WindowWidth=512)
    rescaled = grey(RescaleSlope=1, RescaleIntercept=-1000, WindowCenter=24, WindowWidth=512)
    assert (plain == rescaled).all()
    # What is bright for a positive slope is dark for a negative one.
    turned = grey(RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=1024, WindowWidth=512)
    assert (turned == plain[::-1]).all()


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_voi_lut_functions_rise_through_the_centre(function: str) -> None:
    table = grey(WindowCenter=2048, WindowWidth=1000, VOILUTFunction=function)
    assert table[2048] == pytest.approx(128, abs=1)
    assert (np.diff(table) >= 0).all()
    assert table[0] < 5
    assert table[-1] > 250


def test_voi_lut_comes_before_a_window() -> None:
    values = [255 - value // 16 for value in range(4096)]
    table = grey(VOILUTSequence=lut(values), WindowCenter=10, WindowWidth=10)
    assert (table == values).all()


def test_modality_lut_sequence() -> None:
    values = [15 * value for value in range(4096)]
    assert np.abs(grey(ModalityLUTSequence=lut(values, bits=16)) - np.arange(4096) // 16).max() <= 1


def test_lut_in_words_and_short_of_the_values() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [3, 1000, 8])
    item.add_new("LUTData", "OW", np.array([10, 20, 30], "<u2").tobytes())
    for name, order in (("explicit", "<"), ("big endian", ">")):
        item.LUTData = np.array([10, 20, 30], order + "u2").tobytes()
        found = shown(dicom(RAMP, LOSSLESS[name], 12, VOILUTSequence=[item])).ravel()
        assert found[[0, 1000, 1001, 1002, 4095]].tolist() == [10, 10, 20, 30, 30]


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_nothing_else_changes(interpretation: str) -> None:
    plain = grey(PhotometricInterpretation=interpretation)
    padded = grey(
        PhotometricInterpretation=interpretation,
        PixelPaddingValue=1000,
        PixelPaddingRangeLimit=900,
    )
    assert (padded[900:1001] == 0).all()
    assert (padded[:900] == plain[:900]).all()
    assert (padded[1001:] == plain[1001:]).all()


def test_padding_of_signed_values() -> None:
    ds = header(RAMP, 12, PixelRepresentation=1)
    ds.add_new("PixelPaddingValue", "SS", -2048)
    table = grey_table(ds)
    assert table[0x800] == 0
    assert table[0x7FF] == 255


# What cannot be used, and what is shown in its place
PASSED_OVER: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "slope of zero": ({"RescaleSlope": 0, "RescaleIntercept": 1}, {}),
    "slope alone": ({"RescaleSlope": 2}, {}),
    "empty slope": ({"RescaleSlope": "", "RescaleIntercept": ""}, {}),
    "no width": ({"WindowCenter": 9, "WindowWidth": 0}, {}),
    "width below 1": ({"WindowCenter": 9, "WindowWidth": "0.5"}, {}),
    "width below 0": ({"WindowCenter": 9, "WindowWidth": -9, "VOILUTFunction": "SIGMOID"}, {}),
    "no centre": ({"WindowWidth": 9}, {}),
    "first window without width": (
        {"WindowCenter": [9, 1024], "WindowWidth": [0, 512]},
        {"WindowCenter": 1024, "WindowWidth": 512},
    ),
    "more centres than widths": (
        {"WindowCenter": [1024, 7], "WindowWidth": 512},
        {"WindowCenter": 1024, "WindowWidth": 512},
    ),
    "empty sequences": ({"ModalityLUTSequence": [], "VOILUTSequence": []}, {}),
    "empty items": ({"ModalityLUTSequence": [Dataset()], "VOILUTSequence": [Dataset()]}, {}),
    "empty item, then a table": (
        {"VOILUTSequence": [Dataset(), *lut([v // 32 for v in range(4096)])]},
        {"VOILUTSequence": lut([v // 32 for v in range(4096)])},
    ),
    "empty item and a window": (
        {"VOILUTSequence": [Dataset()], "WindowCenter": 1024, "WindowWidth": 512},
        {"WindowCenter": 1024, "WindowWidth": 512},
    ),
}


@pytest.mark.parametrize("name", PASSED_OVER)
def test_what_cannot_be_used_is_passed_over(name: str) -> None:
    changes, same = PASSED_OVER[name]
    assert (grey(**changes) == grey(**same)).all()


def test_table_that_gives_one_value_is_an_error() -> None:
    with pytest.raises(ImageError, match="a broken DICOM: its modality look-up table"):
        shown(dicom(RAMP, bits=12, ModalityLUTSequence=lut([7, 7, 7])))


def test_modality_lut_is_shown_over_its_own_range() -> None:
    """Its output has 16 bits, of which it may use the lower ten only."""
    values = list(range(1024))
    table = grey(ModalityLUTSequence=lut(values, bits=16), BitsStored=10, HighBit=9)
    assert np.abs(table[:1024] - np.arange(1024) // 4).max() <= 1


def packed(values: list[int], order: str) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(values), 0, 8])
    words = np.frombuffer(bytes(values) + b"\0" * (len(values) % 2), "<u2")
    item.add_new("LUTData", "OW", words.astype(f"{order}u2").tobytes())
    return item


@pytest.mark.parametrize("count", [4095, 4096])
@pytest.mark.parametrize(("name", "order"), [("explicit", "<"), ("big endian", ">")])
def test_lut_of_bytes_two_a_word(name: str, order: str, count: int) -> None:
    values = [255 - v // 16 for v in range(count)]
    item = packed(values, order)
    found = shown(dicom(RAMP, LOSSLESS[name], 12, VOILUTSequence=[item])).ravel()
    assert (found[:count] == values).all()


@pytest.mark.parametrize("first", [-100, 65536 - 100])
def test_first_value_of_a_lut_has_the_sign_of_what_comes_in(first: int) -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [200, first, 8])
    item.add_new("LUTData", "US", list(range(200)))
    table = grey(PixelRepresentation=1, VOILUTSequence=[item])
    assert table[[0, 99, 4095, 3996, 3000]].tolist() == [100, 199, 99, 0, 0]
    rescaled = grey(RescaleSlope=1, RescaleIntercept=-100, VOILUTSequence=[item])
    assert rescaled[[0, 100, 199, 300]].tolist() == [0, 100, 199, 199]


def test_lut_of_zero_entries_has_65536() -> None:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [0, 0, 16])
    item.add_new("LUTData", "OW", np.arange(65536, dtype="<u2").tobytes())
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert (shown(dicom(ramp, VOILUTSequence=[item])) == ramp // 256).all()


@pytest.mark.parametrize(("bits", "high"), [(12, 15), (12, 13), (10, 15), (8, 15), (8, 11)])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_stored_bits_end_at_the_high_bit(syntax: str, bits: int, high: int) -> None:
    below = high + 1 - bits
    pixels = stored(bits).astype(np.uint16)
    if syntax.startswith("jpeg") and syntax != "jpeg-ls":  # codecs of the stored bits alone
        frame = encode_frame(stored(bits), LOSSLESS[syntax], bits)
        data = dicom(pixels, LOSSLESS[syntax], bits, frame=frame, HighBit=high)
    else:
        full = (pixels << below) | (2**below - 1)
        frame = None
        if LOSSLESS[syntax].is_encapsulated:
            frame = encode_frame(full, LOSSLESS[syntax], 16)
        data = dicom(full, LOSSLESS[syntax], bits, frame=frame, HighBit=high)
    assert (shown(data) == PIXELS).all()


@pytest.mark.parametrize("high", [10, 16])
def test_high_bit_without_room_is_refused(high: int) -> None:
    with pytest.raises(ImageError, match="HighBit that leaves room"):
        shown(dicom(RAMP, bits=12, HighBit=high))


def test_colour_is_what_the_jpeg_says_it_is() -> None:
    smooth = np.dstack([PIXELS, PIXELS // 2, 255 - PIXELS])
    ycbcr = imagecodecs.jpeg8_encode(smooth, level=95, colorspace="RGB", outcolorspace="YCBCR")
    assert b"JFIF" in ycbcr[:32]
    data = dicom(smooth, uid.JPEGBaseline8Bit, frame=ycbcr, PhotometricInterpretation="RGB")
    assert np.abs(shown(data).astype(int) - smooth).mean() < 3


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("syntax", [uid.JPEG2000Lossless, uid.JPEG2000])
def test_jpeg_2000_in_boxes(syntax: uid.UID, bits: int) -> None:
    frame = imagecodecs.jpeg2k_encode(
        stored(bits), level=0, codecformat="jp2", reversible=True, bitspersample=bits
    )
    assert frame[4:8] == b"jP  "
    assert (shown(dicom(stored(bits), syntax, bits, frame=frame)) == PIXELS).all()
    with pytest.raises(ImageError):
        shown(dicom(stored(bits), syntax, bits, frame=frame[:60]))


@given(
    bits=st.integers(2, 16),
    signed=st.booleans(),
    window=st.none() | st.tuples(st.floats(-3e4, 7e4), st.floats(1, 7e4)),
    slope=st.sampled_from([-2.0, 0.5, 1.0, 3.0]),
)
def test_monochrome1_is_the_mirror_of_monochrome2(
    bits: int, signed: bool, window: tuple[float, float] | None, slope: float
) -> None:
    changes: dict[str, object] = {"RescaleSlope": slope, "RescaleIntercept": 0}
    if window:
        changes |= {
            "WindowCenter": f"{window[0]:.6g}",
            "WindowWidth": f"{window[1]:.6g}",
        }
    tables = [
        grey_table(
            header(
                RAMP,
                bits,
                PixelRepresentation=int(signed),
                PhotometricInterpretation=interpretation,
                **changes,
            )
        )
        for interpretation in ("MONOCHROME1", "MONOCHROME2")
    ]
    assert (tables[0] == 255 - tables[1]).all()
    assert tables[0].dtype == np.uint8


@pytest.mark.parametrize(
    "changes",
    [
        {"SOPClassUID": uid.SecondaryCaptureImageStorage, "Modality": "OT"},
        {"SOPClassUID": uid.DigitalXRayImageStorageForProcessing},
        {"PresentationIntentType": "FOR PROCESSING"},
        {"SOPClassUID": uid.ComputedRadiographyImageStorage, "Modality": "CR"},
        {"Modality": None},
        {"SOPClassUID": "1.2.276.0.7230010.3.1.0.1"},
        {"NumberOfFrames": 1},
    ],
    ids=str,
)
def test_single_radiographs_are_read(changes: dict[str, object]) -> None:
    assert (shown(dicom(PIXELS, **changes)) == PIXELS).all()


TWO = np.concatenate([PIXELS, PIXELS])
BIG = uid.ExplicitVRBigEndian
J2K = uid.JPEG2000Lossless
REFUSED = {
    "ct": (dicom(PIXELS, Modality="CT"), "modality CT"),
    "mr": (dicom(PIXELS, Modality="MR"), "modality MR"),
    "mammogram labelled DX": (
        dicom(PIXELS, SOPClassUID=uid.DigitalMammographyXRayImageStorageForPresentation),
        "modality DX, Digital Mammography X-Ray Image Storage",
    ),
    "structured report": (
        dicom(PIXELS, Modality="SR", SOPClassUID=uid.BasicTextSRStorage, PixelData=None),
        "modality SR, Basic Text SR Storage",
    ),
    "segmentation": (
        dicom(PIXELS, Modality="OT", SOPClassUID=uid.SegmentationStorage),
        "Segmentation Storage",
    ),
    "parametric map": (
        dicom(PIXELS, Modality="OT", SOPClassUID=uid.ParametricMapStorage),
        "Parametric Map Storage",
    ),
    "presentation state": (
        dicom(PIXELS, Modality=None, SOPClassUID=uid.GrayscaleSoftcopyPresentationStateStorage),
        "Presentation State Storage",
    ),
    "document": (
        dicom(PIXELS, Modality=None, SOPClassUID=uid.EncapsulatedPDFStorage, PixelData=None),
        "Encapsulated PDF Storage",
    ),
    "no pixels": (dicom(PIXELS, PixelData=None), "no pixel data"),
    "multi-frame": (dicom(TWO, Rows=PIXELS.shape[0], NumberOfFrames=2), "a single frame"),
    "palette": (dicom(PIXELS, PhotometricInterpretation="PALETTE COLOR"), "PALETTE COLOR"),
    "32 bit": (dicom(PIXELS.astype(np.uint32)), "1 x 32 bit"),
    "bits stored": (dicom(PIXELS, BitsStored=9), "1 to 8 bits stored"),
    "mpeg": (dicom(PIXELS, uid.MPEG2MPML, frame=b"ab"), "a transfer syntax for single pictures"),
    "unknown": (
        dicom(PIXELS).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.9.9.9\0"),
        "(1.2.840.10008.9.9.9)",
    ),
    "one pixel": (dicom(PIXELS[:1, :1]), "expected sides of 32".capitalize()),
    "short of pixels": (with_length(dicom(PIXELS), (0x28, 0x10), 161), "a broken DICOM"),
    "4 GB": (
        with_length(with_length(dicom(PIXELS), (0x28, 0x10), 65535), (0x28, 0x11), 65535),
        "at most 80000000 pixels",
    ),
    "codestream of another size": (
        dicom(PIXELS, J2K, frame=encode_frame(picture((160, 121)), J2K, 8)),
        "Received (160, 121, 1)",
    ),
    "no codestream": (dicom(PIXELS, uid.JPEGLosslessSV1, frame=b"abcd"), "Received None"),
    "constant": (dicom(np.full((64, 64), 9, np.uint8)), "a single value everywhere"),
    "truncated": (dicom(PIXELS)[:-500], "a broken DICOM"),
    "head only": (dicom(PIXELS)[:140], "a transfer syntax for single pictures"),
    "no preamble": (dicom(PIXELS)[132:], "DICOM without its preamble"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused(name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(ImageError) as caught:
        shown(data)
    assert "file.dcm" in str(caught.value)
    assert reason in str(caught.value)
    assert caught.value.remedy


def test_codestream_larger_than_declared_is_not_decoded() -> None:
    frame = bytearray(encode_frame(PIXELS, J2K, 8))
    frame[8:16] = struct.pack(">II", 60000, 60000)
    with pytest.raises(ImageError, match=r"\(60000, 60000, 1\)"):
        shown(dicom(PIXELS, J2K, frame=bytes(frame)))


@pytest.mark.parametrize("repeats", [1, 2**16])
def test_run_lengths_of_another_size_are_refused(repeats: int) -> None:
    frame = struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * repeats
    with pytest.raises(ImageError, match="a broken DICOM"):
        shown(dicom(PIXELS, uid.RLELossless, frame=frame))


def test_deflated_bomb_is_not_inflated() -> None:
    data = dicom(PIXELS, uid.DeflatedExplicitVRLittleEndian)
    size = len(dicom(PIXELS, BitsStored=8))
    shown(data, Limits(file_bytes=size))
    with pytest.raises(ImageError, match="when inflated"):
        shown(data, Limits(file_bytes=PIXELS.size))
    assert len(zlib.compress(bytes(PIXELS.size))) < PIXELS.size


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3)], ids=["grey", "colour"])
def test_a_header_is_parsed_once(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    original = reading.read_preamble
    monkeypatch.setattr(
        reading, "read_preamble", lambda *a, **k: parsed.append(a) or original(*a, **k)
    )
    data = dicom(picture(shape))
    source = Source("file.dcm", data)
    pixels = [load_pixels(source, Geometry(64, 64)) for _ in range(2)]
    found = look(source).facts, read_acquisition(source)
    assert len(parsed) == 1
    assert (pixels[0] == pixels[1]).all()
    afresh = Source("file.dcm", data)
    assert found == (look(afresh).facts, read_acquisition(afresh))
    assert source == afresh


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_other_formats_do_not_wait_for_dicom(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(picture(), kind))
    code = (
        "import sys; from pathlib import Path; from pneumoscope.imaging import *;"
        f"source = read_bytes(Path({str(path)!r})); look(source); read_acquisition(source);"
        "sys.exit(bool({'pydicom', 'imagecodecs'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
