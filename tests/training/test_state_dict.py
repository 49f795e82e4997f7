"""State dicts of PyTorch are read without PyTorch, and nothing in them is executed."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import numpy as np
import pytest

from pneumoscope.training.state_dict import read_state_dict

pytestmark = pytest.mark.keras

_MAGIC = 0x1950A86A20F9469CFC6C


def _module(name: str, **content: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(content)
    return module


def _rebuild_tensor_v2() -> None: ...


_rebuild_tensor_v2.__module__ = "torch._utils"
KINDS = {
    np.dtype(kind): type(name, (), {"__module__": "torch"})
    for kind, name in {"f4": "FloatStorage", "f2": "HalfStorage", "i8": "LongStorage"}.items()
}
TORCH = {
    "torch": _module("torch", **{kind.__name__: kind for kind in KINDS.values()}),
    "torch._utils": _module("torch._utils", _rebuild_tensor_v2=_rebuild_tensor_v2),
}


@dataclass(eq=False)
class Tensor:
    """A tensor as PyTorch has it: a view of a storage."""

    storage: np.ndarray
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __reduce__(self) -> Any:
        seen = self.storage, self.offset, self.shape, self.strides
        return _rebuild_tensor_v2, (*seen, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any) -> None:
        super().__init__(file, 2)
        self.storages: dict[str, np.ndarray] = {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, np.ndarray):
            return None
        key = str(id(obj))
        self.storages[key] = obj
        return "storage", KINDS[obj.dtype], key, "cpu", obj.size, None


def tensor(array: np.ndarray) -> Tensor:
    strides = tuple(step // array.itemsize for step in array.strides)
    return Tensor(array.reshape(-1), 0, array.shape, strides)


def save(listed: object, path: Path, *, zipped: bool = True) -> Path:
    """Writes what `torch.save` would, of today or of before PyTorch 1.6."""
    pickled = io.BytesIO()
    pickler = _Pickler(pickled)
    with mock.patch.dict(sys.modules, TORCH):
        pickler.dump(listed)
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickled.getvalue())
            for key, values in pickler.storages.items():
                archive.writestr(f"archive/data/{key}", values.tobytes())
        return path
    with path.open("wb") as file:
        for value in (_MAGIC, 1001, {"little_endian": True}):
            pickle.dump(value, file, 2)
        file.write(pickled.getvalue())
        pickle.dump(sorted(pickler.storages), file, 2)
        for _, values in sorted(pickler.storages.items()):
            file.write(struct.pack("<q", values.size) + values.tobytes())
    return path


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "stream"])
def test_tensors_are_read_as_they_were(zipped: bool, tmp_path: Path) -> None:
    whole = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    half = np.linspace(0, 1, 5, dtype=np.float16)
    shared = np.arange(24, dtype=np.float32)
    expected = {
        "whole": whole,
        "turned": shared.reshape(4, 6).T,
        "part": shared[5:11].reshape(2, 3),
        "half": half,
        "one": np.asarray(7),
        "none": np.zeros((0, 3), np.float32),
    }
    written = OrderedDict(
        whole=tensor(whole),
        turned=Tensor(shared, 0, (6, 4), (1, 6)),
        part=Tensor(shared, 5, (2, 3), (3, 1)),
        half=tensor(half),
        one=Tensor(np.asarray([7]), 0, (), ()),
        none=Tensor(shared, 0, (0, 3), (3, 1)),
    )
    found = read_state_dict(save(written, tmp_path / "some.pth", zipped=zipped))
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


class _Calls:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "stream"])
def test_nothing_is_executed(zipped: bool, tmp_path: Path) -> None:
    path = save({"weight": _Calls(tmp_path / "made")}, tmp_path / "evil.pth", zipped=zipped)
    with pytest.raises(pickle.UnpicklingError, match=r"mkdir has no place in a state dict"):
        read_state_dict(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (25,), (1,)),
        (20, (5,), (1,)),
        (0, (2, 2), (23, 1)),
        (-1, (2,), (1,)),
        (3, (2,), (-1,)),
        (0, (10**6, 10**6), (0, 0)),  # one value, for terabytes of memory
    ],
)
def test_tensor_beyond_its_storage_is_refused(
    offset: int, shape: tuple[int, ...], strides: tuple[int, ...], tmp_path: Path
) -> None:
    outside = Tensor(np.arange(24, dtype=np.float32), offset, shape, strides)
    path = save({"outside": outside}, tmp_path / "outside.pth")
    with pytest.raises(ValueError, match="reaches beyond its 24 values"):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["archive", "stream"])
def test_file_of_something_else_is_refused(zipped: bool, tmp_path: Path) -> None:
    path = save([tensor(np.zeros(3, np.float32))], tmp_path / "list.pth", zipped=zipped)
    with pytest.raises(pickle.UnpicklingError, match="a list is no state dict"):
        read_state_dict(path)


def test_pickle_that_is_not_of_pytorch_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.pth"
    path.write_bytes(b"".join(pickle.dumps(value, 2) for value in (1, 2, 3, {})))
    with pytest.raises(pickle.UnpicklingError, match="does not begin as"):
        read_state_dict(path)


def test_file_that_ends_early_is_refused(tmp_path: Path) -> None:
    path = save({"a": tensor(np.zeros(9, np.float32))}, tmp_path / "short.pth", zipped=False)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match="reaches beyond its 7 values"):
        read_state_dict(path)
