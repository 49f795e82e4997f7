"""Grey levels of the stored values of a DICOM picture. Clauses are of DICOM PS3.3 and PS3.5.

Stored values go through the modality LUT, the VOI LUT or the first window, and MONOCHROME1 is
inverted last. All of that depends on the stored value alone, so it is computed once for each
possible value, and the picture is mapped by the look-up table. Overlays and shutters are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from pneumoscope.imaging.window import WHITEST, Window

Values = NDArray[np.float64]


def grey_table(ds: Dataset) -> NDArray[np.uint8]:
    """Computes the grey level of every stored value.

    The modality LUT (C.11.1) is applied, then the first VOI LUT or else the first window (C.11.2)
    that can be used: items without data, windows without width and a slope of zero are passed
    over, as DCMTK does. Where there is neither, the VOI stage is the identity, and the full range
    of values that the modality stage can give is shown, as for a PNG of 16 bits: what is black
    never depends on what else is in the picture. Values from `PixelPaddingValue` to
    `PixelPaddingRangeLimit` are padding (C.7.5.1.1.2) and become black. MONOCHROME1 is inverted
    (C.7.6.3.1.2); Presentation LUT Shape only repeats the photometric interpretation
    (C.8.11.3.1.2).

    Args:
        ds: header of a grey picture.

    Returns:
        uint8 of shape (2 ** BitsAllocated,), indexed by the stored bits read as unsigned.

    Raises:
        ValueError: if the transformation gives the same for every value.
    """
    stored = _stored_values(ds)
    fraction = _voi(ds, _modality(ds, stored))
    # The upper eight bits of the range, as everywhere.
    grey = (256 * fraction).clip(0, 255).astype(np.uint8)
    if ds.PhotometricInterpretation == "MONOCHROME1":
        grey = 255 - grey
    grey[_is_padding(ds, stored)] = 0
    return grey


def deep_table(ds: Dataset) -> tuple[NDArray[np.uint16], Window]:
    """Computes a value of 16 bits for every stored value, and the window that `grey_table` applies.

    What lies outside of the window keeps its differences. Values that go through a VOI LUT, a
    sigmoid or a step, which are no windows, come out as these show them.

    Args:
        ds: header of a grey picture.

    Returns:
        uint16 of shape (2 ** BitsAllocated,), indexed by the stored bits read as unsigned; and the
        window.

    Raises:
        ValueError: as `grey_table`.
    """
    stored = _stored_values(ds)
    fraction = _voi(ds, _modality(ds, stored))
    if ds.PhotometricInterpretation == "MONOCHROME1":
        fraction = 1 - fraction
    low, high = min(0.0, fraction.min()), max(1.0, fraction.max())
    scale = WHITEST / (high - low)
    deep = (scale * (fraction - low)).round().astype(np.uint16)
    deep[_is_padding(ds, stored)] = 0
    return deep, Window(-low * scale, (1 - low) * scale)


def bits_below(ds: Dataset) -> int:
    """Counts the unused bits below the lowest stored bit.

    PS3.5 8.1.1 allows none since 2014; files from before have HighBit elsewhere.
    """
    high = ds.get("HighBit")
    return 0 if high is None else int(high) + 1 - int(ds.BitsStored)


def _stored_values(ds: Dataset) -> NDArray[np.int64]:
    """Decodes each pattern of the allocated bits; those not stored are ignored (PS3.5 8.1.1)."""
    bits = int(ds.BitsStored)
    stored: NDArray[np.int64] = (np.arange(2 ** int(ds.BitsAllocated)) >> bits_below(ds)) % 2**bits
    if ds.get("PixelRepresentation"):
        stored[stored >= 2 ** (bits - 1)] -= 2**bits
    return stored


def _modality(ds: Dataset, stored: NDArray[np.int64]) -> Values:
    lut = _first_lut(ds, "ModalityLUTSequence")
    if lut is not None:
        return _look_up(ds, lut, stored)[0]
    slope, intercept = _numbers(ds, "RescaleSlope")[:1], _numbers(ds, "RescaleIntercept")[:1]
    if not intercept or not slope or not slope[0]:
        return stored.astype(np.float64)
    return np.asarray(stored * slope[0] + intercept[0], np.float64)


def _voi(ds: Dataset, values: Values) -> Values:
    """Maps values to a fraction from black (0) to white (1), or beyond."""
    lut = _first_lut(ds, "VOILUTSequence")
    if lut is not None:
        found, white = _look_up(ds, lut, values)
        return found / white
    function = str(ds.get("VOILUTFunction") or "LINEAR").strip().upper()
    least = 0.0 if function in ("LINEAR_EXACT", "SIGMOID") else 1.0
    windows = zip_longest(_numbers(ds, "WindowCenter"), _numbers(ds, "WindowWidth"))
    for centre, width in windows:
        # A width of 1 is a step (C.11.2.1.2.1); one of 0 is not allowed.
        if centre is not None and width is not None and width >= least and width > 0:
            return _through_window(values, centre, width, function)
    black, white = values.min(), values.max()
    if black == white:
        raise ValueError("its modality look-up table gives one value for all")
    fraction: Values = (values - black) / (white - black)
    return fraction


def _through_window(values: Values, centre: float, width: float, function: str) -> Values:
    """Maps values through a window (C.11.2.1.2 and C.11.2.1.3)."""
    if function == "SIGMOID":
        # Beyond 40 the grey level no longer changes.
        exponent = (-4 * (values - centre) / width).clip(-40, 40)
        return np.asarray(1 / (1 + np.exp(exponent)), np.float64)
    if function == "LINEAR_EXACT":
        return (values - centre) / width + 0.5
    if width == 1:
        return (values > centre - 0.5).astype(np.float64)
    return (values - (centre - 0.5)) / (width - 1) + 0.5


def _first_lut(ds: Dataset, keyword: str) -> Dataset | None:
    """Finds the first item of a sequence that holds a table; None if there is none."""
    items: Sequence[Dataset] = ds.get(keyword) or ()
    for item in items:
        data = item.get("LUTData")
        if len(item.get("LUTDescriptor") or ()) == 3 and data is not None and np.size(data):
            return item
    return None


def _look_up(ds: Dataset, lut: Dataset, values: NDArray[Any]) -> tuple[Values, int]:
    """Maps values through a LUT (C.11.1.1, C.11.2.1.1), and gives the greatest of its bits.

    The sign of its descriptor is often written wrongly: the number of entries is unsigned, and the
    first value mapped is signed only where values below zero can occur. pydicom 3.0 would reduce a
    value to the bits of the LUT's output before looking it up.
    """
    entries, first, bits = (int(number) for number in lut.LUTDescriptor)
    entries = entries % 2**16 or 2**16
    first %= 2**16
    if values.min() < 0 and first >= 2**15:
        first -= 2**16
    table = _entries(ds, lut, entries, bits)
    bits = max(bits, int(table.max()).bit_length())  # more than declared, where that is wrong
    index = (np.floor(values) - first).clip(0, len(table) - 1).astype(np.int64)
    return table[index].astype(np.float64), 2**bits - 1


def _entries(ds: Dataset, lut: Dataset, entries: int, bits: int) -> NDArray[np.uint16]:
    """Reads the entries of a LUT: one a word, or often two a word if they have eight bits."""
    data = lut.LUTData
    if isinstance(data, bytes):
        order = "<" if ds.file_meta.TransferSyntaxUID.is_little_endian else ">"
        words = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2")
    else:
        words = np.atleast_1d(np.asarray(data, np.int64)).astype(np.uint16)
    if bits <= 8 and len(words) == (entries + 1) // 2 < entries:
        return words.astype("<u2").view(np.uint8)[:entries].astype(np.uint16)
    return words  # all of them, as DCMTK does, even if more than declared


def _is_padding(ds: Dataset, stored: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = _numbers(ds, "PixelPaddingValue")[:1]
    if not first:
        return np.zeros(stored.shape, bool)
    last = _numbers(ds, "PixelPaddingRangeLimit")[:1] or first
    # The sign of both is often written wrongly; the bits are right.
    bits = int(ds.BitsStored)
    ends = [int(end) % 2**bits for end in first + last]
    if ds.get("PixelRepresentation"):
        ends = [end if end < 2 ** (bits - 1) else end - 2**bits for end in ends]
    inside: NDArray[np.bool_] = (min(ends) <= stored) & (stored <= max(ends))
    return inside


def _numbers(ds: Dataset, keyword: str) -> list[float]:
    """Reads the finite numbers of an element; it may be missing, empty or a single value."""
    value = ds.get(keyword)
    if value is None or isinstance(value, bytes) or value == "":
        return []
    several = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return [float(one) for one in several if one not in (None, "") and math.isfinite(float(one))]
