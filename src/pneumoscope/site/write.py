"""The writing of a site bundle: the parent's files, with those that the site changes."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from pneumoscope.bundle import Bundle, new_bundle, read_description, write_reference
from pneumoscope.bundle.layout import CARD, GATE, MANIFEST, NETWORK
from pneumoscope.errors import BundleError, storage_errors
from pneumoscope.results import occupied
from pneumoscope.site.card import site_card
from pneumoscope.site.result import SiteCalibration, SiteFiles
from pneumoscope.training.fold import fold_calibration


def require_place(root: Path, parent: Bundle) -> None:
    """Refuses a place where something else stands than a former site bundle of the same parent.

    Args:
        root: folder of the site bundle.
        parent: the model that it is to be made of.

    Raises:
        SettingsError: if something else stands there.
        StorageError: if it cannot be read.
    """
    with storage_errors("read", root):
        if not os.path.lexists(root) or (root.is_dir() and not any(root.iterdir())):
            return
    if not (root / MANIFEST).is_file():
        raise occupied(root)
    try:
        former, _ = read_description(root)
    except BundleError as error:
        raise occupied(root) from error
    if former.parent is None or former.parent.sha256 != parent.sha256:
        raise occupied(root)


def write_site_bundle(
    root: Path, parent: Bundle, found: SiteCalibration, files: SiteFiles
) -> SiteCalibration:
    """Writes a site bundle; a former one is replaced.

    The network of the parent is folded, its gate is copied, and what only its training explains,
    such as figures, stays with it. There is no `model.keras`, which would give the probabilities of
    the parent.

    Args:
        root: folder of the bundle.
        parent: the model that it is made of.
        found: what was fitted.
        files: further files of the bundle.

    Returns:
        The result, with the folder of its bundle.

    Raises:
        StorageError: if the bundle cannot be written.
    """
    assert found.info.calibration is not None
    network = fold_calibration(parent.network, found.info.calibration)
    with new_bundle(root, found.info) as folder:
        (folder / NETWORK).write_bytes(network)
        if found.info.gate is not None:
            (folder / GATE).write_bytes(parent.files[GATE])
        files.seen.write(folder)
        if files.reference:
            write_reference(folder, files.reference)
        (folder / CARD).write_text(site_card(found, parent), encoding="utf-8")
    return replace(found, bundle=root)
