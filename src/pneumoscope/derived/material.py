"""What all results of one radiograph are made of, and have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID

from pneumoscope.derived.header import Radiograph
from pneumoscope.derived.kinds import SERIES, Kind, derived_uid
from pneumoscope.derived.values import one_line
from pneumoscope.imaging import Source
from pneumoscope.inference import Explanation, Predictor
from pneumoscope.inference.captions import Captions
from pneumoscope.types import Prediction
from pneumoscope.version import __version__

MANUFACTURER = "Pneumoscope"
"""Manufacturer (0008,0070) of results, by which the reader knows its own."""


@dataclass(frozen=True, eq=False)
class Material:
    """A predicted radiograph, the model, and the time at which results are made of them.

    Attributes:
        source: DICOM file of the radiograph.
        radiograph: its header.
        explanation: its prediction and heatmap.
        predictor: the model that predicted it.
        when: time that results say they were made at.
    """

    source: Source
    radiograph: Radiograph
    explanation: Explanation
    predictor: Predictor
    when: datetime

    @property
    def prediction(self) -> Prediction:
        """Record of the prediction."""
        return self.explanation.prediction

    @cached_property
    def captions(self) -> Captions:
        """Words on predictions of the model."""
        return Captions(self.predictor)

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the model, in hex."""
        return self.predictor.bundle.sha256

    def uid(self, kind: Kind, level: str = "instance") -> UID:
        """Derives a UID of what is made of this radiograph by this model."""
        return derived_uid(self.radiograph.header.SOPInstanceUID, self.model_sha256, kind, level)

    def common(self, kind: Kind) -> Mapping[str, Any]:
        """Makes what every result says of its series, its equipment and itself.

        Returns:
            Arguments of the constructors of highdicom, by name.
        """
        header, info, series = self.radiograph.header, self.predictor.info, SERIES[kind]
        number = int(header.get("InstanceNumber") or 0)
        return {
            "series_instance_uid": derived_uid(
                header.StudyInstanceUID, self.model_sha256, kind, "series"
            ),
            "series_number": series.number,
            "series_description": series.description,
            "sop_instance_uid": self.uid(kind),
            "instance_number": max(number, 1),
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": one_line(info.name),
            "software_versions": (__version__, one_line(f"model {info.version}")),
            "device_serial_number": self.model_sha256,
            "content_date": self.when.date(),
            "content_time": self.when.time(),
            "specific_character_set": header.SpecificCharacterSet,
        }

    def name_part(self, image: Dataset) -> None:
        """Names the part of the body of an image (PS3.3 C.7.3.1): not known if it was refused."""
        if self.prediction.label is None:
            image.Laterality = ""
        else:
            image.BodyPartExamined = "CHEST"
