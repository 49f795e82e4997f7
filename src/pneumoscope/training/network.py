"""What this room uses of Keras's models: they carry no types of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pneumoscope.training.backend import keras

Tensor = Any
"""An array of Keras's backend, or one that is still symbolic: the two share no type."""

Loss = str | Callable[[Tensor, Tensor], Tensor]
"""Takes labels and probabilities; or the name of one of Keras's own."""


class Variable(Protocol):
    """A `keras.Variable`."""

    @property
    def path(self) -> str:
        """Its name, after those of its layers."""

    def assign(self, value: ArrayLike) -> object:
        """Gives it a value of its shape."""

    def __array__(self) -> NDArray[np.float32]: ...


class Optimizer(Protocol):
    """A `keras.Optimizer`."""

    @property
    def variables(self) -> list[Variable]:
        """Its state, once it is built."""

    def build(self, variables: list[Variable]) -> None:
        """Makes its state for the variables that it is to train."""

    def finalize_variable_values(self, variables: list[Variable]) -> None:
        """Gives the variables their averages, if it keeps any."""


class Layer(Protocol):
    """A `keras.Layer`."""

    @property
    def name(self) -> str:
        """Its name, once in a network."""

    @property
    def output(self) -> Tensor:
        """What it gives, symbolic."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Applies it."""

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies of all its weights."""

    def set_weights(self, weights: Sequence[NDArray[np.float32]]) -> None:
        """Takes over weights, in the order of `get_weights`."""


class Network(Layer, Protocol):
    """A `keras.Model` from uint8 (n, height, width, 1) to float32 (n, classes)."""

    @property
    def input(self) -> Tensor:
        """What it reads, symbolic."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of what it reads; the first number is None."""

    @property
    def layers(self) -> list[Layer]:
        """Its layers, each after those that it needs."""

    @property
    def weights(self) -> list[Variable]:
        """All its variables but those of random layers."""

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those that training changes by the gradient."""

    @property
    def optimizer(self) -> Optimizer:
        """What it was compiled with."""

    def get_layer(self, name: str) -> Layer:
        """The layer of a name."""

    def compile(self, optimizer: Optimizer | str, loss: Loss, metrics: Sequence[str] = ()) -> None:
        """Says how it is to be trained."""

    def fit(
        self,
        x: Iterable[Tensor],
        *,
        steps_per_epoch: int,
        validation_data: Iterable[Tensor],
        initial_epoch: int,
        epochs: int,
        class_weight: Mapping[int, float] | None,
        callbacks: Sequence[keras.callbacks.Callback],
        shuffle: bool,
        verbose: int,
    ) -> object:
        """Trains it."""

    def train_on_batch(self, x: NDArray[np.uint8], y: NDArray[np.int32]) -> object:
        """Takes one step."""

    def predict_on_batch(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The probabilities of one batch."""

    def load_weights(self, path: Path) -> None:
        """Takes over the weights of a file."""

    def save(self, path: Path) -> None:
        """Writes it as a file of Keras."""

    def export(
        self, path: Path, *, format: str, input_signature: Sequence[object], verbose: bool
    ) -> None:
        """Writes it as a graph of another library."""
