"""Pictures that are no upright frontal chest radiograph, each as uint8 (h, w).

All are drawn, or made from files that ship inside numpy's neighbours: nothing is downloaded. What
is made with a seed is the same every time.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pydicom
from matplotlib import get_data_path
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from sklearn.datasets import load_sample_images

Grey = NDArray[np.uint8]

# What pydicom ships of each modality, one file of those that hold the same picture.
_SCANS = {
    "CT": ("CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "693_J2KI.dcm"),
    "MR": ("MR_small.dcm", "examples_overlay.dcm"),
    "ultrasound": ("examples_palette.dcm", "examples_rgb_color.dcm", "examples_jpeg2k.dcm"),
    "nuclear medicine": ("JPEG2000.dcm",),
}
_WORDS = ("the", "patient", "was", "seen", "with", "cough", "fever", "and", "no", "effusion")


def photographs(rng: np.random.Generator) -> Iterator[Grey]:
    """Windows of the photographs in scikit-learn and matplotlib, half of each side or more."""
    found = [Image.fromarray(image) for image in load_sample_images().images]
    found.append(Image.open(Path(get_data_path(), "sample_data", "grace_hopper.jpg")))
    while True:
        for image in found:
            yield np.asarray(_window(image.convert("L"), rng, 0.5))


def scans(rng: np.random.Generator) -> Iterator[Grey]:
    """Slices and scans of other modalities in pydicom, in windows that a reader might choose."""
    pictures = [_scan(name) for names in _SCANS.values() for name in names]
    while True:
        for values in pictures:
            low, high = np.percentile(values, (rng.uniform(0, 20), rng.uniform(95, 100)))
            grey = (255 * (values - low) / max(high - low, 1)).clip(0, 255).astype(np.uint8)
            yield np.asarray(_window(Image.fromarray(grey), rng, 0.8))


def pages(rng: np.random.Generator) -> Iterator[Grey]:
    """Pages of text, black on white or white on black."""
    while True:
        page = Image.new("L", (620, 877), 255)
        draw = ImageDraw.Draw(page)
        size = int(rng.integers(10, 40))
        for y in range(40, 830, int(1.4 * size)):
            line = " ".join(rng.choice(_WORDS, 2 + 400 // (4 * size)))
            draw.text((40, y), line, fill=0, font=ImageFont.load_default(size))
        drawn = np.asarray(page)
        yield drawn if rng.random() < 0.7 else 255 - drawn


def noise(rng: np.random.Generator) -> Iterator[Grey]:
    """Gaussian and uniform noise, smoothed by nothing to an eighth of the side."""
    while True:
        mean, deviation = rng.uniform(60, 190), rng.uniform(10, 80)
        values = rng.normal(mean, deviation, (256, 256)).clip(0, 255).astype(np.uint8)
        sigma = float(rng.choice([0, 0, 2, 8, 32]))
        smooth = np.asarray(Image.fromarray(values).filter(ImageFilter.GaussianBlur(sigma)))
        spread = smooth.astype(np.float64) - smooth.mean()
        yield (mean + deviation * spread / spread.std()).clip(0, 255).astype(np.uint8)


def plain(rng: np.random.Generator) -> Iterator[Grey]:
    """One grey with a speck, or one grey running into another."""
    while True:
        first, last = rng.integers(0, 256, 2)
        picture = np.full((200, 240), first, np.uint8)
        picture[0, 0] ^= 1
        yield picture
        ramp = np.linspace(first, last + (first == last), 240).astype(np.uint8)
        yield np.rot90(np.tile(ramp, (240, 1)), int(rng.integers(4)))


def plots(rng: np.random.Generator) -> Iterator[Grey]:
    """Figures of matplotlib: a line, bars or dots, a few with a map behind."""
    while True:
        figure = Figure((4, 4), dpi=80)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        y = rng.normal(size=30).cumsum()
        draw = (axes.plot, axes.bar, axes.scatter)[rng.integers(3)]
        draw(np.arange(30), y)
        if rng.random() < 0.25:
            axes.imshow(rng.random((12, 12)), aspect="auto", extent=(0, 30, -5, 5))
        stream = io.BytesIO()
        figure.savefig(stream)
        yield np.asarray(Image.open(stream).convert("L"))


KINDS = {
    "photographs": photographs,
    "CT, MR, US, NM": scans,
    "pages of text": pages,
    "noise": noise,
    "plain colours": plain,
    "plots": plots,
}


def of_kind(name: str, count: int) -> list[Grey]:
    """So many pictures of a kind, always the same."""
    return list(islice(KINDS[name](np.random.default_rng(0)), count))


def corner(pixels: Grey) -> Grey:
    """The upper left quarter of a picture."""
    return pixels[: pixels.shape[0] // 2, : pixels.shape[1] // 2]


SPOILT: dict[str, Callable[[Grey], Grey]] = {
    "turned left": lambda pixels: np.rot90(pixels),
    "turned right": lambda pixels: np.rot90(pixels, 3),
    "upside down": lambda pixels: np.rot90(pixels, 2),
    "inverted": lambda pixels: 255 - pixels,
    "a corner only": corner,
}
"""What may have happened to a radiograph before it came."""


def _scan(name: str) -> NDArray[np.float64]:
    root = Path(pydicom.__file__).parent / "data" / "test_files"
    values = pydicom.dcmread(root / name).pixel_array
    return values.mean(axis=-1) if values.ndim == 3 else values.astype(np.float64)


def _window(image: Image.Image, rng: np.random.Generator, least: float) -> Image.Image:
    width, height = (round(side * rng.uniform(least, 1)) for side in image.size)
    x, y = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((x, y, x + width, y + height))
