from __future__ import annotations

import re

import pytest
from PIL import Image

from pneumoscope.errors import StorageError
from pneumoscope.plots import COLUMN, FigureFormat, dress, legend, new_figure, save, shortened


def test_figures_are_saved_as_png_of_200_dpi(tmp_path):
    save(new_figure(3.5, 2.0), tmp_path / "figure")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.format == "PNG"
        assert image.size == (700, 400)
        assert image.info["dpi"] == pytest.approx((200, 200), abs=0.1)


def test_a_figure_that_cannot_be_saved_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        save(new_figure(1, 1), tmp_path / "file" / "figure")


def chart():
    figure = new_figure(COLUMN, 2.0)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="a curve")
    dress(axes, x="x", y="y", note="2 images")
    legend(axes)
    return figure


def test_figures_are_printed_at_the_width_of_a_column_with_their_fonts(tmp_path):
    save(chart(), tmp_path / "figure", list(FigureFormat))
    svg = (tmp_path / "figure.svg").read_text()
    width = re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)
    assert float(width[1]) / 72 * 25.4 == pytest.approx(85, abs=0.01)
    assert "<text" not in svg  # letters are paths
    pdf = (tmp_path / "figure.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", pdf)
    assert float(box[1]) / 72 * 25.4 == pytest.approx(85, abs=0.01)
    assert b"/FontFile2" in pdf  # TrueType, embedded
    assert b"/Type3" not in pdf


def test_the_same_figure_is_the_same_bytes_and_says_no_date(tmp_path):
    for name in ("one", "two"):
        save(chart(), tmp_path / name, list(FigureFormat))
    for each in FigureFormat:
        one, two = ((tmp_path / f"{name}.{each}").read_bytes() for name in ("one", "two"))
        assert one == two
        assert not re.search(rb"Date\b|dc:date", one.replace(b"\0", b""))


def test_a_legend_stands_above_the_axes():
    figure = chart()
    figure.draw_without_rendering()
    (axes,) = figure.axes
    assert axes.get_legend().get_window_extent().y0 >= axes.get_window_extent().y1


@pytest.mark.parametrize(
    ("text", "short"),
    [("a" * 22, "a" * 22), ("abcdefghijklmnopqrstuvw", "abcdefghij…mnopqrstuvw"), ("", "")],
)
def test_long_captions_lose_their_middle(text, short):
    assert shortened(text) == short
    assert len(shortened(text)) <= 22
