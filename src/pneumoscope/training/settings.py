"""What a person may choose about a training run, and how they are told of its progress."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.dataset import ScanSettings, SplitSettings
from pneumoscope.errors import SettingsError
from pneumoscope.training.recipes import recipe
from pneumoscope.types import Geometry

_OF_RECIPE: Any = None


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

    What is left out after `weights` comes from the recipe of the network (`training.recipes`).

    Attributes:
        arch: name of the network.
        seed: of the split, the weights, the order, and everything else that is random.
        validation_share: of the images, held out to choose the best epoch and the threshold.
        test_share: of the images, held out for evaluation where no test split was published; at 0
            none are.
        precision: number format of the training.
        weights: what it starts from: `none`, `imagenet`, a file of weights for three channels, or
            `auto`: `imagenet` for a network of `keras.applications`, `none` for our own.
        image_size: pixels of each side of what the network reads.
        epochs: at most this many; at 0 as many as the number of images needs
            (`recipes.epochs_for`).
        patience: stop after this many epochs without a lower validation loss, and keep the best
            epoch; at 0 all epochs are trained and the last is kept.
        batch_size: images in a batch.
        learning_rate: of Adam; the highest, if it changes.
        cosine: whether the rate warms up and then falls along a cosine to the last epoch.
        weight_decay: decoupled from the rate's adaptation; 0 for none.
        averaging: momentum of the exponential average of the weights; 0 for none.
        label_smoothing: share of each label that is spread over all classes.
        class_weights: whether each class counts alike, however many images it has.
        augmentation: whether training images are randomly changed.
        positive: the classes that count as positive, all but one; by default told by the names.
        strict: whether a doubt about the data is an error.
        root: the folder that holds all images of a CSV manifest; empty for that of the manifest.

    Raises:
        SettingsError: on construction, if a value is out of range.
    """

    arch: str = "residual"
    seed: int = 1
    validation_share: float = 0.15
    test_share: float = 0.15
    precision: Precision = Precision.AUTO
    weights: str = "auto"
    image_size: int = _OF_RECIPE
    epochs: int = _OF_RECIPE
    patience: int = _OF_RECIPE
    batch_size: int = _OF_RECIPE
    learning_rate: float = _OF_RECIPE
    cosine: bool = _OF_RECIPE
    weight_decay: float = _OF_RECIPE
    averaging: float = _OF_RECIPE
    label_smoothing: float = _OF_RECIPE
    class_weights: bool = _OF_RECIPE
    augmentation: bool = _OF_RECIPE
    positive: tuple[str, ...] = ()
    strict: bool = False
    root: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", Precision.of(self.precision))
        object.__setattr__(self, "positive", tuple(self.positive))
        object.__setattr__(self, "root", str(self.root))
        for name, value in recipe(self.arch).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        for name, (holds, expected) in {
            "epochs": (self.epochs >= 0, "0 or more"),
            "patience": (self.patience >= 0, "0 or more"),
            "batch_size": (self.batch_size > 0, "a number above 0"),
            "learning_rate": (self.learning_rate > 0, "a number above 0"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "averaging": (0 <= self.averaging < 1, "0 or more, below 1"),
            "label_smoothing": (0 <= self.label_smoothing < 1, "0 or more, below 1"),
            "seed": (0 <= self.seed < 2**31, "0 to 2147483647"),
        }.items():
            if not holds:
                raise SettingsError(
                    f"`{name}` is out of range",
                    expected=expected,
                    received=f"{getattr(self, name)}",
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

    @property
    def scanning(self) -> ScanSettings:
        """How the data set is to be understood."""
        return ScanSettings(self.positive, self.strict, Path(self.root) if self.root else None)

    def command(self, data: Path) -> str:
        """The command line that makes the same run, with names of folders and files only."""
        words = ["pneumoscope", "train", data.name, "--arch", self.arch, "--seed", str(self.seed)]
        usual = TrainingSettings(self.arch, self.seed)
        for field in fields(self):
            value = getattr(self, field.name)
            if value != getattr(usual, field.name):
                option = field.name.replace("_", "-")
                if isinstance(value, tuple):
                    words += [word for item in value for word in (f"--{option}", item)]
                    continue
                words += [f"--no-{option}"] if value is False else [f"--{option}"]
                if field.name in ("weights", "root"):
                    value = Path(value).name
                words += [] if isinstance(value, bool) else [str(value)]
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
