"""Puts the bundle of a run into the package, so that it ships: `ship_model.py RUN NAME`.

The head of its model card gets the licence of the package, and what `pneumoscope evaluate RUN DATA`
measured on the test split, if `--evaluation` names its folder.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from pneumoscope.bundle import Bundle, BundleInfo, new_bundle
from pneumoscope.bundle.card_head import card_head
from pneumoscope.errors import PneumoscopeError, SettingsError
from pneumoscope.files import write_text
from pneumoscope.inference import load
from pneumoscope.shipped.models import DEFAULT

MODELS = Path(__file__).parents[1] / "src" / "pneumoscope" / "shipped"
LICENCE = "apache-2.0"
LIMIT = 18_000_000  # bytes, of all that ships
_FIGURE_LIMIT = 200_000  # bytes, of each figure that ships


def ship(run: Path, name: str, models: Path = MODELS, evaluation: Path | None = None) -> Path:
    """Copies a bundle to `shipped/NAME`, under this name and without what predicting does not need.

    `model.keras` and large figures stay behind. The first model becomes the default.

    Args:
        run: the bundle, or the run folder that holds it.
        name: lower-case letters, digits and hyphens.
        models: the folder of the models that ship.
        evaluation: the folder of an evaluation of the model on the test split of its data.

    Raises:
        SettingsError: if the name does not fit, or the models are too large; nothing has changed.
        BundleError: if the bundle is not whole, or does not load.
        StorageError: if it cannot be written.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise SettingsError(
            "The name does not fit", expected="such as baseline-1", received=repr(name)
        )
    source = load(run).bundle
    info = replace(source.info, name=name)
    with new_bundle(models / name, info) as folder:
        for file in _wanted(source):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.root / file, folder / file)
        card = _card(source, info, evaluation)
        (folder / "MODEL_CARD.md").write_text(card, encoding="utf-8")
        _check_size(models, name)
    load(models / name)
    if not (models / DEFAULT).exists():
        write_text(models / DEFAULT, f"{name}\n")
    return models / name


def _card(source: Bundle, info: BundleInfo, evaluation: Path | None) -> str:
    """The card of the source, under the new name and with a new head."""
    measured = json.loads((evaluation / "metrics.json").read_text("utf-8")) if evaluation else None
    title = f"# {source.info.name}\n"
    _, _, body = source.card().partition(title)
    return f"{card_head(info, licence=LICENCE, evaluation=measured)}# {info.name}\n{body}"


def _wanted(source: Bundle) -> list[str]:
    """The listed files that ship, relative to the bundle."""
    listed = json.loads((source.root / "bundle.json").read_text("utf-8"))["files"]
    return [
        file
        for file in listed
        if file != "model.keras"
        and not (
            file.startswith("figures/") and (source.root / file).stat().st_size > _FIGURE_LIMIT
        )
    ]


def _check_size(models: Path, replaced: str) -> None:
    size = sum(
        path.stat().st_size
        for path in models.rglob("*")
        if path.is_file() and path.relative_to(models).parts[0] != replaced
    )
    if size > LIMIT:
        raise SettingsError(
            f"The models in {models} would be too large to ship",
            expected=f"{LIMIT / 1e6:g} MB at most",
            received=f"{size / 1e6:.1f} MB",
            remedy="Ship a smaller network, or remove another model first",
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path, help="the run folder, or its bundle")
    parser.add_argument("name", help="such as baseline-1")
    parser.add_argument("--evaluation", type=Path, help="the folder of its evaluation")
    options = parser.parse_args()
    try:
        print(f"shipped in {ship(options.run, options.name, evaluation=options.evaluation)}")
    except PneumoscopeError as error:
        sys.exit(f"Error: {error}")
