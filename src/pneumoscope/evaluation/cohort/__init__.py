"""The cohort: the images of a data set that no model has seen, each read once."""

from pneumoscope.evaluation.cohort.cohort import Cohort, Measured
from pneumoscope.evaluation.cohort.gather import CohortReader, Found, doubt_keys, gather
from pneumoscope.evaluation.cohort.models import name_models, read_for_all

__all__ = [
    "Cohort",
    "CohortReader",
    "Found",
    "Measured",
    "doubt_keys",
    "gather",
    "name_models",
    "read_for_all",
]
