"""Models with a name: those that ship with the package, and those that the user has added.

    NAME/          the bundle of one, without `model.keras`
    default.txt    the name of the one that is used where none is given

`scripts/ship_model.py` writes both. Added models lie in the user's data folder, as `models/NAME`.
A name can be given wherever a bundle is expected; a file or folder of that name takes precedence.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pneumoscope.bundle import Bundle, find_bundle, read_bundle
from pneumoscope.claims import LOCK
from pneumoscope.errors import BundleError, BundleMissingError, StorageError, ask_for_nearest
from pneumoscope.files import list_folders
from pneumoscope.folders import locate_data

ROOT = Path(__file__).parent
DEFAULT = "default.txt"
# Names of which one is in every run folder, and in an incomplete bundle.
_OF_RUNS = (
    *(LOCK, "settings.json", "environment.json", "checkpoint", "history.csv", "bundle"),
    "model.onnx",
)
_REINSTALL = "Install Pneumoscope again, with `pip install --force-reinstall`"


def names() -> tuple[str, ...]:
    """Lists the names of the models that ship, sorted."""
    return _names_in(ROOT)


def added_names() -> tuple[str, ...]:
    """Lists the names of the models that the user has added, sorted."""
    with suppress(StorageError):  # no home folder, or one that may not be read
        return _names_in(added_folder())
    return ()


def added_folder() -> Path:
    """Returns the folder of the models that the user has added, which may not exist yet.

    Raises:
        StorageError: if this user has no home folder.
    """
    return locate_data() / "models"


def default_name() -> str:
    """Returns the name of the model that is used where none is given.

    Raises:
        BundleMissingError: if no model ships, or the default is not among them.
    """
    shipped = names()
    if not shipped:
        raise BundleMissingError(
            "No model ships with this installation",
            remedy="Give a bundle: the folder that `pneumoscope.train` wrote",
        )
    path = ROOT / DEFAULT
    name = path.read_text("utf-8").strip() if path.is_file() else ""
    if name not in shipped:
        raise BundleMissingError(
            f"{path} names no model that ships",
            expected=" or ".join(shipped),
            received=name or "nothing",
            remedy=_REINSTALL,
        )
    return name


def is_model(given: str) -> bool:
    """Tells whether a text names a model.

    It does so if it is the path of a bundle or of a run folder, with or without a bundle, or the
    name of a model that ships or was added.
    """
    path = Path(given)
    is_run = any((path / name).exists() for name in _OF_RUNS)
    return find_bundle(path) is not None or is_run or _is_name(given)


def list_models() -> tuple[Bundle, ...]:
    """Reads and checks the models that ship, then those that were added, each sorted by name.

    Raises:
        BundleError: if one of them cannot be used.
    """
    folders = [ROOT / name for name in names()]
    folders += [added_folder() / name for name in added_names()]
    return tuple(map(read_model, folders))


def is_default(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of the model that is used where none is given."""
    return bool(names()) and bundle.root.samefile(find())


def is_shipped(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of a model that ships, and so lies in no run folder."""
    return bundle.root.parent == ROOT


def is_added(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of a model that was added, whose folder is its name."""
    return bundle.root.name in added_names() and bundle.root.parent == added_folder()


def find(model: Path | str | None = None) -> Path:
    """Finds the folder of a model.

    Args:
        model: path of a bundle or of the run folder that holds it, or the name of a model that
            ships or was added; by default the default one of those that ship. A path that exists
            takes precedence.

    Raises:
        BundleMissingError: if there is no such model.
    """
    if model is None:
        return ROOT / default_name()
    if _is_name(str(model)):
        return (ROOT if str(model) in names() else added_folder()) / str(model)
    if not os.path.lexists(model):
        raise BundleMissingError(
            f"There is no bundle at {str(model)!r}, and no model has that name",
            expected="the bundle folder that `pneumoscope.train` wrote"
            + "".join(f", or {name}" for name in (*names(), *added_names())),
            received="nothing there",
            values={"path": str(model)},
            remedy=ask_for_nearest(str(model), (*names(), *added_names()))
            or "`pneumoscope.list_models` lists those that do",
        )
    return Path(model)


def read_model(model: Path | str | None = None) -> Bundle:
    """Finds a model, and reads and checks its bundle.

    Args:
        model: path or name of the model, as for `find`.

    Raises:
        BundleError: if the bundle is missing or changed, or a newer version made it.
    """
    root = find(model)
    try:
        return read_bundle(root)
    except BundleError as error:
        if root.parent != ROOT:
            raise
        raise type(error)(
            error.problem,
            expected=error.expected,
            received=error.received,
            remedy=_REINSTALL,
            code=error.code,
            values=error.values,
        ) from error


def _is_name(given: str) -> bool:
    return given in (*names(), *added_names()) and not os.path.lexists(given)


def _names_in(folder: Path) -> tuple[str, ...]:
    if not os.path.isdir(folder):
        return ()
    return tuple(each.name for each in list_folders(folder) if find_bundle(each) == each)
