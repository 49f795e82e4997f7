"""The space of settings that is searched, around the recipe of the architecture."""

from __future__ import annotations

import optuna

from pneumoscope.recipes import Recipe

NAMES = (
    *("learning_rate", "weight_decay", "label_smoothing"),
    *("batch_size", "averaging", "augmentation"),
)
"""Names of the settings that are searched."""

Values = dict[str, float | int | bool]
"""Values of these settings, by name."""


def values_of(recipe: Recipe) -> Values:
    """Lists the values that a recipe has, which are those of the first trial."""
    return {name: getattr(recipe, name) for name in NAMES}


def suggest(trial: optuna.Trial, recipe: Recipe) -> Values:
    """Asks Optuna for the values of a trial; the same ones if they were asked for before.

    Args:
        trial: the trial.
        recipe: the recipe, which lies in the space.
    """
    rate = recipe.learning_rate
    batch_sizes = sorted({16, 32, 64, recipe.batch_size})
    averages = sorted({0.0, 0.99, 0.998, recipe.averaging})
    return {
        "learning_rate": trial.suggest_float("learning_rate", rate / 10, rate * 10, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 0, max(0.1, recipe.weight_decay)),
        "label_smoothing": trial.suggest_float(
            "label_smoothing", 0, max(0.2, recipe.label_smoothing)
        ),
        "batch_size": trial.suggest_categorical("batch_size", batch_sizes),
        "averaging": trial.suggest_categorical("averaging", averages),
        "augmentation": trial.suggest_categorical("augmentation", [True, False]),
    }
