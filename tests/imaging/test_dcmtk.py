"""Grey levels are those of DCMTK, an independent implementation of the Standard."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid
from pydicom.data import get_testdata_files
from pydicom.dataset import Dataset

from pneumoscope.errors import ImageError
from pneumoscope.imaging import dicom as reading
from pneumoscope.imaging.decode import open_upright
from pneumoscope.imaging.source import Source
from tests.imaging.dicoms import LOSSLESS, dicom

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning"),  # of pydicom, about its own test files
    pytest.mark.skipif(shutil.which("dcmj2pnm") is None, reason="DCMTK is not installed"),
]

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)
TWELVE = (RAMP % 4096).astype(np.uint16)
EIGHT = (RAMP % 256).astype(np.uint8)
SMOOTH = np.dstack([EIGHT, EIGHT // 2, 255 - EIGHT])


def table(data: list[int], first: int = 0, bits: int = 8, packed: bool = False) -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(data), first, bits])
    if packed:
        item.add_new("LUTData", "OW", np.asarray(data, np.uint8).tobytes())
    else:
        item.add_new("LUTData", "OW", np.asarray(data, "<u2").tobytes())
    return [item]


def short(data: list[int], entries: int, count: int = 4096) -> list[Dataset]:
    """A LUT with another number of entries than its descriptor says."""
    items = table(data[:entries])
    items[0].LUTDescriptor = [count, 0, 8]
    return items


def labelled_rgb(**options: object) -> bytes:
    return imagecodecs.jpeg8_encode(SMOOTH, level=95, colorspace="RGB", **options)


ROOT = [round(255 * (i / 4095) ** 0.5) for i in range(4096)]
DEEP_ROOT = [round(4095 * (i / 4095) ** 0.5) for i in range(4096)]
SIGNED = (RAMP.astype(np.int32) - 32768).astype(np.int16)
FILES: dict[str, bytes] = {
    "nominal 8": dicom(EIGHT),
    "nominal 12": dicom(TWELVE, bits=12),
    "nominal 16": dicom(RAMP),
    "signed": dicom(SIGNED),
    "MONOCHROME1": dicom(TWELVE, bits=12, PhotometricInterpretation="MONOCHROME1"),
    "high bit above": dicom(TWELVE << 4, bits=12, HighBit=15),
    "high bit above, overlay below": dicom((TWELVE << 4) | 5, bits=12, HighBit=15),
    "high bit between": dicom((TWELVE >> 2) << 3, bits=10, HighBit=12),
    "overlay bits above": dicom(TWELVE | 0xA000, bits=12),
    "high bit, signed": dicom(
        ((TWELVE << 4) & 0xFFFF).astype(np.int16), bits=12, HighBit=15, WindowCenter=0,
        WindowWidth=1000,
    ),
    "modality LUT": dicom(TWELVE, bits=12, ModalityLUTSequence=table(DEEP_ROOT, bits=12)),
    "modality LUT, window": dicom(
        TWELVE >> 2, bits=10, ModalityLUTSequence=table([4 * i for i in range(1024)], bits=16),
        WindowCenter=2048, WindowWidth=4096,
    ),
    "modality LUT, VOI LUT": dicom(
        TWELVE, bits=12, ModalityLUTSequence=table(DEEP_ROOT, bits=12),
        VOILUTSequence=table(ROOT),
    ),
    "VOI LUT": dicom(TWELVE, bits=12, VOILUTSequence=table(ROOT)),
    "VOI LUT, 12 bits": dicom(TWELVE, bits=12, VOILUTSequence=table(DEEP_ROOT, bits=12)),
    "VOI LUT, packed": dicom(TWELVE, bits=12, VOILUTSequence=table(ROOT, packed=True)),
    "VOI LUT, MONOCHROME1": dicom(
        TWELVE, bits=12, VOILUTSequence=table(ROOT), PhotometricInterpretation="MONOCHROME1"
    ),
    "VOI LUT, short of its count": dicom(TWELVE, bits=12, VOILUTSequence=short(ROOT, 3000)),
    "VOI LUT, beyond its count": dicom(TWELVE, bits=12, VOILUTSequence=short(ROOT, 4096, 3000)),
    "VOI LUT, first value": dicom(TWELVE, bits=12, VOILUTSequence=table(ROOT[:1000], 1500)),
    "VOI LUT, first below zero": dicom(
        SIGNED, VOILUTSequence=table(ROOT, -2048), PixelRepresentation=1
    ),
    "VOI LUT, first below zero as US": dicom(
        SIGNED, VOILUTSequence=table(ROOT, 65536 - 2048), PixelRepresentation=1
    ),
    "VOI LUT, first below zero by rescale": dicom(
        TWELVE, bits=12, RescaleSlope=1, RescaleIntercept=-1024,
        VOILUTSequence=table(ROOT, 65536 - 1024),
    ),
    "window": dicom(TWELVE, bits=12, WindowCenter=1024, WindowWidth=512),
    "window of 1": dicom(TWELVE, bits=12, WindowCenter=1024, WindowWidth=1),
    "window, signed": dicom(SIGNED, WindowCenter=-100, WindowWidth=20000),
    "several windows": dicom(TWELVE, bits=12, WindowCenter=[99, 2048], WindowWidth=[333, 900]),
    "window, MONOCHROME1": dicom(
        TWELVE, bits=12, WindowCenter=1024, WindowWidth=900, PhotometricInterpretation="MONOCHROME1"
    ),
    "sigmoid": dicom(
        TWELVE, bits=12, WindowCenter=1024, WindowWidth=900, VOILUTFunction="SIGMOID"
    ),
    "rescale": dicom(TWELVE, bits=12, RescaleSlope=2, RescaleIntercept=-1000),
    "rescale, window": dicom(
        TWELVE, bits=12, RescaleSlope="0.5", RescaleIntercept=-1000, WindowCenter=0, WindowWidth=900
    ),
    "slope below zero": dicom(
        TWELVE, bits=12, RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=1024, WindowWidth=512
    ),
    "slope of zero": dicom(TWELVE, bits=12, RescaleSlope=0, RescaleIntercept=3),
    "slope missing": dicom(
        TWELVE, bits=12, RescaleIntercept=-1000, WindowCenter=1024, WindowWidth=512
    ),
    "JFIF": dicom(
        SMOOTH, uid.JPEGBaseline8Bit, frame=labelled_rgb(outcolorspace="YCBCR"),
        PhotometricInterpretation="YBR_FULL",
    ),
    **{f"syntax {name}": dicom(TWELVE, syntax, 12) for name, syntax in LOSSLESS.items()},
}  # fmt: skip

# Where the file leaves open what is shown, and DCMTK's options say it.
OPTIONS: dict[str, tuple[str, ...]] = {
    # By itself, DCMTK shows the range of all bits of the table's output; ours is the table's own.
    "fo-dicom__CR-ModalitySequenceLUT.dcm": ("+Ww", "512", "1024"),
    "slope missing": ("+Wi", "1"),
}
# DCMTK cuts the values of the modality stage down to whole numbers.
LOOSER = {"rescale, window": 2}
# DCMTK reads neither JPEG 2000 nor (without another program) JPEG-LS: these get our stored values.
_OURS_ALONE = {*uid.JPEG2000TransferSyntaxes, *uid.JPEGLSTransferSyntaxes}


def by_dcmtk(data: bytes, name: str, folder: Path) -> np.ndarray:
    ds = pydicom.dcmread(BytesIO(data))
    options: tuple[str, ...] = ("-W",)
    if ds.get("VOILUTSequence"):
        options = ("+Wl", "1")
    elif ds.get("WindowWidth"):
        options = ("+Wi", "1")
    if ds.file_meta.TransferSyntaxUID in _OURS_ALONE:
        header = reading.read_header(Source(name, data))
        ds.PixelData = reading._read_stored(Source(name, data), header).tobytes()
        ds["PixelData"].is_undefined_length = False
        ds.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
        stream = BytesIO()
        ds.save_as(stream, implicit_vr=False, little_endian=True)
        data = stream.getvalue()
    (folder / "in.dcm").write_bytes(data)
    command = ["dcmj2pnm", "-q", "-O", "+ob", *OPTIONS.get(name, options), "in.dcm", "out.pnm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"DCMTK does not read it: {done.stderr.strip()[:99]}")
    return np.asarray(Image.open(folder / "out.pnm"))


def compare(data: bytes, name: str, folder: Path) -> None:
    ours = np.asarray(open_upright(Source(name, data), blank=True)).astype(int)
    theirs = by_dcmtk(data, name, folder)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= LOOSER.get(name, 1)


@pytest.mark.parametrize("name", FILES)
def test_made_for_this(name: str, tmp_path: Path) -> None:
    compare(FILES[name], name, tmp_path)


def test_real(real: Path, tmp_path: Path) -> None:
    for path in sorted((real / "dicom").rglob("*.dcm")):
        data = path.read_bytes()
        try:
            open_upright(Source(path.name, data))
        except ImageError:  # of another modality
            continue
        compare(data, path.name, tmp_path)


@pytest.mark.parametrize(
    "path", [p for p in get_testdata_files() if p.endswith(".dcm")], ids=lambda p: Path(p).name
)
def test_files_of_pydicom(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path(path).read_bytes()
    monkeypatch.setattr(reading, "_check_kind", lambda *_: None)
    try:
        open_upright(Source("x", data), blank=True)
    except ImageError as error:
        pytest.skip(f"not read: {error}"[:120])
    compare(data, Path(path).name, tmp_path)
