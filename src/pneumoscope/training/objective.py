"""What training minimises, and how."""

from __future__ import annotations

from typing import Any

from pneumoscope.training.backend import keras
from pneumoscope.training.settings import TrainingSettings

_WARM_UP = 0.05  # of all steps


def make_optimizer(settings: TrainingSettings, steps: int) -> Any:
    """Adam, with what the settings add to it.

    Weight decay is decoupled and spares biases and normalisation (Loshchilov & Hutter 2019,
    arXiv:1711.05101). The cosine schedule warms up over the first twentieth of all steps and ends
    at a hundredth of the rate. Weights are averaged exponentially (Polyak & Juditsky 1992); what
    is validated and kept is their average.

    Args:
        settings: of the run.
        steps: batches in all epochs together.
    """
    rate: Any = settings.learning_rate
    if settings.cosine:
        warm_up = round(_WARM_UP * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 100, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up
        )
    optimizer = keras.optimizers.Adam(
        rate,
        weight_decay=settings.weight_decay or None,
        use_ema=settings.averaging > 0,
        ema_momentum=settings.averaging,
    )
    if settings.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(settings: TrainingSettings, classes: int) -> Any:
    """Sparse categorical cross-entropy, with smoothed labels if the settings say so.

    Label smoothing: Szegedy et al. 2016, arXiv:1512.00567.

    Args:
        settings: of the run.
        classes: number of classes.
    """
    if not settings.label_smoothing:
        return "sparse_categorical_crossentropy"

    def smoothed_crossentropy(labels: Any, probabilities: Any) -> Any:
        one_hot = keras.ops.one_hot(
            keras.ops.cast(keras.ops.reshape(labels, (-1,)), "int32"), classes
        )
        return keras.losses.categorical_crossentropy(
            one_hot, probabilities, label_smoothing=settings.label_smoothing
        )

    return smoothed_crossentropy
