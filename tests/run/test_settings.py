"""Settings are refused at once, follow a recipe, and can be given again as a command."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.recipes import PUBLISHED, ROBUST, epochs_for
from pneumoscope.run import Observer, Precision, Recipe, TrainingSettings

WRONG = {
    "epochs": -1,
    "patience": -1,
    "batch_size": -1,
    "learning_rate": 0.0,
    "weight_decay": -0.1,
    "averaging": 1.0,
    "label_smoothing": 1.0,
    "precision": "float16",
    "image_size": 16,
    "seed": -1,
    "validation_share": 0.0,
}


@pytest.mark.parametrize("name", WRONG)
def test_out_of_range(name: str) -> None:
    with pytest.raises(SettingsError):
        TrainingSettings(**{name: WRONG[name]})


def test_command_names_what_differs() -> None:
    settings = TrainingSettings(
        "baseline", epochs=5, augmentation=True, precision=Precision.FLOAT32
    )
    assert settings.command(Path("/home/me/my data")) == (
        "pneumoscope train 'my data' --arch baseline --seed 1 --precision float32 --epochs 5 "
        "--augmentation"
    )
    again = settings.command(Path("data"), {"seeds": 5})
    assert again == f"{settings.command(Path('data'))} --seeds 5"
    assert TrainingSettings(augmentation=False, test_share=0.0).command(Path("data")) == (
        "pneumoscope train data --arch residual --seed 1 --test-share 0.0 --no-augmentation"
    )


def test_each_network_has_its_recipe() -> None:
    published, ours = TrainingSettings("baseline").recipe, TrainingSettings().recipe
    assert (published.image_size, published.patience, published.averaging) == (224, 3, 0.0)
    assert not published.augmentation
    assert ours.patience == 0
    assert ours.augmentation


def test_what_is_chosen_takes_the_place_of_the_recipe() -> None:
    settings = TrainingSettings("baseline", epochs=0, cosine=False, augmentation=True)
    assert settings.recipe == replace(PUBLISHED, epochs=0, augmentation=True)
    complete = settings.complete()
    assert (complete.patience, complete.cosine, complete.recipe) == (3, False, settings.recipe)
    assert complete.command(Path("data")) == settings.command(Path("data"))


def test_a_preset_lies_over_the_recipe_and_under_what_is_chosen() -> None:
    quick = TrainingSettings(preset="quick")
    assert quick.recipe == replace(ROBUST, image_size=64, epochs=10)
    assert TrainingSettings("baseline", preset="quick").recipe == replace(
        PUBLISHED, image_size=64, epochs=10
    )
    chosen = TrainingSettings(preset="quick", epochs=0)
    assert chosen.recipe == replace(ROBUST, image_size=64)
    assert chosen.command(Path("data")) == (
        "pneumoscope train data --arch residual --seed 1 --preset quick --epochs 0"
    )
    assert quick.complete().command(Path("data")) == (
        "pneumoscope train data --arch residual --seed 1 --preset quick"
    )
    assert TrainingSettings(preset="best").recipe == TrainingSettings().recipe


def test_an_unknown_preset_is_answered_by_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"quick or default or best.*Did you mean quick\?"):
        TrainingSettings(preset="quik")


def test_recipes_are_of_settings() -> None:
    assert {field.name for field in fields(Recipe)} < {f.name for f in fields(TrainingSettings)}


def test_precision_by_name() -> None:
    assert Precision.of("mixed_bfloat16") is Precision.MIXED_BFLOAT16
    with pytest.raises(SettingsError, match="float16"):
        Precision.of("float16")


def test_observer_ignores_everything() -> None:
    observer = Observer()
    observer.note("text")
    observer.prepared(1, 2)
    observer.trained(1, 2, 3, 4)
    observer.epoch_ended(1, {}, True)


@pytest.mark.parametrize(
    ("steps", "epochs"), [(1, 1600), (3, 534), (4, 400), (20, 80), (21, 80), (114, 80)]
)
def test_few_images_are_shown_more_often(steps: int, epochs: int) -> None:
    assert epochs_for(steps) == epochs
    assert TrainingSettings().recipe.epochs == 0
    assert TrainingSettings("baseline").recipe.epochs == 20
