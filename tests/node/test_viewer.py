"""OHIF shows the report, and the heatmap in its place: hot where the image has a bright corner.

Takes minutes: Chromium draws without a graphics card. Needs nginx, Chromium, its driver and npm.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import ComputedRadiographyImageStorage

from pneumoscope.derived.derive import derive
from pneumoscope.imaging import Source
from pneumoscope.inference import load
from pneumoscope.types import RESEARCH_NOTICE
from tests.conftest import write_bundle
from tests.imaging.dicoms import dicom
from tests.node.dcmtk import find_dcmtk
from tests.node.orthanc import DICOM_PORT, running_orthanc, until
from tests.node.viewer import Browser, centre, find_ohif, opened_browser

STUDY = "2.25.12"
ROWS, COLUMNS, SQUARE = 600, 500, 100
GREY, WHITE = 60, 235


def radiograph(row: int, column: int) -> Source:
    """A dark image with a bright square, whose corner is given."""
    pixels = np.full((ROWS, COLUMNS), GREY, np.uint8)
    pixels[row : row + SQUARE, column : column + SQUARE] = WHITE
    made = dicom(
        pixels,
        SOPClassUID=ComputedRadiographyImageStorage,
        Modality="CR",
        StudyInstanceUID=STUDY,
        SeriesInstanceUID="2.25.13",
        SOPInstanceUID="2.25.14",
        PatientID="square",
        ImagerPixelSpacing=[0.3, 0.3],  # without one, OHIF 3.13 lays nothing over an image
    )
    return Source("cr.dcm", made)


def heatmap(row: int, column: int) -> np.ndarray:
    """A coarse map that is hot where that square is, and nowhere else."""
    made = np.zeros((ROWS // SQUARE * 2, COLUMNS // SQUARE * 2), np.float32)
    made[row // 50 : row // 50 + 2, column // 50 : column // 50 + 2] = 1
    return made


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("row", "column"), [(50, 350), (400, 100)])
def test_the_map_lies_over_the_right_place_and_the_report_can_be_read(
    tmp_path: Path, pytestconfig: pytest.Config, row: int, column: int
) -> None:
    pages = find_ohif(pytestconfig.cache.mkdir("ohif"))
    image = radiograph(row, column)
    predictor = load(write_bundle(tmp_path / "bundle"))
    explanation = replace(predictor.explain(image), heatmap=heatmap(row, column))
    (tmp_path / "cr.dcm").write_bytes(image.data)
    for result in derive(image, explanation, predictor, datetime(2026, 1, 1)):
        (tmp_path / f"{result.kind}.dcm").write_bytes(result.data)
    with running_orthanc({}) as orthanc:
        send = [find_dcmtk("storescu"), "--required", "127.0.0.1", DICOM_PORT]
        orthanc.run(*send, *sorted(tmp_path.glob("*.dcm")))
        with opened_browser(orthanc, pages, tmp_path) as browser:
            browser.open(f"/viewer?StudyInstanceUIDs={STUDY}")
            bright = until(lambda: where_bright(browser), 300)
            until(lambda: opens_map(browser))
            hot = until(lambda: where_hot(browser, tmp_path), 300)
            browser.double_click("SR")
            until(lambda: RESEARCH_NOTICE in browser.run("return document.body.innerText"))
    assert hot == pytest.approx(bright, abs=4)


def seen(browser: Browser) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Red, green and blue of the picture, without what is around it."""
    pixels = np.asarray(browser.look()).astype(int)
    pixels[:, : len(pixels[0]) // 4] = pixels[:60] = 0
    return pixels[..., 0], pixels[..., 1], pixels[..., 2]


def where_bright(browser: Browser) -> tuple[float, float] | None:
    red, green, blue = seen(browser)
    chosen = (red > 200) & (red == green) & (red == blue)
    return centre(chosen) if chosen.sum() > 5000 else None


def opens_map(browser: Browser) -> bool:
    """Opens the map, unless it is open: a click is lost where the list of series is still made."""
    kind = "return cornerstone.getRenderingEngines()[0].getViewports()[0].type"
    if browser.run(kind) != "orthographic":
        browser.double_click("PMAP")
    return bool(browser.run(kind) == "orthographic")


def where_hot(browser: Browser, folder: Path) -> tuple[float, float] | None:
    browser.pan()  # which OHIF 3.13 draws the map after, and not before
    red, green, blue = seen(browser)
    chosen = (red > green + 40) & (red > blue + 40)
    browser.look().save(folder / "seen.png")
    return centre(chosen) if chosen.sum() > 1000 else None
