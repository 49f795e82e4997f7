"""Writing of synthetic data sets, in parallel, with each file marked as synthetic."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pneumoscope.dataset.phantom.image import Phantom, draw_phantom
from pneumoscope.dataset.phantom.patient import PhantomPatient
from pneumoscope.dataset.phantom.plan import Shot, plan
from pneumoscope.dataset.phantom.settings import PhantomSettings
from pneumoscope.errors import SettingsError, storage_errors
from pneumoscope.files import atomic_path
from pneumoscope.parallel import Progress, in_parallel
from pneumoscope.types import ImageRecord, Label

SOFTWARE = "pneumoscope-phantom"


def make_phantoms(
    output: Path | str,
    settings: PhantomSettings | None = None,
    *,
    masks: Path | str | None = None,
    lungs: Path | str | None = None,
    progress: Progress | None = None,
) -> tuple[ImageRecord, ...]:
    """Writes a data set of synthetic radiographs as 8-bit grey PNG, each marked as synthetic.

    Files are named `phantom{seed}-{patient}-{index}.png` for normal and
    `phantom{seed}-{patient}-{pattern}-{index}.png` for pneumonia.

    Args:
        output: folder of the images, empty or to be made.
        settings: settings of the data set; 60 patients by default.
        masks: folder outside of `output`, empty or to be made, for a mask of the pneumonia of
            each image, under the same name: 255 in the pneumonia, 0 elsewhere.
        lungs: folder outside of both, empty or to be made, for a mask of the lungs of each image.
        progress: called with the number of images written and of all.

    Returns:
        One record for each image, by patient, the duplicates last.

    Raises:
        SettingsError: if a folder is not empty, or masks would lie among the images or one another.
        StorageError: if a folder cannot be written to.
    """
    output = Path(output)
    settings = settings or PhantomSettings()
    masks, lungs = (None if folder is None else Path(folder) for folder in (masks, lungs))
    folders = [output, *filter(None, (masks, lungs))]
    for index, folder in enumerate(folders):
        _check_apart(folder, folders[:index])
        _check_empty(folder)
    shots = plan(settings)
    return tuple(in_parallel(partial(_write, settings, output, masks, lungs), shots, progress))


def _check_apart(folder: Path, others: Sequence[Path]) -> None:
    for other in others:
        if folder.resolve().is_relative_to(other.resolve()):
            raise SettingsError(
                "The masks would be taken for images, or for other masks",
                expected=f"a folder outside of {other}",
                received=f"{folder}",
            )


def _check_empty(folder: Path) -> None:
    with storage_errors("read", folder):
        if folder.exists() and any(folder.iterdir()):
            raise SettingsError(
                f"The folder {folder} is not empty",
                expected="an empty folder, or one to be made",
                remedy="Choose another one, or empty it first",
                code="output-occupied",
                values={"path": str(folder)},
            )


def _write(
    settings: PhantomSettings,
    output: Path,
    masks: Path | None,
    lungs: Path | None,
    shot: Shot,
) -> ImageRecord:
    phantom = _take(settings, shot)
    label = Label.PNEUMONIA if phantom.pattern else Label.NORMAL
    parts = (f"phantom{settings.seed}", f"{shot.number:05d}", phantom.pattern, f"{shot.index}.png")
    name = "-".join(filter(None, parts))

    path = output / (shot.split or "") / label.name / name
    content = _png(phantom.pixels, settings, shot.patient)
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
    for folder, inside in ((masks, phantom.lesion), (lungs, phantom.lungs)):
        if folder:
            mask = np.where(inside, np.uint8(255), np.uint8(0))
            with atomic_path(folder / name) as temporary:
                temporary.write_bytes(_png(mask, settings, shot.patient))
    return ImageRecord(
        path=path,
        label=int(label),
        patient=f"phantom {settings.seed} {shot.number:05d}",
        split=shot.split,
        subgroup=str(phantom.pattern),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _take(settings: PhantomSettings, shot: Shot) -> Phantom:
    """Draws an image, with exposure and marker at random or, if a shortcut is planted, by class."""
    patient, sick = shot.patient, bool(shot.patient.pattern)
    rng = np.random.default_rng([settings.seed, patient.number, shot.index])
    width = int(rng.integers(*settings.width, endpoint=True))
    marker, exposure = bool(rng.random() < 0.5), rng.uniform(-1, 1)
    if rng.random() < settings.marker_shortcut:
        marker = sick
    if rng.random() < settings.brightness_shortcut:
        exposure = abs(exposure) if sick else -abs(exposure)
    return draw_phantom(rng, patient, width=width, exposure=exposure, marker=marker)


def _png(pixels: NDArray[np.uint8], settings: PhantomSettings, patient: PhantomPatient) -> bytes:
    about = PngInfo()
    about.add_text("Software", SOFTWARE)
    about.add_text("Comment", "Synthetic radiograph, drawn by a program: it shows no patient.")
    about.add_text("Seed", str(settings.seed))
    about.add_text("Patient", str(patient.number))
    about.add_text("Pattern", patient.pattern or "normal")
    buffer = BytesIO()
    # Noise hardly compresses: more effort costs time and saves nothing.
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=about, compress_level=1)
    return buffer.getvalue()
