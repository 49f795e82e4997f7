"""What is made of a radiograph, as it passes from the process that makes it."""

from __future__ import annotations

from dataclasses import dataclass

from pneumoscope.derived.kinds import Kind
from pneumoscope.monitor.observe import Observation
from pneumoscope.types import Status


@dataclass(frozen=True)
class Made:
    """What was made of a radiograph.

    Attributes:
        status: status of its prediction, accepted or refused.
        codes: codes of the reasons for refusal, and of the warnings.
        results: kind, SOP Instance UID and DICOM file of each result.
        predicting: time to read and predict it, in seconds.
        deriving: time to derive its results, in seconds.
        seen: what is counted of it, for drift.
    """

    status: Status
    codes: tuple[str, ...]
    results: tuple[tuple[Kind, str, bytes], ...]
    predicting: float
    deriving: float
    seen: Observation
