from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pneumoscope.derived.kinds import Kind
from pneumoscope.imaging import Source, load_display
from pneumoscope.inference import Predictor
from tests.conftest import picture
from tests.derived.conftest import derived, read
from tests.derived.variants import radiograph
from tests.imaging.dicoms import dicom


def test_the_radiograph_stands_in_the_picture(predictor: Predictor) -> None:
    source = radiograph()
    ds = read(derived(predictor, source, kinds=[Kind.CAPTURE])[Kind.CAPTURE])
    assert (ds.PhotometricInterpretation, ds.BurnedInAnnotation) == ("RGB", "YES")
    enlarged = Image.fromarray(load_display(source)).resize((427, 512), Image.Resampling.BICUBIC)
    shown = ds.pixel_array[24 : 24 + 512, 24 : 24 + 427]
    assert (shown == np.asarray(enlarged)[..., np.newaxis]).all()


@pytest.mark.parametrize("shape", [(2500, 2000), (64, 3000), (3000, 64)])
def test_the_picture_of_a_large_radiograph_is_bounded(
    predictor: Predictor, shape: tuple[int, int]
) -> None:
    pixels = np.kron(picture((8, 8)), np.ones((shape[0] // 8, shape[1] // 8), np.uint8))
    result = derived(predictor, Source("cr.dcm", dicom(pixels)), kinds=[Kind.CAPTURE])
    assert max(read(result[Kind.CAPTURE]).pixel_array.shape) <= 1600
    assert len(result[Kind.CAPTURE].data) < 6_000_000


def test_a_refusal_is_a_picture_without_an_overlay(predictor: Predictor) -> None:
    accepted, refused = (
        read(derived(predictor, radiograph(grey=grey))[Kind.CAPTURE]) for grey in (128, 210)
    )
    assert refused.Columns < accepted.Columns
    coloured, grey = (ds.pixel_array[24:536].astype(int) for ds in (accepted, refused))
    assert np.ptp(coloured, axis=-1).max() > 50
    assert np.ptp(grey, axis=-1).max() < 8  # the ground is nearly black
