from __future__ import annotations

import pytest
from PIL import Image

from pneumoscope.errors import StorageError
from pneumoscope.plots import new_figure, save, shortened


def test_figures_are_saved_as_png_of_200_dpi(tmp_path):
    path = tmp_path / "figure.png"
    save(new_figure(3.5, 2.0), path)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (700, 400)
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_a_figure_that_cannot_be_saved_is_an_error(tmp_path):
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
