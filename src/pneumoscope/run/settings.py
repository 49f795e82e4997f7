"""The settings of a training run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from pneumoscope.dataset import ScanSettings, SplitSettings
from pneumoscope.defaults import (
    ARCHITECTURE,
    AUTO,
    PRESET,
    SPLIT_SEED,
    TEST_SHARE,
    VALIDATION_SHARE,
)
from pneumoscope.errors import out_of_range, unknown_choice
from pneumoscope.recipes import RECIPES, ROBUST, Balance, Recipe, find_preset


class Precision(StrEnum):
    """Number format of weights and activations in training; a bundle is always float32."""

    AUTO = "auto"
    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"

    @classmethod
    def of(cls, name: str) -> Precision:
        """Finds the precision of a name.

        Raises:
            SettingsError: if there is no precision of this name.
        """
        if name not in list(cls):
            raise unknown_choice(
                "There is no such precision", name, tuple(cls), setting="precision"
            )
        return cls(name)


@dataclass(frozen=True)
class TrainingSettings:
    """The settings of a training run; each is an option of `pneumoscope train`.

    An attribute that is not described here is one of `Recipe`; None takes it from the preset,
    or else from the recipe of the architecture.

    Attributes:
        arch: name of the architecture.
        seed: seed of the split, the weights, the order, and everything else that is random.
        validation_share: fraction of the images held out to choose the best epoch and the
            threshold.
        test_share: fraction of the images held out for evaluation where no test split was
            published; 0 for none.
        precision: number format of the training.
        weights: origin of the initial weights: `none`, `imagenet`, a file of weights for three
            channels, or `auto`: `imagenet` for a published network, else `none`.
        positive: the classes that count as positive, all but one; by default chosen by their
            names.
        strict: True to make a doubt about the data an error.
        root: the folder that holds all images of a CSV manifest; empty for that of the manifest.
        limit: about how many images to take, for a trial, as in `ScanSettings`; None for all.
        leave_out: sources of images to leave out of training and validation, by the column
            `source` of the manifest.
        preset: name of the settings chosen together: `quick`, `default` or `best`.

    Raises:
        SettingsError: on construction, if a value is out of range.
    """

    arch: str = ARCHITECTURE
    seed: int = SPLIT_SEED
    validation_share: float = VALIDATION_SHARE
    test_share: float = TEST_SHARE
    precision: Precision = Precision.AUTO
    weights: str = AUTO
    image_size: int | None = None
    epochs: int | None = None
    patience: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    cosine: bool | None = None
    weight_decay: float | None = None
    averaging: float | None = None
    label_smoothing: float | None = None
    balance: Balance | None = None
    augmentation: bool | None = None
    positive: tuple[str, ...] = ()
    strict: bool = False
    root: str = ""
    limit: int | None = None
    leave_out: tuple[str, ...] = ()
    preset: str = PRESET

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", Precision.of(self.precision))
        object.__setattr__(self, "positive", tuple(self.positive))
        object.__setattr__(self, "leave_out", tuple(self.leave_out))
        object.__setattr__(self, "root", str(self.root))
        if not 0 <= self.seed < 2**31:
            raise out_of_range("seed", self.seed, "0 to 2147483647")
        if self.balance is not None:
            object.__setattr__(self, "balance", Balance.of(self.balance))
        # Both raise a SettingsError of their own.
        _ = self.recipe, self.split

    @classmethod
    def parse(cls, content: Mapping[str, Any]) -> TrainingSettings:
        """Reads settings from JSON, also those that an earlier version wrote.

        Raises:
            TypeError, SettingsError: if they cannot be used.
        """
        given = dict(content)
        if "class_weights" in given:  # before sources could count alike
            given["balance"] = Balance.CLASSES if given.pop("class_weights") else Balance.NONE
        return cls(**given)

    @property
    def recipe(self) -> Recipe:
        """Recipe of the architecture, under the preset and the chosen settings."""
        chosen = {field.name: getattr(self, field.name) for field in fields(Recipe)}
        given = {name: value for name, value in chosen.items() if value is not None}
        preset = find_preset(self.preset).settings
        return replace(RECIPES.get(self.arch, ROBUST), **{**preset, **given})

    def complete(self) -> TrainingSettings:
        """Writes the recipe out in the settings, so that later changes of it do not matter."""
        return replace(self, **asdict(self.recipe))

    @property
    def split(self) -> SplitSettings:
        """Settings of the split of patients."""
        return SplitSettings(self.seed, self.validation_share, self.test_share)

    @property
    def scanning(self) -> ScanSettings:
        """Settings of how the data set is understood."""
        root = Path(self.root) if self.root else None
        return ScanSettings(self.positive, self.strict, root, self.limit, self.seed)

    def command(self, data: Path, repeats: Mapping[str, int] | None = None) -> str:
        """Makes the command line of the same run, with names of folders and files only.

        Args:
            data: the data set.
            repeats: how often the network is trained, by what differs: "seeds" or "folds"; or
                True for "each-source".
        """
        words = ["pneumoscope", "train", data.name, "--arch", self.arch, "--seed", str(self.seed)]
        if self.preset != PRESET:
            words += ["--preset", self.preset]
        usual = asdict(TrainingSettings(self.arch, self.seed, preset=self.preset).complete())
        for name, value in asdict(self.complete()).items():
            if value != usual[name]:
                option = name.replace("_", "-")
                if isinstance(value, tuple):
                    words += [word for item in value for word in (f"--{option}", item)]
                    continue
                words += [f"--no-{option}"] if value is False else [f"--{option}"]
                if name in ("weights", "root"):
                    value = Path(value).name
                words += [] if isinstance(value, bool) else [str(value)]
        for name, number in (repeats or {}).items():
            words += [f"--{name}"] if number is True else [f"--{name}", str(number)]
        return shlex.join(words)
