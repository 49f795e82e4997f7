"""Deriving: what a predicted radiograph takes to become DICOM objects, by kind.

The radiograph is made up: smooth noise of 12 bits. There is nothing to compare with. The first
turn, which loads what the others find in memory, is left out.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Collection
from datetime import datetime
from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from machine import print_facts, print_table, spread
from pneumoscope.derived.derive import derive
from pneumoscope.derived.kinds import Kind
from pneumoscope.imaging import Source
from pneumoscope.inference import Predictor, load

_WHEN = datetime(2026, 1, 2)


def main() -> None:
    """Measures each kind alone, then all, and prints the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=2500)
    options.add_argument("--columns", type=int, default=2000)
    options.add_argument("--turns", type=int, default=7)
    choices = options.parse_args()
    print_facts(f"a radiograph of {choices.columns}x{choices.rows} pixels")
    data, predictor = _make_up(choices.rows, choices.columns), load(gate=False)
    print_table(
        ["", "ms of the processor", "ms", "MB"],
        [
            _row(name, data, predictor, kinds, choices.turns)
            for name, kinds in [*((kind, [kind]) for kind in Kind), ("all", list(Kind))]
        ],
    )


def _row(
    name: str, data: bytes, predictor: Predictor, kinds: Collection[Kind], turns: int
) -> list[str]:
    taken = [_measure(data, predictor, kinds) for _ in range(turns + 1)][1:]
    processor, clock, size = zip(*taken, strict=True)
    return [name, spread(processor), spread(clock), f"{size[0] / 1e6:.2f}"]


def _measure(
    data: bytes, predictor: Predictor, kinds: Collection[Kind]
) -> tuple[float, float, int]:
    source = Source("radiograph", data)
    explanation = predictor.explain(source)
    processor, clock = time.process_time(), time.perf_counter()
    results = derive(source, explanation, predictor, _WHEN, kinds)
    processor, clock = time.process_time() - processor, time.perf_counter() - clock
    return 1e3 * processor, 1e3 * clock, sum(len(result.data) for result in results)


def _make_up(rows: int, columns: int) -> bytes:
    coarse = np.random.default_rng(0).uniform(0, 4095, (60, 50)).astype(np.float32)
    pixels = Image.fromarray(coarse).resize((columns, rows), Image.Resampling.BICUBIC)
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = ComputedRadiographyImageStorage, "1.2.3.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = "1.2.3", "1.2.3.2", "CR"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    ds.PixelData = np.clip(np.asarray(pixels), 0, 4095).astype("<u2").tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


if __name__ == "__main__":
    main()
