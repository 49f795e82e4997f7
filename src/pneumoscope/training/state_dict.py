"""Weights of PyTorch, read without PyTorch: files that `torch.save` wrote of a state dict.

Such a file holds a pickle, which names the tensors, and the bytes of their storages. Since PyTorch
1.6 it is a ZIP archive; before, the bytes followed the pickle. A pickle can call any function that
it names: here all names are refused but those that a state dict needs, and plain values stand in
for what they are in PyTorch.
"""

from __future__ import annotations

import io
import math
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from pneumoscope.training.network import Network

Array = NDArray[Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_BEFORE_ZIP = 3  # magic number, version of the format, and sizes of C's types

# Little-endian, as PyTorch writes them on all usual machines.
_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
}

_NAMES = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}
"""Last name of a tensor of PyTorch, by that of the variable of Keras."""


def load_state_dict(network: Network, path: Path) -> None:
    """Sets the weights of a network of convolutions and batch normalisations to those of a file.

    The file lists them in the order of the network; those that follow, of a head, are left out.
    Where there are fewer, the other weights stay as they are.

    Args:
        network: a network of `Conv2D`, `DepthwiseConv2D` and `BatchNormalization`, without biases.
        path: a state dict of PyTorch.

    Raises:
        ValueError: if the file holds other weights.
        pickle.UnpicklingError: if it holds no state dict, or more than that; where the file is
            damaged, also other errors of `pickle` and `zipfile`, which share no base.
    """
    tensors = read_state_dict(path)
    names = [name for name in tensors if not name.endswith(".num_batches_tracked")]
    for variable, name in zip(network.weights, names, strict=False):
        kind = variable.path.rpartition("/")[2]
        if name.rpartition(".")[2] != _NAMES[kind]:
            raise ValueError(f"{name} stands where {_NAMES[kind]} of {variable.path} belongs")
        tensor = tensors[name]
        if tensor.ndim == 4:  # (k, channels, y, x), of a depthwise convolution (k, 1, y, x)
            tensor = tensor.transpose((2, 3, 0, 1) if tensor.shape[1] == 1 else (2, 3, 1, 0))
        variable.assign(tensor)


def read_state_dict(path: Path) -> dict[str, Array]:
    """Reads the tensors of a file by name, in their order. Nothing of it is executed.

    Raises:
        ValueError: if a tensor reaches beyond what is stored.
        pickle.UnpicklingError: as `load_state_dict`.
    """
    with path.open("rb") as file:
        listed, storages = (_in_archive if zipfile.is_zipfile(file) else _in_stream)(file)
    if not isinstance(listed, dict):
        raise pickle.UnpicklingError(f"a {type(listed).__name__} is no state dict")
    return {str(name): _tensor(storages, *described) for name, described in listed.items()}


def _in_archive(file: BinaryIO) -> tuple[Any, dict[str, bytes]]:
    with zipfile.ZipFile(file) as archive:
        (pickled,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = f"{pickled.removesuffix('.pkl')}/"
        listed = _StateDict(io.BytesIO(archive.read(pickled))).load()
        storages = {
            name.removeprefix(folder): archive.read(name)
            for name in archive.namelist()
            if name.startswith(folder)
        }
    return listed, storages


def _in_stream(file: BinaryIO) -> tuple[Any, dict[str, bytes]]:
    file.seek(0)
    magic, *_ = (_StateDict(file).load() for _ in range(_BEFORE_ZIP))
    if magic != _MAGIC:
        raise pickle.UnpicklingError("it does not begin as files of PyTorch do")
    unpickler = _StateDict(file)
    listed = unpickler.load()
    storages = {}
    for key in _StateDict(file).load():
        (count,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(max(0, count) * np.dtype(unpickler.storages[key]).itemsize)
    return listed, storages


class _StateDict(pickle.Unpickler):
    """Reads a state dict: of each tensor the storage, the offset, the shape and the strides.

    Attributes:
        storages: type of each storage that was named, by its key.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, str] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _describe()
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a state dict")

    def persistent_load(self, pid: Any) -> Any:
        _, kind, key, *_ = pid
        self.storages[key] = kind
        return kind, key


def _describe() -> Callable[..., tuple[Any, ...]]:
    """Makes what stands for the function of PyTorch: a new one, since a pickle may alter it."""
    return lambda storage, offset, shape, strides, *_: (storage, offset, shape, strides)


def _tensor(
    storages: dict[str, bytes],
    storage: tuple[str, str],
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
) -> Array:
    """Takes a tensor out of its storage; offset and strides count elements."""
    kind, key = storage
    values = np.frombuffer(storages[key], kind)
    last = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
    if min(offset, *shape, *strides, 0) < 0 or max(last + 1, math.prod(shape)) > values.size:
        raise ValueError(f"a tensor of shape {shape} reaches beyond its {values.size} values")
    axes = (np.arange(n) * step for n, step in zip(shape, strides, strict=True))
    places = reduce(np.add.outer, axes, np.asarray(offset))
    return np.asarray(values[places])
