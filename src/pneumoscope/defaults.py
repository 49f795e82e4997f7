"""Defaults that the library and the command line have in common.

They are in a module of their own so that `--help` loads no NumPy.
"""

from __future__ import annotations

ARCHITECTURE = "residual"
PRESET = "default"
AUTO = "auto"
"""Choice of the precision or of the initial weights that suits device and architecture."""

SPLIT_SEED = 1
VALIDATION_SHARE = 0.15
TEST_SHARE = 0.15

SEED = 0
"""Seed of all random draws other than those of the split and the training."""

RESAMPLES = 2000
"""Number of bootstrap resamples behind an interval."""

INTERVAL_WIDTH = 0.1
"""Total width of an interval that an acceptance test is planned for."""
ASSURANCE = 0.9
"""Probability that so many consecutive patients hold enough of both kinds."""

HEATMAP_IMAGES = 300
FIGURES = ("png",)
"""File formats of figures."""

RUNS = "runs"
"""The folder below which runs are written."""

EVALUATIONS = "evaluation"
"""The folder below which the command line writes evaluations."""

SITES = "sites"
"""The folder below which the command line writes site bundles."""

PHANTOM_PATIENTS = 60
LESION_STRENGTH = 1.0
PUBLIC_DATA = "chest_xray"
"""The folder that a public data set is fetched into."""
