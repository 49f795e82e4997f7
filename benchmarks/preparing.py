"""Preparing: native files to pixels of the network's size, beside what plain code does.

A single thread each, in one process and in turns, files in memory. The reference for accuracy is
the whole picture, scaled down by a filter that widens as it shrinks. Plain TensorFlow is measured
as it is mostly written, and as it has to be written to come near to the reference. The last JPEG
row only undoes the entropy coding (a picture of an eighth): nobody who reads the whole file with
libjpeg can be faster than that. DICOM files are made of the same images, in 12 bits with a window,
as they mostly come. GDCM is measured where it can be imported.
"""

from __future__ import annotations

import os

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import dcmread, uid
from pydicom.pixels import apply_modality_lut, apply_voi_lut, pixel_array

from machine import parser, print_facts, print_table, sample
from pneumoscope.files import list_files
from pneumoscope.imaging import Source, load_pixels
from pneumoscope.types import Geometry

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.imaging.dicoms import dicom

Reader = Callable[[bytes], NDArray[np.uint8]]
"""Decodes a file and scales it to the size of the network."""

_SIZE = Geometry()
_SHAPE = (_SIZE.height, _SIZE.width)
# Transfer syntaxes, and the codecs of pydicom that read them ("" for none).
_SYNTAXES = {
    "uncompressed": (uid.ExplicitVRLittleEndian, {"pydicom + Pillow": ""}),
    "JPEG lossless": (uid.JPEGLosslessSV1, {"pydicom + GDCM": "gdcm"}),
    "JPEG-LS": (uid.JPEGLSLossless, {"pydicom + GDCM": "gdcm"}),
    "JPEG 2000": (
        uid.JPEG2000Lossless,
        {"pydicom + Pillow": "pillow", "pydicom + GDCM": "gdcm"},
    ),
}


@dataclass(frozen=True)
class Measured:
    """One reader on all files: the least seconds that each has taken, and the pixels."""

    seconds: NDArray[np.float64]
    pixels: NDArray[np.uint8]


