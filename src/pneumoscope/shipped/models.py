"""Models that ship with the package, by name or as the default.

    NAME/          the bundle of one, without `model.keras`
    default.txt    the name of the one that is used where none is given

`scripts/ship_model.py` writes both. The name of a shipped model can be given
wherever a bundle is expected; a file or folder of that name takes precedence.
"""

from __future__ import annotations

import os
from pathlib import Path

from pneumoscope.bundle import Bundle, find_bundle, read_bundle
from pneumoscope.claims import LOCK
from pneumoscope.errors import BundleError, BundleMissingError
from pneumoscope.files import list_folders

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
    return tuple(folder.name for folder in list_folders(ROOT) if find_bundle(folder) == folder)


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
    name of a shipped model.
    """
    path = Path(given)
    is_run = any((path / name).exists() for name in _OF_RUNS)
    return find_bundle(path) is not None or is_run or _is_name(given)


def list_models() -> tuple[Bundle, ...]:
    """Reads and checks the models that ship, sorted by name; empty if there are none.

    Raises:
        BundleError: if one of them cannot be used.
    """
    return tuple(map(read_model, names()))


def is_default(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of the model that is used where none is given."""
    return bool(names()) and bundle.root.samefile(find())


def is_shipped(bundle: Bundle) -> bool:
    """Tells whether a bundle is that of a model that ships, and so lies in no run folder."""
    return bundle.root.parent == ROOT


def find(model: Path | str | None = None) -> Path:
    """Finds the folder of a model.

    Args:
        model: path of a bundle or of the run folder that holds it, or the name of a shipped
            model; by default the default one of these. A path that exists takes precedence.

    Raises:
        BundleMissingError: if there is no such model.
    """
    if model is None:
        return ROOT / default_name()
    if _is_name(str(model)):
        return ROOT / str(model)
    if not os.path.lexists(model):
        raise BundleMissingError(
            f"There is no bundle at {str(model)!r}, and no model of that name ships",
            expected="the bundle folder that `pneumoscope.train` wrote"
            + "".join(f", or {name}" for name in names()),
            received="nothing there",
            values={"path": str(model)},
            remedy="`pneumoscope.list_models` lists what ships",
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
    return given in names() and not os.path.lexists(given)
