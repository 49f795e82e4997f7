"""The columns of a scored folder.

A row has, with equal names and values, what the record of a prediction has (`types.Prediction`).
Lists of reasons and warnings are three columns each, of which the nth values belong together.
"""

from __future__ import annotations

from dataclasses import fields

from pneumoscope.errors import extra_needed
from pneumoscope.imaging import PictureFacts

with extra_needed("scale", "A scored folder"):
    import pyarrow as pa

FACTS = tuple(field.name for field in fields(PictureFacts))
"""Statistics of the pixels, of which drift is measured: `imaging.PictureFacts`."""

GROUPS = ("subgroup", "source", "view", "sex", "age")
"""Subgroups that a list of images may name."""

_TEXT, _NUMBER = pa.string(), pa.float64()
_WORD = pa.dictionary(pa.int32(), pa.string())  # of few different values
_TEXTS = pa.list_(_TEXT)

_IDENTITY = (
    ("path", _TEXT),  # as listed, or a keyed hash; bytes that are no text are escaped
    ("sha256", _TEXT),  # of the file, in hex; null if it could not be read
    ("duplicate_of", _TEXT),  # path of the identical file that was scored; null for all others
    ("study", _TEXT),  # UIDs of a DICOM file, as keyed hashes unless they were kept
    ("series", _TEXT),
    ("instance", _TEXT),
    ("patient", _TEXT),  # key of the patient; null if not known
    ("true_label", _WORD),  # by the list or the class folder; null if not known
    *((name, _WORD) for name in GROUPS),
)
_RECORD = (
    ("status", _WORD),
    ("label", _WORD),
    ("probability", _NUMBER),
    ("probabilities", pa.list_(_NUMBER)),  # in the order of `classes` in the plan
    ("reason_codes", _TEXTS),
    ("reasons", _TEXTS),
    ("reason_values", _TEXTS),  # JSON
    ("warning_codes", _TEXTS),
    ("warnings", _TEXTS),
    ("warning_values", _TEXTS),  # JSON
    ("gate", pa.bool_()),
    ("operating_point", _WORD),
    ("threshold", _NUMBER),
    ("prevalence", _NUMBER),
    ("error", _TEXT),
    ("error_code", _WORD),
)
_OBSERVED = (
    ("score", _NUMBER),  # probability of the positive side, whatever prevalence it is restated for
    ("distance", _NUMBER),
    ("nearest_source", _WORD),
    *((name, _NUMBER) for name in FACTS),
)
_MODEL = (("model", _WORD), ("model_version", _WORD), ("model_sha256", _WORD))

SCHEMA = pa.schema([*_IDENTITY, *_RECORD, *_OBSERVED, *_MODEL])
"""Columns of every shard, the same whatever was scored."""
