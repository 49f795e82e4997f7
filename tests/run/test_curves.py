"""The figure of a training."""

from __future__ import annotations

import numpy as np
import pytest

from pneumoscope.errors import DataError
from pneumoscope.run.curves import draw_curves


def history(val_loss):
    n = len(val_loss)
    return {
        "loss": np.linspace(0.7, 0.2, n),
        "val_loss": val_loss,
        "accuracy": np.linspace(0.6, 0.9, n),
        "val_accuracy": np.linspace(0.5, 0.8, n),
    }


@pytest.mark.parametrize(
    ("val_loss", "kept"),
    [
        ([0.6, 0.4, 0.5], 2),
        ([0.6, 0.4, 0.5], 3),
        ([0.6], 1),
        ([float("nan"), 0.9, float("inf"), 0.8], 4),
        (list(np.linspace(0.9, 0.3, 50)), 50),
    ],
)
def test_the_epoch_that_was_kept_is_marked(val_loss, kept):
    figure = draw_curves(history(val_loss), kept)
    for axes, column in zip(figure.axes, ("val_loss", "val_accuracy"), strict=True):
        training, validation, _, mark = axes.lines
        assert mark.get_label() == f"kept: epoch {kept}"
        assert mark.get_xydata().tolist() == [[kept, history(val_loss)[column][kept - 1]]]
        np.testing.assert_array_equal(validation.get_ydata(), history(val_loss)[column])
        assert training.get_xdata().tolist() == list(range(1, len(val_loss) + 1))


BAD_HISTORIES = [
    ({}, "0 of loss"),
    (history([]), "0 of val_loss"),
    ({"loss": [1.0], "val_loss": [1.0], "accuracy": [1.0]}, "0 of val_accuracy"),
    ({**history([0.5, 0.4]), "accuracy": [0.5]}, "2 of loss, 2 of val_loss, 1 of accuracy"),
]


@pytest.mark.parametrize(("columns", "message"), BAD_HISTORIES)
def test_a_history_with_gaps_is_refused(columns, message):
    with pytest.raises(DataError, match=message):
        draw_curves(columns, 1)
