"""Models from elsewhere: packed into one file, added from one, and removed again."""

from __future__ import annotations

import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urldefrag

from pneumoscope.bundle import Bundle, find_bundle, read_bundle
from pneumoscope.bundle.pack import pack_bundle
from pneumoscope.claims import claimed
from pneumoscope.download import ask_size, download
from pneumoscope.errors import (
    BundleCorruptError,
    BundleMissingError,
    DataError,
    SettingsError,
    storage_errors,
)
from pneumoscope.files import atomic_path
from pneumoscope.parallel import Progress
from pneumoscope.shipped.models import added_folder, added_names, all_names, names, read_model
from pneumoscope.unpack import unpack

LIMIT = 2_000_000_000
"""Greatest size of a model that is downloaded, in bytes."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def add_model(
    source: Path | str, *, name: str | None = None, progress: Progress | None = None
) -> Bundle:
    """Adds a model to those that can be given by name, once every check of it has passed.

    Args:
        source: the file that `export_model` wrote, the folder of a bundle or a run, or the address
            of such a file with its SHA-256: `https://…/model.zip#sha256=…`.
        name: name of the model; by default that in the bundle.
        progress: called with the number of bytes downloaded and of all.

    Returns:
        The model, in the user's data folder.

    Raises:
        SettingsError: if the name cannot be used or is taken, or the address is not safe.
        BundleError: if it is not a bundle, is damaged, or was made by a newer version.
        FetchError: if the download fails, or is not the file with that SHA-256.
        StorageError: if it cannot be read or written.
    """
    store = added_folder()
    with claimed(store), storage_errors("write", store):
        with TemporaryDirectory(prefix=".", suffix=".part", dir=store) as work:
            folder = Path(work, "bundle")
            _unpack(_archive(source, Path(work, "model.zip"), progress), folder)
            bundle = _checked(folder)
            chosen = bundle.info.name if name is None else name
            _require_free(chosen)
            folder.rename(store / chosen)
        return read_bundle(store / chosen)


def export_model(model: Path | str, output: Path | str) -> Path:
    """Packs a model into one file, which `add_model` adds elsewhere.

    Args:
        model: bundle, run folder that holds it, or name of a model.
        output: path of the zip archive, where nothing is yet.

    Returns:
        The path of the archive: the same model always gives the same bytes.

    Raises:
        BundleError: if the model is missing or damaged.
        SettingsError: if something is there already.
        StorageError: if it cannot be written.
    """
    bundle, output = read_model(model), Path(output)
    if os.path.lexists(output):
        raise _occupied(f"{output} is there already", str(output), "Choose another file")
    with atomic_path(output) as temporary:
        pack_bundle(bundle.root, temporary)
    return output


def remove_model(model: str) -> None:
    """Removes a model that was added.

    Args:
        model: name of the model.

    Raises:
        BundleMissingError: if no model of that name was added.
        StorageError: if it cannot be removed.
    """
    if model not in added_names():
        raise BundleMissingError(
            f"No model {model!r} was added"
            + (", but one ships with Pneumoscope" if model in names() else ""),
            expected=" or ".join(added_names()) or "none, as none was added",
            received=model,
            remedy="`pneumoscope.list_models` lists all models",
        )
    store = added_folder()
    with (
        claimed(store),
        storage_errors("remove", store / model),
        TemporaryDirectory(prefix=".", suffix=".part", dir=store) as work,
    ):
        (store / model).rename(Path(work, "removed"))


def _archive(source: Path | str, target: Path, progress: Progress | None) -> Path:
    """Returns the archive of a source: the file itself, or what was packed or downloaded."""
    if "://" in str(source):
        url, sha256 = _address(str(source))
        download(ask_size(url, sha256, LIMIT), target, progress)
        return target
    if os.path.isdir(source):
        pack_bundle(read_bundle(Path(source)).root, target)
        return target
    if not os.path.lexists(source):
        raise BundleMissingError(f"There is nothing at {source}", remedy="Check the path")
    return Path(source)


def _address(source: str) -> tuple[str, str]:
    url, fragment = urldefrag(source)
    sha256 = fragment.removeprefix("sha256=").lower()
    if not (url.startswith("https://") and re.fullmatch(r"[0-9a-f]{64}", sha256)):
        raise SettingsError(
            "A model is only downloaded over HTTPS, and against its SHA-256",
            expected="https://…#sha256=… with 64 hexadecimal digits",
            received=source,
            remedy="Ask whoever publishes the model for its SHA-256",
        )
    return url, sha256


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with storage_errors("read", archive):
            unpack(archive, folder)
    except DataError as error:
        raise BundleCorruptError(
            error.problem,
            expected=error.expected,
            received=error.received,
            remedy="Copy it again from where it came",
            values={"path": str(archive)},
        ) from error


def _checked(folder: Path) -> Bundle:
    """Reads all of a bundle that came from elsewhere, also what is otherwise read later."""
    if find_bundle(folder) != folder:
        raise BundleMissingError(
            "There is no bundle in the archive",
            expected="bundle.json and the files that it lists",
            remedy="Give a file that `pneumoscope.export_model` wrote",
        )
    bundle = read_bundle(folder)
    bundle.card()
    bundle.seen()
    bundle.reference()
    bundle.distances()
    return bundle


def _require_free(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise SettingsError(
            "A model cannot have this name",
            expected="letters, digits, hyphens and underscores, at most 64",
            received=repr(name),
            remedy="Choose another `name`",
            values={"setting": "name"},
        )
    if name.casefold() in map(str.casefold, all_names()):
        raise _occupied(f"There is a model {name} already", name, "Choose another `name`")


def _occupied(problem: str, received: str, remedy: str) -> SettingsError:
    return SettingsError(
        problem,
        remedy=remedy,
        code="output-occupied",
        values={"received": received},
    )
