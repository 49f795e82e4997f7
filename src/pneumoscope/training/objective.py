"""The loss and the optimizer of a training."""

from __future__ import annotations

from pneumoscope.run import Recipe
from pneumoscope.training.backend import keras
from pneumoscope.training.network import Loss, Optimizer, Tensor

_WARM_UP = 0.05  # of all steps


class WarmAveragingAdam(keras.optimizers.Adam):  # type: ignore[misc]
    """Adam with a warm-up of the average of the weights, for trainings of any length.

    At step t, from 0, the momentum of the average is min(m, (1 + t) / (10 + t)) (as in
    `tf.train.ExponentialMovingAverage`): the average reaches back over about a tenth of all steps
    so far, until that is the 1 / (1 - m) steps of the momentum m. Keras itself averages with m
    from the second step on, so that after fewer steps most of the average is the first weights.
    """

    @property
    def ema_momentum(self) -> Tensor:
        """Momentum of the next step: a tensor, since the step is compiled once."""
        ops = keras.ops
        step = ops.cast(self.iterations, "float32")
        return ops.minimum(self._highest_momentum, (1 + step) / (10 + step))

    @ema_momentum.setter
    def ema_momentum(self, highest: float) -> None:
        self._highest_momentum = highest


def make_optimizer(recipe: Recipe, steps: int) -> Optimizer:
    """Makes the optimizer of a recipe: Adam, with weight decay, schedule and averaging if wanted.

    Weight decay is decoupled and spares biases and normalisation (Loshchilov & Hutter 2019,
    arXiv:1711.05101). The cosine schedule warms up over the first twentieth of all steps and ends
    at a hundredth of the rate. Weights are averaged exponentially (Polyak & Juditsky 1992), at
    first over few steps; their average is validated and kept.

    Args:
        recipe: recipe of the run.
        steps: number of batches in all epochs together.
    """
    rate: float | keras.optimizers.schedules.LearningRateSchedule = recipe.learning_rate
    if recipe.cosine:
        warm_up = round(_WARM_UP * steps)
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 100, max(1, steps - warm_up), 0.01, warmup_target=rate, warmup_steps=warm_up
        )
    optimizer = WarmAveragingAdam(
        rate,
        weight_decay=recipe.weight_decay or None,
        use_ema=recipe.averaging > 0,
        ema_momentum=recipe.averaging,
    )
    if recipe.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def make_loss(recipe: Recipe, classes: int) -> Loss:
    """Makes the loss of a recipe: sparse categorical cross-entropy, with smoothed labels if wanted.

    Label smoothing: Szegedy et al. 2016, arXiv:1512.00567. Unlike that of Keras, the loss takes
    outputs as they are, also where they do not add up to 1 (`augment.EvenOdds`).

    Args:
        recipe: recipe of the run.
        classes: number of classes.
    """
    if not (recipe.label_smoothing or recipe.augmentation):
        return "sparse_categorical_crossentropy"

    def smoothed_crossentropy(labels: Tensor, probabilities: Tensor) -> Tensor:
        ops = keras.ops
        one_hot = ops.one_hot(ops.cast(ops.reshape(labels, (-1,)), "int32"), classes)
        targets = one_hot * (1 - recipe.label_smoothing) + recipe.label_smoothing / classes
        logs = ops.log(ops.clip(probabilities, keras.config.epsilon(), 1.0))
        return -ops.sum(targets * logs, axis=-1)

    return smoothed_crossentropy
