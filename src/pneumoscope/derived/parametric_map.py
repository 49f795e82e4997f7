"""The heatmap as a Parametric Map, in the place of the radiograph that it was made of."""

from __future__ import annotations

import math
from copy import deepcopy

import numpy as np
from highdicom import (
    PaletteColorLUTTransformation,
    PixelMeasuresSequence,
    PlaneOrientationSequence,
    PlanePositionSequence,
    VOILUTTransformation,
)
from highdicom.pm import (
    DerivedPixelContrastValues,
    ImageFlavorValues,
    ParametricMap,
    RealWorldValueMapping,
)
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from pneumoscope.derived.kinds import Kind
from pneumoscope.derived.material import Material
from pneumoscope.derived.values import one_line
from pneumoscope.inference.colours import INFERNO
from pneumoscope.inference.explain import enlarged

_SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing")
# Of 16 bits, as PS3.3 C.7.9 wants them here; 0 is the lowest value of the window, 255 the highest.
_COLOURS = INFERNO.astype(np.uint16) * 257
_MOST_PIXELS = 20_000_000  # a map of so many takes 80 MB

# Directions of rows and columns in a frame of reference that is made up: what viewers take for a
# projection without one. Only the side is the patient's, since letters at the edge tell it.
_TO_THE_LEFT = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
_TO_THE_RIGHT = [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]


def make_map(material: Material, heatmap: NDArray[np.float32]) -> ParametricMap:
    """Makes the map of a heatmap, pixel for pixel over its radiograph (PS3.3 A.75).

    Viewers want the rows and columns of the radiograph. Only one of more than 20 million pixels
    gets a map of a whole fraction of them.

    Args:
        material: the predicted radiograph.
        heatmap: its heatmap, float32 of shape (h, w), 0 to 1.
    """
    place, evidence = _placed(material), material.captions.caption(material.prediction).evidence
    shape = _shape(place.Rows, place.Columns)
    spacing = np.array(place.PixelSpacing) * (place.Rows, place.Columns) / shape
    made = ParametricMap(
        source_images=[place],
        pixel_array=enlarged(heatmap, shape),
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[_mapping()],
        voi_lut_transformations=[VOILUTTransformation(window_center=0.5, window_width=1.0)],
        content_label="HEATMAP",
        content_description=one_line(f"{evidence}, for research only"),
        image_flavor=ImageFlavorValues.STATIC,
        derived_pixel_contrast=DerivedPixelContrastValues.QUANTITY,
        pixel_measures=PixelMeasuresSequence(spacing.tolist(), place.SliceThickness),
        plane_orientation=PlaneOrientationSequence("PATIENT", place.ImageOrientationPatient),
        plane_positions=[PlanePositionSequence("PATIENT", _corner(place, spacing))],
        **material.common(Kind.MAP),
    )
    material.name_part(made)
    _organize(made, material.uid(Kind.MAP, "dimension organization"))
    made.update(PaletteColorLUTTransformation.from_combined_lut(_COLOURS))
    return made


def _placed(material: Material) -> Dataset:
    """Copies a header, and gives it the place in space that a projection does not have."""
    radiograph = material.radiograph
    placed = deepcopy(radiograph.nameless)
    placed.Rows, placed.Columns = radiograph.rows, radiograph.columns
    placed.PixelSpacing, placed.SliceThickness = _spacing(placed), 1.0
    if not _has_place(placed):
        to_the_right = (placed.get("PatientOrientation") or [""])[0].startswith("R")
        placed.FrameOfReferenceUID = material.uid(Kind.MAP, "frame of reference")
        placed.ImagePositionPatient = [0.0, 0.0, 0.0]
        placed.ImageOrientationPatient = _TO_THE_RIGHT if to_the_right else _TO_THE_LEFT
    return placed


def _has_place(header: Dataset) -> bool:
    """Returns whether a header has a place in space, with directions of rows and columns."""
    if not {"FrameOfReferenceUID", "ImagePositionPatient"} <= set(header.dir()):
        return False
    cosines = np.array(header.get("ImageOrientationPatient") or np.zeros(6), np.float64)
    products = cosines.reshape(2, 3) @ cosines.reshape(2, 3).T
    return np.allclose(products, np.eye(2), atol=1e-3)


def _spacing(header: Dataset) -> list[float]:
    """Returns the distances of rows and columns, in mm; 1 where none is known."""
    for keyword in _SPACINGS:
        spacing = header.get(keyword)
        if spacing and min(spacing) > 0:
            return [float(distance) for distance in spacing]
    return [1.0, 1.0]


def _shape(rows: int, columns: int) -> tuple[int, int]:
    divisor = math.ceil(math.sqrt(rows * columns / _MOST_PIXELS))
    return math.ceil(rows / divisor), math.ceil(columns / divisor)


def _corner(place: Dataset, spacing: NDArray[np.float64]) -> list[float]:
    """Returns the centre of the first pixel, in mm, so that the edges of the map are the image's.

    Args:
        place: header of the radiograph, with its place.
        spacing: distances of rows and columns of the map, in mm, float64 of shape (2,).
    """
    cosines = np.array(place.ImageOrientationPatient, np.float64).reshape(2, 3)
    # Rows run along the first cosines, by the distance of columns.
    moved = (spacing - np.array(place.PixelSpacing, np.float64))[::-1] / 2
    corner: list[float] = (np.array(place.ImagePositionPatient) + moved @ cosines).tolist()
    return corner


def _organize(made: ParametricMap, uid: UID) -> None:
    """Replaces the random UID of the dimension organization."""
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def _mapping() -> RealWorldValueMapping:
    return RealWorldValueMapping(
        lut_label="HEATMAP",
        lut_explanation="Evidence relative to the strongest places",
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        quantity_definition=codes.DCM.Saliency,
    )
