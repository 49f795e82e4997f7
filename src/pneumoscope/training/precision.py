"""The number format of training: the faster one, as measured on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from pneumoscope.run import Precision
from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network

_BATCH = 16
_ROUNDS = 4


def resolve(precision: Precision, build: Callable[[], Network]) -> Precision:
    """Resolves `AUTO` to the faster of the two formats; leaves a choice as it is.

    Processors with bfloat16 instructions (AVX512-BF16, AMX) train several times as fast with it;
    on others it is emulated and slow. Measuring needs no list of processors.

    Args:
        precision: precision as the user chose it.
        build: makes the network, in the precision that is set when it is called.
    """
    if precision is not Precision.AUTO:
        return precision
    steps = {
        candidate: _training_step(candidate, build)
        for candidate in (Precision.FLOAT32, Precision.MIXED_BFLOAT16)
    }
    seconds = dict.fromkeys(steps, float("inf"))
    for _ in range(_ROUNDS):  # in turns, so that whatever else runs here slows both down alike
        for candidate, step in steps.items():
            start = time.perf_counter()
            step()
            seconds[candidate] = min(seconds[candidate], time.perf_counter() - start)
    return min(seconds, key=lambda candidate: seconds[candidate])


def build_in(precision: Precision, build: Callable[[], Network]) -> Network:
    """Builds a network in a precision, and leaves Keras's global setting as it was."""
    former = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(precision.value)
    try:
        return build()
    finally:
        keras.mixed_precision.set_dtype_policy(former)


def _training_step(precision: Precision, build: Callable[[], Network]) -> Callable[[], object]:
    """Makes a function that takes one step of training in a precision, compiled already."""
    network = build_in(precision, build)
    network.compile("adam", "sparse_categorical_crossentropy")
    images = np.zeros((_BATCH, *network.input_shape[1:]), dtype=np.uint8)
    labels = np.zeros(_BATCH, dtype=np.int32)
    network.train_on_batch(images, labels)
    return lambda: network.train_on_batch(images, labels)
