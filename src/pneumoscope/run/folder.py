"""The run folder, which explains itself.

    settings.json      the data, and the settings as given and as resolved
    environment.json   versions, machine
    history.csv        losses and metrics of each epoch
    tensorboard/       losses and metrics for TensorBoard
    figures/           losses and metrics as a figure
    mlflow.json        the run of MLflow, if one tracks it
    checkpoint/        the state to resume from; deleted once the run has ended
    .claimed           only while a process writes into the folder
    bundle/            the model

Only `training.fit`, and `track` what it tracks, write into one.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib import metadata
from itertools import count
from pathlib import Path

from pneumoscope.claims import claimed, is_free
from pneumoscope.defaults import RUNS
from pneumoscope.errors import DataError, PneumoscopeError, SettingsError, storage_errors
from pneumoscope.files import write_json
from pneumoscope.parallel import usable_cores
from pneumoscope.recipes import Recipe
from pneumoscope.run.settings import Precision, TrainingSettings

SETTINGS = "settings.json"
TENSORBOARD = "tensorboard"
FIGURES = "figures"
CHECKPOINT = "checkpoint"
TRACKED = "mlflow.json"
CURVES = f"{FIGURES}/curves"

_ENVIRONMENT = "environment.json"
_LIBRARIES = ("keras", "onnx", "onnxruntime", "numpy")
_BACKENDS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}


@dataclass(frozen=True)
class Run:
    """One training run and its folder.

    Attributes:
        root: the run folder.
        data: the data set to train on.
        given: the settings as the user chose them, complete.
        precision: precision that `auto` was resolved to; `AUTO` until then.
        fingerprint: fingerprint of the prepared data; empty until it is known.
        weights: origin that `weights` was resolved to; empty until then.
        epochs: number of epochs that `epochs` was resolved to; 0 until then.
        backend: backend of Keras that it is trained on; empty until it is known.
        devices: devices of all processes that train it now; empty until they are known.
        device_model: maker's name of the first of them, if it is a GPU and its name is told.
        processes: number of these processes.
    """

    root: Path
    data: Path
    given: TrainingSettings
    precision: Precision = Precision.AUTO
    fingerprint: str = ""
    weights: str = ""
    epochs: int = 0
    backend: str = ""
    devices: tuple[str, ...] = ()
    device_model: str = ""
    processes: int = 1

    @property
    def recipe(self) -> Recipe:
        """Recipe of the training."""
        return self.given.recipe

    @property
    def bundle(self) -> Path:
        """Folder of the bundle, once it is made."""
        return self.root / "bundle"

    @property
    def resolved(self) -> TrainingSettings:
        """Settings in force, which go into the bundle: with names of folders and files only."""
        return replace(
            self.given,
            precision=self.precision,
            weights=self.weights,
            epochs=self.epochs,
            root=Path(self.given.root).name,
        )

    def save(self) -> None:
        """Writes the settings and the environment."""
        content = {
            "data": str(self.data),
            "fingerprint": self.fingerprint,
            "backend": self.backend,
            "given": asdict(self.given),
            "resolved": asdict(self.resolved),
        }
        write_json(self.root / SETTINGS, content)
        machine = {
            "versions": library_versions(self.backend),
            "platform": platform.platform(),
            "machine": platform.machine(),
            "cores": usable_cores(),
            "devices": self.devices,
            "device_model": self.device_model,
            "processes": self.processes,
        }
        write_json(self.root / _ENVIRONMENT, machine)


@contextmanager
def new_run(data: Path, root: Path | None, settings: TrainingSettings) -> Iterator[Run]:
    """Claims `root`, or a folder under `runs` named after network and time, and saves a run there.

    It is saved at once, so that it can be resumed however early it is killed. If an error ends it
    before its data are known, no file is left.

    Raises:
        SettingsError: if the folder is not empty, or another process writes into it.
        StorageError: if a file cannot be written.
    """
    with new_folder(root, settings) as root:
        if settings.root:
            settings = replace(settings, root=str(Path(settings.root).resolve()))
        run = Run(root, data.resolve(), settings.complete())
        run.save()
        try:
            yield run
        except PneumoscopeError:
            if not read_run(root).fingerprint:
                for name in (SETTINGS, _ENVIRONMENT):
                    (root / name).unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(root: Path | None, settings: TrainingSettings) -> Iterator[Path]:
    """Claims `root`, or a folder under `runs` named after network and time; it must be empty.

    Raises:
        SettingsError: if the folder is not empty, or another process writes into it.
        StorageError: if it cannot be read or written.
    """
    root = root or _unused(settings)
    with claimed(root):
        with storage_errors("read", root):
            if not is_free(root):
                raise SettingsError(
                    f"The output folder {root} is not empty",
                    remedy=f'Choose another, or go on with `pneumoscope.resume("{root}")`',
                    code="output-occupied",
                    values={"path": str(root)},
                )
        yield root


def require_same(data: Path, before: str, now: str) -> None:
    """Refuses to go on with images that have changed.

    Args:
        data: path of the data set, for the error.
        before: fingerprint of the data set when the run was started; empty if it is not known.
        now: fingerprint of the data set as it is.

    Raises:
        DataError: if the fingerprints differ.
    """
    if before not in ("", now):
        raise DataError(
            f"The images in {data} have changed since the run was started",
            remedy="Start a new run",
            code="data-changed",
            values={"path": str(data)},
        )


def _unused(settings: TrainingSettings) -> Path:
    """Makes a folder that no other process, started in the same second, has made."""
    name = f"{settings.arch}-{datetime.now():%Y%m%d-%H%M%S}"
    with storage_errors("write", Path(RUNS)):
        Path(RUNS).mkdir(exist_ok=True)
        for number in count(1):
            root = Path(RUNS, name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):
                root.mkdir()
                break
    return root


def is_run(root: Path) -> bool:
    """Tells whether a folder is that of a run, finished or not."""
    return (root / SETTINGS).is_file()


def read_run(root: Path) -> Run:
    """Reads a run folder back, also one that an earlier version wrote.

    Raises:
        DataError: if it is no run folder, or its settings cannot be used.
        StorageError: if the settings may not be read.
    """
    path = root / SETTINGS
    remedy = "Give the folder that `pneumoscope.train` wrote"
    if not is_run(root):
        raise DataError(f"{root} is no run", expected=f"{SETTINGS} in it", remedy=remedy)
    with storage_errors("read", path):
        text = path.read_bytes()
    try:
        content = json.loads(text)
        resolved = content["resolved"]
        return Run(
            root,
            Path(content["data"]),
            TrainingSettings.parse(content["given"]).complete(),
            Precision(resolved["precision"]),
            content["fingerprint"],
            resolved.get("weights", "none"),
            resolved["epochs"],
            content.get("backend", "tensorflow"),  # before there was a choice
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"Cannot read {path}: {error!r}",
            expected="the settings as `pneumoscope.train` wrote them",
            remedy=remedy,
        ) from error


def library_versions(backend: str) -> dict[str, str]:
    """Lists the versions of Python and of the libraries that make a model, if installed.

    Args:
        backend: backend of Keras; empty if it is not known.
    """
    found = {"python": platform.python_version()}
    for name in (*_BACKENDS.get(backend, ()), *_LIBRARIES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
