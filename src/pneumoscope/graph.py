"""Inputs and outputs of the exported graph, by name.

The export makes them, a bundle is checked against them before use, and inference relies on them.
"""

from __future__ import annotations

from dataclasses import dataclass

IMAGE = "image"
PROBABILITIES = "probabilities"
MAPS = "class_activation_maps"
FEATURES = "features"
KERNEL = "first_kernel"
"""Name of the constant that is the kernel of the first dense layer of the head."""


@dataclass(frozen=True)
class Tensor:
    """Type and shape of an input or output.

    Attributes:
        dtype: data type, by its name in NumPy.
        shape: sizes of the dimensions; None for any size, as of the first, the number of images.
    """

    dtype: str
    shape: tuple[int | None, ...]

    def fits(self, shape: tuple[int | None, ...]) -> bool:
        """Returns whether a shape matches; its sizes are None where they are not known."""
        return len(shape) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.dtype} ({', '.join('any' if n is None else str(n) for n in self.shape)})"


def inputs(height: int, width: int) -> dict[str, Tensor]:
    """Returns the inputs by name, for images of this size."""
    return {IMAGE: Tensor("uint8", (None, height, width, 1))}


def outputs(classes: int) -> dict[str, Tensor]:
    """Returns the outputs by name, for this number of classes."""
    return {
        PROBABILITIES: Tensor("float32", (None, classes)),
        MAPS: Tensor("float32", (None, classes, None, None)),
        FEATURES: Tensor("float32", (None, None)),
    }
