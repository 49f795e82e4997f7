from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from pneumoscope.errors import DataError, StorageError
from pneumoscope.plots import new_figure, save, shortened, training_curves


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
    figure = training_curves(history(val_loss), kept)
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
        training_curves(columns, 1)


def test_figures_are_saved_as_png_of_200_dpi(tmp_path):
    path = tmp_path / "figure.png"
    save(new_figure(3.5, 2.0), path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (700, 400)
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_a_figure_that_cannot_be_saved_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        save(new_figure(1, 1), tmp_path / "file" / "figure.png")


@pytest.mark.parametrize(
    ("text", "short"),
    [("a" * 22, "a" * 22), ("abcdefghijklmnopqrstuvw", "abcdefghij…mnopqrstuvw"), ("", "")],
)
def test_long_captions_lose_their_middle(text, short):
    assert shortened(text) == short
    assert len(shortened(text)) <= 22
