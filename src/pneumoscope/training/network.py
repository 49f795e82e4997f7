"""Types of what this room uses of Keras, which has no types of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pneumoscope.training.backend import keras

Tensor = Any
"""An array of the backend of Keras, or a symbolic one: the two share no type."""

Loss = str | Callable[[Tensor, Tensor], Tensor]
"""A function of labels and probabilities, or the name of a loss of Keras."""


class Variable(Protocol):
    """A `keras.Variable`."""

    @property
    def path(self) -> str:
        """Name of the variable, after those of its layers."""

    def assign(self, value: ArrayLike) -> object:
        """Sets the value, of the shape of the variable."""

    def __array__(self) -> NDArray[np.float32]: ...


class Optimizer(Protocol):
    """A `keras.Optimizer`."""

    @property
    def variables(self) -> list[Variable]:
        """State of the optimizer, once it is built."""

    def build(self, variables: list[Variable]) -> None:
        """Makes the state for the variables to train."""

    def finalize_variable_values(self, variables: list[Variable]) -> None:
        """Sets the variables to their averages, if the optimizer keeps any."""


class Layer(Protocol):
    """A `keras.Layer`."""

    @property
    def name(self) -> str:
        """Name of the layer."""

    @property
    def input(self) -> Tensor:
        """Symbolic input of the layer, or a list of them."""

    @property
    def output(self) -> Tensor:
        """Symbolic output of the layer."""

    def __call__(self, inputs: Tensor) -> Tensor:
        """Applies the layer."""

    def get_weights(self) -> list[NDArray[np.float32]]:
        """Copies all weights of the layer."""

    def set_weights(self, weights: Sequence[NDArray[np.float32]]) -> None:
        """Sets all weights, in the order of `get_weights`."""


class Network(Layer, Protocol):
    """A `keras.Model` from uint8 (n, height, width, 1) to float32 (n, classes)."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the input; its first number is None."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output; its first number is None."""

    @property
    def layers(self) -> list[Layer]:
        """Layers of the network, each after those that it needs."""

    @property
    def operations(self) -> list[Layer]:
        """Layers of the network, and operations between them, each after those that it needs."""

    @property
    def weights(self) -> list[Variable]:
        """Variables of the network, but for those of random layers."""

    @property
    def trainable_variables(self) -> list[Variable]:
        """Variables that training changes by the gradient."""

    @property
    def optimizer(self) -> Optimizer:
        """Optimizer that the network was compiled with."""

    def get_layer(self, name: str) -> Layer:
        """Finds the layer of a name."""

    def compile(self, optimizer: Optimizer | str, loss: Loss, metrics: Sequence[str] = ()) -> None:
        """Sets how the network is to be trained."""

    def fit(
        self,
        x: Iterable[Tensor],
        *,
        steps_per_epoch: int,
        validation_data: Iterable[Tensor],
        initial_epoch: int,
        epochs: int,
        callbacks: Sequence[keras.callbacks.Callback],
        shuffle: bool,
        verbose: int,
    ) -> object:
        """Trains the network."""

    def train_on_batch(self, x: NDArray[np.uint8], y: NDArray[np.int32]) -> object:
        """Trains the network by one step."""

    def predict_on_batch(self, x: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predicts the probabilities of one batch."""

    def load_weights(self, path: Path) -> None:
        """Loads the weights of a file."""

    def save(self, path: Path) -> None:
        """Writes the network as a file of Keras."""
