"""The exported graph: what goes into it and comes out of it, by name.

Export makes it so, a bundle is held against it before it is used, and inference relies on it.
"""

from __future__ import annotations

from dataclasses import dataclass

IMAGE = "image"
PROBABILITIES = "probabilities"
MAPS = "class_activation_maps"
FEATURES = "features"
KERNEL = "first_kernel"
"""The constant that is the kernel of the first dense layer of the head."""


@dataclass(frozen=True)
class Tensor:
    """What an input or output is.

    Attributes:
        dtype: as NumPy names it.
        shape: its sizes; None where any will do, as for the number of images, which is first.
    """

    dtype: str
    shape: tuple[int | None, ...]

    def fits(self, shape: tuple[int | None, ...]) -> bool:
        """Whether an array of this shape is one; None where a size is not known."""
        return len(shape) == len(self.shape) and all(
            wanted in (None, size) for wanted, size in zip(self.shape, shape, strict=True)
        )

    def __str__(self) -> str:
        return f"{self.dtype} ({', '.join('any' if n is None else str(n) for n in self.shape)})"


def inputs(height: int, width: int) -> dict[str, Tensor]:
    """What goes in, by name, for images of this size."""
    return {IMAGE: Tensor("uint8", (None, height, width, 1))}


def outputs(classes: int) -> dict[str, Tensor]:
    """What comes out, by name, for so many classes."""
    return {
        PROBABILITIES: Tensor("float32", (None, classes)),
        MAPS: Tensor("float32", (None, classes, None, None)),
        FEATURES: Tensor("float32", (None, None)),
    }
