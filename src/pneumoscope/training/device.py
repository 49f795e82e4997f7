"""The device of a training on one: which there are, which it is, and what it is called."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from pneumoscope.errors import unknown_choice
from pneumoscope.training.backend import keras


def choose_device(wanted: str) -> str:
    """Chooses a device by its name or by its kind.

    Args:
        wanted: the device, such as "gpu:1"; "gpu" or "cpu" for the first of this kind; empty for
            the one that the backend takes by itself.

    Returns:
        Its name in Keras, such as "gpu:0".

    Raises:
        SettingsError: if there is no such device.
    """
    known = list_devices()
    fitting = [name for name in known if name.startswith(f"{wanted}:") or name == wanted]
    if not wanted:
        return known[0]
    if not fitting:
        raise unknown_choice("There is no such device", wanted, known, setting="device")
    return fitting[0]


def list_devices() -> list[str]:
    """Lists the devices that Keras can train on, first the one that its backend takes by itself."""
    if keras.backend.backend() == "torch":
        import torch

        return [f"gpu:{number}" for number in range(torch.cuda.device_count())] + ["cpu:0"]
    found = keras.distribution.list_devices(), keras.distribution.list_devices("cpu")
    return list(dict.fromkeys(name for names in found for name in names))


def model_of(device: str) -> str:
    """Returns the maker's name of a GPU; empty for a processor, and where it is not told."""
    kind, _, number = device.partition(":")
    if kind != "gpu":
        return ""
    backend = keras.backend.backend()
    if backend == "torch":
        import torch

        return str(torch.cuda.get_device_name(int(number)))
    if backend == "jax":
        import jax

        return str(jax.devices("gpu")[int(number)].device_kind)
    return ""


def on_device(wanted: str) -> AbstractContextManager[object]:
    """Lets Keras work on a device in the block; nothing changes where none is wanted.

    Raises:
        SettingsError: if there is no such device.
    """
    scope: AbstractContextManager[object] = (
        keras.device(choose_device(wanted)) if wanted else nullcontext()
    )
    return scope
