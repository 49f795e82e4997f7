from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from highdicom.pm import ParametricMap
from pydicom import Dataset

from pneumoscope.derived import parametric_map
from pneumoscope.derived.derive import derive
from pneumoscope.derived.kinds import Kind
from pneumoscope.inference import Predictor
from pneumoscope.inference.colours import INFERNO
from tests.derived.conftest import WHEN, derived, read
from tests.derived.variants import radiograph


def map_of(predictor: Predictor, **changes: object) -> Dataset:
    return read(derived(predictor, radiograph(**changes), kinds=[Kind.MAP])[Kind.MAP])


def place(ds: Dataset) -> tuple[list[float], list[float], list[float]]:
    """Spacing, position and orientation."""
    shared, own = ds.SharedFunctionalGroupsSequence[0], ds.PerFrameFunctionalGroupsSequence[0]
    return (
        [float(value) for value in shared.PixelMeasuresSequence[0].PixelSpacing],
        [float(value) for value in own.PlanePositionSequence[0].ImagePositionPatient],
        [float(value) for value in shared.PlaneOrientationSequence[0].ImageOrientationPatient],
    )


def test_the_hottest_place_is_where_the_heatmap_has_it(predictor: Predictor) -> None:
    source = radiograph()
    heatmap = np.zeros((4, 5), np.float32)
    heatmap[0, 3] = 1.0  # of 96 x 80 pixels: rows 0 to 23, columns 48 to 63
    explanation = replace(predictor.explain(source), heatmap=heatmap)
    (made,) = derive(source, explanation, predictor, WHEN, [Kind.MAP])
    ds = read(made)
    pixels = np.frombuffer(ds.FloatPixelData, "<f4").reshape(ds.Rows, ds.Columns)
    assert pixels.shape == (96, 80)
    assert (pixels.min(), pixels.max()) == (0.0, pytest.approx(1.0, abs=0.02))
    rows, columns = np.nonzero(pixels > 0.9)
    assert rows.max() < 24
    assert columns.min() >= 48
    assert columns.max() < 64


def test_viewers_find_the_radiograph_that_it_lies_over(predictor: Predictor) -> None:
    ds = map_of(predictor)
    (series,) = ds.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == "1.2.3.2"
    (source,) = (
        ds.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence
    )
    assert source.ReferencedSOPInstanceUID == "1.2.3.1"
    assert "ReferencedFrameNumber" not in source
    assert source.SpatialLocationsPreserved == "YES"


@pytest.mark.parametrize(
    ("changes", "spacing", "orientation"),
    [
        ({}, [0.2, 0.2], [1, 0, 0, 0, 1, 0]),
        ({"PatientOrientation": None}, [0.2, 0.2], [1, 0, 0, 0, 1, 0]),
        ({"PatientOrientation": ["R", "F"]}, [0.2, 0.2], [-1, 0, 0, 0, 1, 0]),
        ({"PixelSpacing": ["0.15", "0.1"]}, [0.15, 0.1], [1, 0, 0, 0, 1, 0]),
        ({"ImagerPixelSpacing": None}, [1, 1], [1, 0, 0, 0, 1, 0]),
    ],
)
def test_a_place_is_made_up_where_a_projection_has_none(
    predictor: Predictor,
    changes: dict[str, object],
    spacing: list[float],
    orientation: list[float],
) -> None:
    ds = map_of(predictor, **changes)
    assert place(ds) == (spacing, [0, 0, 0], orientation)
    assert ds.FrameOfReferenceUID.startswith("2.25.")


def test_a_place_of_its_own_is_kept(predictor: Predictor) -> None:
    ds = map_of(
        predictor,
        FrameOfReferenceUID="1.2.3.9",
        ImagePositionPatient=[1, 2, 3],
        ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
    )
    assert place(ds) == ([0.2, 0.2], [1, 2, 3], [1, 0, 0, 0, 0, -1])
    assert ds.FrameOfReferenceUID == "1.2.3.9"


def test_a_map_of_a_large_radiograph_covers_it_with_fewer_pixels(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parametric_map, "_MOST_PIXELS", 96 * 80 // 9 + 1)
    ds = map_of(predictor)
    assert (ds.Rows, ds.Columns) == (32, 27)
    spacing, position, _ = place(ds)
    assert spacing == pytest.approx([0.2 * 96 / 32, 0.2 * 80 / 27])
    # The edge lies half a pixel before the centre of the first one, as that of the radiograph.
    assert position[0] - spacing[1] / 2 == pytest.approx(-0.1)
    assert position[1] - spacing[0] / 2 == pytest.approx(-0.1)
    monkeypatch.setattr(parametric_map, "_MOST_PIXELS", 96 * 80)
    assert map_of(predictor).Rows == 96


def test_values_are_named_and_coloured(predictor: Predictor) -> None:
    result = derived(predictor, radiograph(grey=150))[Kind.MAP]
    made = ParametricMap.from_file(BytesIO(result.data))
    (mapping,) = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    (quantity,) = mapping.QuantityDefinitionSequence
    concept = quantity.ConceptCodeSequence[0]
    assert (concept.CodingSchemeDesignator, concept.CodeValue) == ("DCM", "130404")
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    assert made.ContentDescription == "Evidence for PNEUMONIA, for research only"
    assert made.ContentQualification == "RESEARCH"
    for index, colour in enumerate(("Red", "Green", "Blue")):
        table = np.frombuffer(made[f"{colour}PaletteColorLookupTableData"].value, "<u2")
        assert (table // 257 == INFERNO[:, index]).all()
