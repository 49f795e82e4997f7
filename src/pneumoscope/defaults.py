"""Defaults that the library and the command line have in common.

They stand apart from what uses them so that `--help` loads no numpy.
"""

from __future__ import annotations

ARCHITECTURE = "residual"
AUTO = "auto"
"""Of a precision or of first weights: whichever fits."""

SPLIT_SEED = 1
VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15

SEED = 0
"""Of whatever is drawn that is no split and no training."""

RESAMPLES = 2000
"""Of the bootstrap behind an interval."""

HEATMAP_IMAGES = 300
PHANTOM_PATIENTS = 60
PUBLIC_DATA = "chest_xray"
"""The folder that a public data set is fetched into."""
