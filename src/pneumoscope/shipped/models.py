"""Models with a name: those that ship with the package, and those that the user has added.

    NAME/          the bundle of one, without `model.keras`
    default.txt    the name of the one that is used where none is given

`scripts/ship_model.py` writes both. Added models lie in the user's data folder, as `models/NAME`.
A name can be given wherever a bundle is expected; a file or folder of that name takes precedence.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pneumoscope.bundle import Bundle, find_bundle, read_bundle
from pneumoscope.claims import LOCK
from pneumoscope.errors import (
    BundleError,
    BundleMissingError,
    BundleSchemaError,
    PneumoscopeError,
    StorageError,
    ask_for_nearest,
)
from pneumoscope.files import list_folders
from pneumoscope.folders import locate_data
from pneumoscope.notices import Notice

ROOT = Path(__file__).parent
DEFAULT = "default.txt"
# Names of which one is in every run folder, and in an incomplete bundle.
_OF_RUNS = (
    *(LOCK, "settings.json", "environment.json", "checkpoint", "history.csv", "bundle"),
    "model.onnx",
)
_REINSTALL = "Install Pneumoscope again, with `pip install --force-reinstall`"


@dataclass(frozen=True)
class ListedModel:
    """A model as a list shows it.

    Attributes:
        name: its name, which can be given wherever a bundle is expected.
        path: its folder.
        bundle: the model itself, or None if it cannot be used.
        problem: why it cannot be used.
    """

    name: str
    path: Path
    bundle: Bundle | None = None
    problem: Notice | None = None


def names() -> tuple[str, ...]:
    """Lists the names of the models that ship, sorted."""
    return tuple(each.name for each in _folders_in(ROOT) if find_bundle(each) == each)


def added_names() -> tuple[str, ...]:
    """Lists the names of the models that the user has added, damaged or not, sorted."""
    with suppress(StorageError):  # no home folder, or one that may not be read
        return tuple(each.name for each in _folders_in(added_folder()))
    return ()


def all_names() -> tuple[str, ...]:
    """Lists the names of the models that ship, then of those that the user has added."""
    return (*names(), *added_names())


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


def list_models() -> tuple[ListedModel, ...]:
    """Reads and checks the models that ship, then those that were added, each sorted by name.

    A model that cannot be used is listed with the reason.
    """
    folders = [ROOT / name for name in names()]
    folders += [added_folder() / name for name in added_names()]
    return tuple(map(_list_one, folders))


def is_default(root: Path) -> bool:
    """Tells whether a folder is that of the model that is used where none is given."""
    return bool(names()) and root.samefile(find())


def is_shipped(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of a model that ships, and so lies in no run folder."""
    return bundle.root.parent == ROOT


def is_added(root: Path) -> bool:
    """Tells whether a folder is that of a model that was added, and so bears its name."""
    return root.name in added_names() and root.parent == added_folder()


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
            + "".join(f", or {name}" for name in all_names()),
            received="nothing there",
            values={"path": str(model)},
            remedy=ask_for_nearest(str(model), all_names())
            or "`pneumoscope.list_models` lists those that do",
        )
    return Path(model)


def read_model(model: Path | str | None = None) -> Bundle:
    """Finds a model, and reads and checks its bundle.

    Args:
        model: path or name of the model, as for `find`.

    Raises:
        BundleError: if the bundle is missing or changed, or a newer version made it.
        StorageError: if it may not be read.
    """
    root = find(model)
    try:
        return read_bundle(root)
    except BundleError as error:
        raise type(error)(
            error.problem,
            expected=error.expected,
            received=error.received,
            remedy=_remedy(root, error),
            code=error.code,
            values=error.values,
        ) from error


def _remedy(root: Path, error: BundleError) -> str:
    if root.parent == ROOT:
        return _REINSTALL
    if is_added(root) and not isinstance(error, BundleSchemaError):
        return f"Remove the model {root.name}, and add it again"
    return error.remedy


def _list_one(root: Path) -> ListedModel:
    try:
        return ListedModel(root.name, root, bundle=read_model(root))
    except PneumoscopeError as error:
        return ListedModel(root.name, root, problem=error.to_notice())


def _is_name(given: str) -> bool:
    return given in all_names() and not os.path.lexists(given)


def _folders_in(folder: Path) -> list[Path]:
    return list_folders(folder) if os.path.isdir(folder) else []
