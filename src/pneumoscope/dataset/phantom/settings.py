"""Settings of synthetic data sets, planted shortcuts, duplicates and leakage included."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pneumoscope.defaults import LESION_STRENGTH, PHANTOM_PATIENTS, SEED
from pneumoscope.errors import out_of_range


class Layout(StrEnum):
    """Layout of the folders of a data set."""

    CLASSES = "classes"
    SPLITS = "splits"


@dataclass(frozen=True)
class PhantomSettings:
    """Settings of a synthetic data set.

    Attributes:
        patients: number of patients.
        images_per_patient: least and greatest number of images of one patient.
        pneumonia_share: fraction of the patients who have pneumonia.
        width: least and greatest width of an image, in pixels.
        lesion_strength: factor on the opacity of the pneumonia; 1 is moderately hard to see.
        layout: layout of the folders: OUTPUT/CLASS (classes) or OUTPUT/{train,val,test}/CLASS
            (splits).
        seed: seed of the data set: the same settings give the same files.
        marker_shortcut: fraction of the images in which a burned-in letter is there if and only if
            the patient has pneumonia; in the others it is there at random.
        brightness_shortcut: fraction of the images in which pneumonia is exposed bright and normal
            dark; in the others the exposure is random.
        duplicates: number of files that are copied, byte for byte, as those of a new patient of
            their class, with splits from train to test; at most a third of the patients.
        leaking_patients: number of patients of train whose last image lies in test; at most a
            third of the patients, and only with splits.

    Raises:
        SettingsError: if a setting is out of range.
    """

    patients: int = PHANTOM_PATIENTS
    images_per_patient: tuple[int, int] = (1, 3)
    pneumonia_share: float = 0.5
    width: tuple[int, int] = (320, 480)
    lesion_strength: float = LESION_STRENGTH
    layout: Layout = Layout.CLASSES
    seed: int = SEED
    marker_shortcut: float = 0.0
    brightness_shortcut: float = 0.0
    duplicates: int = 0
    leaking_patients: int = 0

    def __post_init__(self) -> None:
        for name, fits, expected in self._limits():
            if not fits:
                raise out_of_range(name, getattr(self, name), expected)

    @property
    def pneumonia_patients(self) -> int:
        """Number of patients who have pneumonia."""
        return round(self.patients * self.pneumonia_share)

    def _limits(self) -> tuple[tuple[str, bool, str], ...]:
        """Lists the name of each setting, True if it is in range, and its range in words."""
        few, many = self.images_per_patient
        narrow, wide = self.width
        splits = self.layout is Layout.SPLITS
        least, third = 3 if splits else 1, self.patients // 3
        return (
            ("patients", 1 <= self.patients < 100_000, "1 to 99999"),
            ("images_per_patient", 1 <= few <= many < 100, "1 to 99, the least first"),
            (
                "pneumonia_share",
                least <= self.pneumonia_patients <= self.patients - least,
                f"each class to get at least {least} of the {self.patients} patients",
            ),
            ("width", 64 <= narrow <= wide <= 2048, "64 to 2048 pixels, the least first"),
            ("lesion_strength", 0 < self.lesion_strength <= 4, "more than 0, at most 4"),
            ("seed", self.seed >= 0, "0 or more"),
            ("marker_shortcut", 0 <= self.marker_shortcut <= 1, "0 to 1"),
            ("brightness_shortcut", 0 <= self.brightness_shortcut <= 1, "0 to 1"),
            ("duplicates", 0 <= self.duplicates <= third, f"0 to {third} (patients / 3)"),
            (
                "leaking_patients",
                0 <= self.leaking_patients <= third * splits,
                f"0 to {third} (patients / 3) with the layout splits, else 0",
            ),
        )
