"""The heatmap as a Parametric Map, in the place of the radiograph that it was made of."""

from __future__ import annotations

import numpy as np
from highdicom import VOILUTTransformation
from highdicom.pm import (
    DerivedPixelContrastValues,
    ImageFlavorValues,
    ParametricMap,
    RealWorldValueMapping,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from pneumoscope.derived.kinds import Kind
from pneumoscope.derived.material import Material
from pneumoscope.inference.explain import enlarged

_AXES = {
    "L": (1.0, 0.0, 0.0),
    "R": (-1.0, 0.0, 0.0),
    "P": (0.0, 1.0, 0.0),
    "A": (0.0, -1.0, 0.0),
    "H": (0.0, 0.0, 1.0),
    "F": (0.0, 0.0, -1.0),
}
_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")


def make_map(material: Material, heatmap: NDArray[np.float32]) -> ParametricMap:
    """Makes the map of a heatmap.

    Args:
        material: the predicted radiograph.
        heatmap: its heatmap, float32 of shape (h, w), 0 to 1.
    """
    place = _placed(material)
    made = ParametricMap(
        source_images=[place],
        pixel_array=enlarged(heatmap, (place.Rows, place.Columns)),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping()],
        voi_lut_transformations=[VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label="HEATMAP",
        content_description="Evidence for the predicted class, for research only",
        image_flavor=ImageFlavorValues.STATIC,
        derived_pixel_contrast=DerivedPixelContrastValues.QUANTITY,
        **material.common(Kind.MAP),
    )
    made.Laterality = ""
    return made


def _placed(material: Material) -> Dataset:
    """Copies a header, and gives it the place in space that a projection does not have."""
    radiograph, placed = material.radiograph, Dataset()
    placed.update(radiograph.header)
    placed.Rows, placed.Columns = radiograph.rows, radiograph.columns
    placed.setdefault("FrameOfReferenceUID", material.uid(Kind.MAP, "frame of reference"))
    placed.PixelSpacing = _spacing(radiograph.header)
    placed.SliceThickness = 1.0
    placed.ImagePositionPatient = [0.0, 0.0, 0.0]
    placed.ImageOrientationPatient = _orientation(radiograph.header)
    return placed


def _mapping() -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label="HEATMAP",
        lut_explanation="Evidence relative to the strongest places",
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        slope=1.0,
        intercept=0.0,
        quantity_definition=codes.DCM.ClassActivation,
    )


def _spacing(header: Dataset) -> list[float]:
    for keyword in _SPACINGS:
        spacing = header.get(keyword)
        if spacing and min(spacing) > 0:
            return [float(spacing[0]), float(spacing[1])]
    return [1.0, 1.0]


def _orientation(header: Dataset) -> list[float]:
    """Returns the directions of rows and columns; as seen from the front where none is given."""
    letters = [text[:1] for text in header.get("PatientOrientation") or ()]
    axes = [_AXES[letter] for letter in letters if letter in _AXES]
    if len(axes) == 2 and not np.dot(axes[0], axes[1]):
        return [*axes[0], *axes[1]]
    return [*_AXES["L"], *_AXES["F"]]
