"""Archives of many files, made of a few radiographs or made up, for benchmarks of size."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image

from pneumoscope.dataset import scan

_SOI = b"\xff\xd8"  # ITU-T T.81, table B.1: start of image, and a comment
_COM = b"\xff\xfe"
_IMAGES_A_PATIENT = 2
_NAMES = ("NORMAL2-IM-{:06}-{:04}.jpeg", "person{}_bacteria_{}.jpeg")
_CLASSES = ("NORMAL", "PNEUMONIA")


def make_archive(source: Path, folder: Path, count: int) -> None:
    """Writes copies of real JPEG files, no two of the same bytes, into class folders.

    Each copy holds its number in a comment, and has a name as published; two are of one patient.

    Args:
        source: a data set of two classes, whose JPEG files are copied in turn.
        folder: folder to write; files that it holds already are left as they are.
        count: number of copies.
    """
    records = [record for record in scan(source).records if _begins_jpeg(record.path)]
    for number, record in enumerate(islice(cycle(records), count)):
        path = _locate(folder, record.label, number)
        if not path.exists():
            comment = f"copy {number}".encode()
            segment = _COM + struct.pack(">H", 2 + len(comment)) + comment
            path.write_bytes(_SOI + segment + record.path.read_bytes()[len(_SOI) :])


def make_up(folder: Path, count: int, side: int = 64) -> None:
    """Writes made-up pictures, smooth as radiographs are, as small JPEG files into class folders.

    Args:
        folder: folder to write; files that it holds already are left as they are.
        count: number of pictures.
        side: width and height of each, in pixels.
    """
    for number, picture in enumerate(islice(smooth_pictures(count, side), count)):
        path = _locate(folder, number // _IMAGES_A_PATIENT % 2, number)
        if not path.exists():
            Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(path, quality=90)


def smooth_pictures(seed: int, side: int) -> Iterator[np.ndarray]:
    """Yields made-up pictures without an end, float32 of shape (side, side) about 128.

    The amplitude of a wave falls with the square of its frequency.
    """
    rng = np.random.default_rng(seed)
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    falling = (1 + side * np.hypot(down, across)) ** -2
    falling[0, 0] = 0
    while True:
        noise = np.fft.rfft2(rng.standard_normal((256, side, side), np.float32)) * falling
        pictures = np.fft.irfft2(noise).astype(np.float32)
        yield from 128 + 40 * pictures / pictures.std(axis=(1, 2), keepdims=True)


def _locate(folder: Path, label: int, number: int) -> Path:
    patient, image = divmod(number, _IMAGES_A_PATIENT)
    path = folder / _CLASSES[label] / _NAMES[label].format(patient + 1, image + 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _begins_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_SOI)) == _SOI
