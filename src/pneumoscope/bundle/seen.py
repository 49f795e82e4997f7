"""Images and patients that a model was made with, as keyed hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from pneumoscope.bundle.layout import SEEN
from pneumoscope.types import ImageRecord, Split


@dataclass(frozen=True)
class Seen:
    """Keyed hashes of the images and patients that a model was fitted to or chosen on.

    Whoever has an image can find out whether the model was made with it; nobody else can find out
    whose images these were.

    Attributes:
        key: key of the hashes, published with them.
        images: hashes of the images' SHA-256.
        patients: hashes of the patient keys.
        patient_key: fingerprint of the secret that patient keys were hashed under; empty if none
            was, or if an older version made the bundle.
    """

    key: str
    images: frozenset[str]
    patients: frozenset[str]
    patient_key: str = ""

    @classmethod
    def of(cls, key: str, records: Iterable[ImageRecord], patient_key: str = "") -> Seen:
        """Hashes the training and validation images among records, and their patients.

        Args:
            key: text that is particular to the data set, such as its fingerprint.
            records: records with splits and SHA-256 of the source files.
            patient_key: fingerprint of the secret that patients were hashed under, if they were.
        """
        used = [record for record in records if record.split is not Split.TEST]
        return cls(
            key,
            frozenset(_digest(key, record.sha256) for record in used),
            frozenset(_digest(key, record.patient) for record in used if record.patient_known),
            patient_key if any(record.evidence.hashed for record in used) else "",
        )

    def including(self, records: Iterable[ImageRecord], patient_key: str = "") -> Seen:
        """Returns these hashes with those of further images, whatever their split.

        Args:
            records: records of the images, with the SHA-256 of their source files.
            patient_key: fingerprint of the secret that their patients were hashed under, if they
                were. It takes the place of that of the model: whoever has added images asks for
                patients of their own.
        """
        more = Seen.of(self.key, (replace(each, split=None) for each in records), patient_key)
        return Seen(
            self.key,
            self.images | more.images,
            self.patients | more.patients,
            more.patient_key or self.patient_key,
        )

    @classmethod
    def parse(cls, data: bytes) -> Seen:
        """Parses the `seen.json` of a bundle.

        Raises:
            Exception: of any kind, if it is malformed.
        """
        content = json.loads(data)
        key, patient_key = content["key"], content.get("patient_key", "")
        images, patients = frozenset(content["images"]), frozenset(content["patients"])
        if not all(isinstance(text, str) for text in (key, patient_key, *images, *patients)):
            raise TypeError("a key or a hash is no text")
        return cls(key, images, patients, patient_key)

    def has_image(self, sha256: str) -> bool:
        """Tells whether the model was made with the image of this SHA-256."""
        return _digest(self.key, sha256) in self.images

    def has_patient(self, patient: str) -> bool:
        """Tells whether the model was made with images of the patient of this key."""
        return _digest(self.key, patient) in self.patients

    def write(self, folder: Path) -> None:
        """Writes `seen.json` into a bundle that is being made."""
        content = {
            "key": self.key,
            "images": sorted(self.images),
            "patients": sorted(self.patients),
            "patient_key": self.patient_key,
        }
        (folder / SEEN).write_text(json.dumps(content), encoding="utf-8")


def _digest(key: str, text: str) -> str:
    return hashlib.blake2b(text.encode(), key=key.encode()[:64], digest_size=8).hexdigest()