def main() -> None:
    """Measures JPEG, then DICOM, and prints the tables."""
    options = parser(__doc__.splitlines()[0], images=120)
    options.add_argument("--bundle", type=Path, help="also compare the probabilities of a model")
    options.add_argument("--repeats", type=int, default=5, help="of each file; the best counts")
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        found = sample(choices.data, choices.images, Path(work))
        files = [path.read_bytes() for path in list_files(found)]
    files = [file if file.startswith(b"\xff\xd8") else _as_jpeg(file) for file in files]
    size = np.mean([len(file) for file in files]) / 1000
    print_facts(
        f"{len(files)} JPEG files, {size:.0f} kB on average",
        f"the best of {choices.repeats} for each file, in turns, one thread",
    )
    _report_jpeg(files, choices.repeats, choices.bundle)
    for name, (syntax, codecs) in _SYNTAXES.items():
        usable = {text: one for text, one in codecs.items() if one != "gdcm" or find_spec("gdcm")}
        _report_dicom(name, syntax, usable, files[:: max(1, len(files) // 24)], choices.repeats)


def _as_jpeg(file: bytes) -> bytes:
    stream = BytesIO()
    Image.open(BytesIO(file)).convert("L").save(stream, "JPEG", quality=95)
    return stream.getvalue()


def _report_jpeg(files: list[bytes], repeats: int, bundle: Path | None) -> None:
    readers = {**_tensorflow(), "Pillow, whole": _whole, "pneumoscope": _ours}
    measured = _measure({**readers, "entropy coding alone": _eighth}, files, repeats)
    reference = np.stack([_whole(file) for file in files])
    plain = measured["tf.io.decode_jpeg + tf.image.resize"]
    probabilities = _probabilities(bundle, {name: measured[name].pixels for name in readers})
    rows = []
    for name, one in measured.items():
        row = [name, *_speed(one, plain)]
        if name in readers:
            off = np.abs(one.pixels.astype(int) - reference).mean(axis=(1, 2))
            row += [f"{off.mean():.2f}", f"{off.max():.2f}", probabilities.get(name, "")]
        rows.append(row + [""] * (6 - len(row)))
    header = ["JPEG", "images/s", "ratio", "mean difference", "worst file", "worst probability"]
    print_table(header, rows)


def _report_dicom(
    name: str, syntax: uid.UID, codecs: dict[str, str], files: list[bytes], repeats: int
) -> None:
    arrays = [np.asarray(Image.open(BytesIO(file)).convert("L")) for file in files]
    made = [
        dicom(array.astype(np.uint16) << 4, syntax, 12, WindowCenter=2000, WindowWidth=3600)
        for array in arrays
    ]
    plain = {text: _pydicom(codec) for text, codec in codecs.items()}
    measured = _measure({**plain, "pneumoscope": _ours}, made, repeats)
    first = next(iter(measured.values()))
    rows = []
    for reader, one in measured.items():
        difference = np.abs(one.pixels.astype(int) - first.pixels).mean()
        rows.append([reader, *_speed(one, first), f"{difference:.2f}"])
    print_table([f"DICOM, {name}", "images/s", "ratio", "mean difference"], rows)


def _measure(readers: dict[str, Reader], files: list[bytes], repeats: int) -> dict[str, Measured]:
    seconds = {name: np.full(len(files), np.inf) for name in readers}
    for reader in readers.values():
        reader(files[0])  # loads what it needs
    for _ in range(repeats):
        for number, file in enumerate(files):
            for name, reader in readers.items():
                start = time.perf_counter()
                reader(file)
                taken = time.perf_counter() - start
                seconds[name][number] = min(seconds[name][number], taken)
    return {
        name: Measured(seconds[name], np.stack([reader(file) for file in files]))
        for name, reader in readers.items()
    }


def _speed(one: Measured, plain: Measured) -> list[str]:
    rate = len(one.seconds) / one.seconds.sum()
    return [f"{rate:,.0f}", f"**{plain.seconds.sum() / one.seconds.sum():.2f}**"]


def _ours(file: bytes) -> NDArray[np.uint8]:
    return load_pixels(Source("file", file), _SIZE)


def _whole(file: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(file)) as image:
        return np.asarray(image.convert("L").resize(_SHAPE[::-1], Image.Resampling.BILINEAR))


def _eighth(file: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(file)) as image:
        image.draft("L", (1, 1))
        return np.asarray(image.convert("L").resize(_SHAPE[::-1], Image.Resampling.NEAREST))


def _pydicom(codec: str) -> Reader:
    def read(file: bytes) -> NDArray[np.uint8]:
        ds = dcmread(BytesIO(file))
        values = apply_voi_lut(apply_modality_lut(pixel_array(ds, decoding_plugin=codec), ds), ds)
        grey = (values * (255 / (2**ds.BitsStored - 1))).astype(np.uint8)
        image = Image.fromarray(grey)
        return np.asarray(image.resize(_SHAPE[::-1], Image.Resampling.BILINEAR))

    return read


def _tensorflow() -> dict[str, Reader]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)

    def reader(channels: int, antialias: bool) -> Reader:
        def read(file: bytes) -> NDArray[np.uint8]:
            decoded = tf.io.decode_jpeg(file, channels=channels)
            resized = tf.image.resize(decoded, _SHAPE, antialias=antialias)
            return resized.numpy()[..., 0].round().astype(np.uint8)

        return read

    return {
        "tf.io.decode_jpeg + tf.image.resize": reader(1, antialias=False),
        "the same in RGB": reader(3, antialias=False),
        "the same with antialias=True": reader(1, antialias=True),
        "the same in RGB with antialias=True": reader(3, antialias=True),
    }


def _probabilities(bundle: Path | None, pixels: dict[str, NDArray[np.uint8]]) -> dict[str, str]:
    """How far the probability of any file is from that of the reference, by reader."""
    if bundle is None:
        return {}
    import onnxruntime

    from pneumoscope.bundle import read_bundle

    session = onnxruntime.InferenceSession(read_bundle(bundle).network)
    found = {
        name: session.run(["probabilities"], {"image": images[..., np.newaxis]})[0]
        for name, images in pixels.items()
    }
    reference = found["Pillow, whole"]
    return {name: f"{np.abs(one - reference).max():.3f}" for name, one in found.items()}


if __name__ == "__main__":
    main()
