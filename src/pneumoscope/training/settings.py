"""What a person may choose about a training run, and how they are told of its progress."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

from pneumoscope.dataset import SplitSettings
from pneumoscope.errors import SettingsError
from pneumoscope.types import Geometry


class Precision(StrEnum):
    """How weights and activations are held while training; a bundle is always float32."""

    AUTO = "auto"
    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"

    @classmethod
    def of(cls, name: str) -> Precision:
        """The precision of this name.

        Raises:
            SettingsError: if there is none.
        """
        if name not in list(cls):
            raise SettingsError(
                "There is no such precision", expected=" or ".join(cls), received=name
            )
        return cls(name)


@dataclass(frozen=True)
class TrainingSettings:
    """The choices of a training run; each is an option of `pneumoscope train`.

    Attributes:
        arch: name of the network.
        epochs: at most this many.
        patience: stop after this many epochs without a lower validation loss.
        batch_size: images in a batch.
        learning_rate: of Adam.
        image_size: pixels of each side of what the network reads.
        seed: of the split, the weights, the order, and everything else that is random.
        precision: number format of the training.
        weights: what it starts from: `none`, `imagenet`, a file of weights for three channels, or
            `auto`: `imagenet` for a network of `keras.applications`, `none` for our own.
        class_weights: whether each class counts alike, however many images it has.
        augmentation: whether training images are randomly changed.
        validation_share: of the images, held out to choose the best epoch.
        test_share: of the images, held out for evaluation where no test split was published.
    """

    arch: str = "baseline"
    epochs: int = 20
    patience: int = 3
    batch_size: int = 32
    learning_rate: float = 1e-3
    image_size: int = 224
    seed: int = 1
    precision: Precision = Precision.AUTO
    weights: str = "auto"
    class_weights: bool = False
    augmentation: bool = False
    validation_share: float = 0.15
    test_share: float = 0.15

    def __post_init__(self) -> None:
        for name in ("epochs", "patience", "batch_size", "learning_rate"):
            value = getattr(self, name)
            if not value > 0:
                raise SettingsError(
                    f"--{name.replace('_', '-')} is out of range",
                    expected="a number above 0",
                    received=f"{value}",
                )
        if not 0 <= self.seed < 2**31:
            raise SettingsError(
                "--seed is out of range", expected="0 to 2147483647", received=f"{self.seed}"
            )
        # Both raise a SettingsError of their own.
        _ = self.geometry, self.split

    @property
    def geometry(self) -> Geometry:
        """The image size."""
        return Geometry(self.image_size, self.image_size)

    @property
    def split(self) -> SplitSettings:
        """How patients are divided."""
        return SplitSettings(self.seed, self.validation_share, self.test_share)

    def command(self, data: Path) -> str:
        """The command line that makes the same run, with names of folders and files only."""
        words = ["pneumoscope", "train", data.name, "--arch", self.arch, "--seed", str(self.seed)]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in {"arch", "seed"} and value != field.default:
                words.append(f"--{field.name.replace('_', '-')}")
                shown = Path(value).name if field.name == "weights" else str(value)
                words += [] if value is True else [shown]
        return shlex.join(words)


class Observer:
    """Is told what a run is doing; this one ignores it all. Override what is of interest."""

    def note(self, text: str) -> None:
        """Something that a person should know."""

    def prepared(self, done: int, total: int) -> None:
        """So many images have been prepared."""

    def trained(self, epoch: int, epochs: int, images: int, total: int) -> None:
        """So many images of this epoch (from 1) have been trained on."""

    def epoch_ended(self, epoch: int, results: Mapping[str, float], best: bool) -> None:
        """An epoch (from 1) has ended with these losses and metrics."""
