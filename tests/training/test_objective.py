"""The loss and the optimizer."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.run import TrainingSettings
from pneumoscope.training.backend import keras
from pneumoscope.training.objective import make_loss, make_optimizer

pytestmark = pytest.mark.keras


def test_smoothed_loss_spreads_its_share_over_all_classes() -> None:
    loss = make_loss(TrainingSettings(label_smoothing=0.3).recipe, 3)
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]], dtype=np.float32)
    labels = np.array([[0], [1]], dtype=np.int32)
    targets = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]])
    expected = -(targets * np.log(probabilities)).sum(axis=1)
    assert np.asarray(loss(labels, probabilities)) == pytest.approx(expected, abs=1e-5)


def test_loss_takes_outputs_that_do_not_add_up_to_1_as_they_are() -> None:
    from pneumoscope.training.augment import EvenOdds

    probabilities = np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]], dtype=np.float32)
    outputs = np.asarray(EvenOdds()(probabilities, np.array([[1.0], [0.0]], dtype=np.float32)))
    assert outputs[1] == pytest.approx(probabilities[1], abs=1e-6)
    for smoothing in (0.0, 0.3):
        loss = make_loss(TrainingSettings(label_smoothing=smoothing).recipe, 3)
        for label in range(3):
            found = np.asarray(loss(np.array([[label]], np.int32), outputs[:1]))
            assert found == pytest.approx(-np.log(probabilities[0]).mean(), abs=1e-5)


def test_published_loss_is_sparse_categorical_crossentropy() -> None:
    assert make_loss(TrainingSettings("baseline").recipe, 2) == "sparse_categorical_crossentropy"


def test_cosine_warms_up_and_falls() -> None:
    rate = make_optimizer(TrainingSettings(learning_rate=0.1).recipe, 1000)._learning_rate
    rates = [float(rate(step)) for step in range(0, 1001, 50)]
    assert rates[0] == pytest.approx(0.001)
    assert rates[1] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(0.001, abs=1e-4)
    assert rates[1:] == sorted(rates[1:], reverse=True)


def test_constant_rate_and_nothing_added() -> None:
    optimizer = make_optimizer(TrainingSettings("baseline").recipe, 10)
    assert float(optimizer.learning_rate) == pytest.approx(1e-3)
    assert not optimizer.use_ema
    assert optimizer.weight_decay is None


def test_weight_decay_spares_biases_and_normalisation() -> None:
    network = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]
    )
    optimizer = make_optimizer(TrainingSettings(weight_decay=0.1).recipe, 10)
    optimizer.build(network.trainable_variables)
    decayed = [v.name for v in network.trainable_variables if optimizer._use_weight_decay(v)]
    assert decayed == ["kernel"]


STEPS = (1, 2, 30, 100, 3000)


@pytest.mark.parametrize("steps", STEPS)
def test_average_forgets_where_it_started(steps: int) -> None:
    """Of a weight that is 1 at the first step and 0 from then on, little is in the average."""
    weight = keras.Variable([1.0])
    optimizer = make_optimizer(TrainingSettings(averaging=0.998).recipe, 1000)
    optimizer.build([weight])
    for step in range(steps):
        optimizer.iterations.assign(step)
        optimizer._update_model_variables_moving_average([weight])
        weight.assign([0.0])
    (average,) = optimizer._model_variables_moving_average
    expected = np.prod([min(0.998, (1 + step) / (10 + step)) for step in range(1, steps)])
    assert float(average.numpy()[0]) == pytest.approx(expected, rel=1e-4, abs=1e-12)
    assert steps < 30 or expected < 1e-6


def test_average_follows_within_a_training() -> None:
    network = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    optimizer = make_optimizer(TrainingSettings(averaging=0.998, learning_rate=0.1).recipe, 60)
    network.compile(optimizer, "mse")
    network.set_weights([np.array([[5.0]])])
    for _ in range(60):
        network.train_on_batch(np.ones((4, 1)), np.zeros((4, 1)))
    (average,) = optimizer._model_variables_moving_average
    (now,) = network.get_weights()
    start, kept, last = 5.0, average.numpy().item(), now.item()
    assert 0 < kept - last < (start - kept) / 3
