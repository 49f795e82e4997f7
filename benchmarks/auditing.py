"""Auditing: a whole audit of image files, and the search for near duplicates as it grows.

The search runs on made-up thumbnails, smooth as radiographs are (the amplitude of a wave falls
with the square of its frequency), so that it can be given more than anybody has at hand. One in a
hundred comes again, fainter and with noise. It is also run with all pairs compared, as long as
that is bearable: the exact answer, and what it would cost.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from machine import PNEUMOSCOPE, parser, print_facts, print_table, run, sample
from pneumoscope.dataset.audit import near
from pneumoscope.files import list_files
from pneumoscope.imaging import THUMBNAIL

_COPIED = 100  # one in so many
_BEARABLE = 30_000  # pictures, with all pairs compared


def main() -> None:
    """Measures the audit, then the search, and prints both tables."""
    options = parser(__doc__.splitlines()[0], images=500)
    options.add_argument(
        "--pictures", type=int, nargs="*", default=[10_000, 30_000, 100_000], help="to search in"
    )
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        images = sample(choices.data, choices.images, folder)
        print_facts(f"images: {'phantoms' if choices.data is None else choices.data.name}")
        count = sum(1 for _ in list_files(images))
        done = run(PNEUMOSCOPE, "data", "audit", images, "-o", folder / "audit.html")
        print_table(
            ["images", "seconds", "images/s", "peak memory (MB)", "page (MB)"],
            [
                [
                    f"{count:,}",
                    f"{done.seconds:.1f}",
                    f"{count / done.seconds:,.0f}",
                    f"{done.peak / 1e6:,.0f}",
                    f"{(folder / 'audit.html').stat().st_size / 1e6:.1f}",
                ]
            ],
        )
    print_table(
        ["pictures", "seconds", "us each", "memory (MB)", "copies found", "all pairs (s)"],
        [_search(count) for count in choices.pictures],
    )


def _search(count: int) -> list[str]:
    thumbnails, copies = _make_up(count)
    clock = time.perf_counter()
    found = near.near_pairs(thumbnails)
    seconds = time.perf_counter() - clock
    tracemalloc.start()
    near.near_pairs(thumbnails)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    wanted = [pair for pair in copies if _correlation(thumbnails, *pair) >= near.THRESHOLD]
    return [
        f"{count:,}",
        f"{seconds:.1f}",
        f"{1e6 * seconds / count:.0f}",
        f"{peak / 1e6:,.0f}",
        f"{sum(pair in found for pair in wanted)} of {len(wanted)}",
        f"{_compare_all(thumbnails):.1f}" if count <= _BEARABLE else "-",
    ]


def _make_up(count: int) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """Thumbnails, and which are copies of which."""
    rng = np.random.default_rng(count)
    down, across = np.fft.fftfreq(THUMBNAIL)[:, None], np.fft.rfftfreq(THUMBNAIL)[None]
    falling = (1 + THUMBNAIL * np.hypot(down, across)) ** -2
    pictures = np.empty((count, THUMBNAIL, THUMBNAIL), np.float32)
    for start in range(0, count, 10_000):
        part = pictures[start : start + 10_000]
        noise = rng.standard_normal(part.shape, np.float32)
        part[:] = np.fft.irfft2(np.fft.rfft2(noise) * falling)
    pictures /= pictures.std(axis=(1, 2), keepdims=True)
    pictures = 128 + 40 * pictures
    copies = count // _COPIED
    noise = rng.normal(0, 2, (copies, THUMBNAIL, THUMBNAIL))
    pictures[-copies:] = pictures[:copies] * rng.uniform(0.8, 1, (copies, 1, 1)) + noise
    pairs = [(index, count - copies + index) for index in range(copies)]
    return pictures.clip(0, 255).astype(np.uint8), pairs


def _correlation(thumbnails: NDArray[np.uint8], first: int, second: int) -> float:
    return float(np.corrcoef(thumbnails[first].ravel(), thumbnails[second].ravel())[0, 1])


def _compare_all(thumbnails: NDArray[np.uint8]) -> float:
    """Seconds that it takes to compare all with all."""
    clock = time.perf_counter()
    rows = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    for start in range(0, len(rows), 1000):
        np.argwhere(rows[start : start + 1000] @ rows.T >= near.THRESHOLD)
    return time.perf_counter() - clock


if __name__ == "__main__":
    main()
