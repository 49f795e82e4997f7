"""The contract of all figures, and what each one shows."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from pneumoscope import plots
from pneumoscope.evaluation import figures
from pneumoscope.evaluation.gallery import COLUMNS, Sample, right_examples, worst_mistakes
from pneumoscope.evaluation.gallery import sample_grid as draw_samples
from pneumoscope.evaluation.groups import evaluate_all
from pneumoscope.evaluation.intervals import net_benefit_band, reliability_band, roc_band
from pneumoscope.evaluation.metrics import net_benefit
from pneumoscope.run.curves import draw_curves
from pneumoscope.statistics import Resampling, equal_mass_bins


def confusion(scored):
    return figures.confusion(scored)


def roc(scored):
    auroc = evaluate_all(scored, Resampling(40)).estimates["auroc"]
    return figures.roc(scored, auroc, roc_band(scored, Resampling(40)))


def precision_recall(scored):
    precision = evaluate_all(scored, Resampling(40)).estimates["average_precision"]
    return figures.precision_recall(scored, precision)


def score_histogram(scored):
    return figures.score_histogram(scored)


def reliability_diagram(scored):
    ece = evaluate_all(scored, Resampling(40)).estimates["ece"]
    return figures.reliability_diagram(scored, ece, reliability_band(scored, Resampling(40)))


def decision_curve(scored):
    return figures.decision_curve(scored, net_benefit_band(scored, Resampling(40)))


def sample(scored, i, *, overlay=True):
    image = np.random.default_rng(i).integers(0, 255, (24, 32), dtype=np.uint8)
    return Sample(
        image=image,
        overlay=np.stack([image] * 3, axis=-1) if overlay else None,
        truth=scored.classes[scored.labels[i]],
        predicted=scored.classes[scored.predicted[i]],
        probability=float(scored.score[i]),
        name=scored.paths[i],
    )


def sample_grid(scored):
    chosen = [*right_examples(scored, COLUMNS), *worst_mistakes(scored, COLUMNS)]
    return draw_samples([sample(scored, i) for i in chosen], scored.positive_name)


def training_curves(scored):
    loss = 1.0 - scored.score
    return draw_curves(
        {"loss": loss, "val_loss": loss + 0.1, "accuracy": 1 - loss, "val_accuracy": 0.9 - loss},
        len(loss),
    )


CHARTS = [
    confusion,
    roc,
    precision_recall,
    score_histogram,
    reliability_diagram,
    decision_curve,
]
FIGURES = [*CHARTS, sample_grid, training_curves]

DATA = {
    "plain": lambda make: make(distance=1.5),
    "one image": lambda make: make(1, 1),
    "thousands": lambda make: make(5216, 3000),
    "perfect": lambda make: make(distance=40),
    "four classes": lambda make: make(classes=4, distance=1.0),
    "positives only": lambda make: (s := make()).subset(s.positive),
    "normals only": lambda make: (s := make()).subset(~s.positive),
    "constant score": lambda make: replace(make(), probabilities=np.full((120, 2), 0.5)),
    "nothing called": lambda make: replace(make(), threshold=1.0),
    "long names": lambda make: replace(
        make(distance=1.0),
        classes=("without any finding whatsoever", "lobar pneumonia, community-acquired"),
        paths=tuple(f"folder/of/some/hospital/person{i}_bacteria_{i}.jpeg" for i in range(120)),
    ),
}


def pixels(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return np.asarray(Image.open(stream).convert("RGB"))


def visible_texts(figure):
    """All texts that are drawn, with their boxes in pixels."""
    figure.draw_without_rendering()
    out_of_view = {
        label
        for axes in figure.axes
        for direction, axis in enumerate((axes.xaxis, axes.yaxis))
        for label in axis.get_majorticklabels()
        if np.clip(at := label.get_position()[direction], *axis.get_view_interval()) != at
    }
    return [
        (text, text.get_window_extent())
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in out_of_view
    ]


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_is_fit_to_print(make_scored, draw, name):
    figure = draw(DATA[name](make_scored))
    assert isinstance(figure, Figure)
    width, height = figure.get_size_inches()
    assert width in (plots.COLUMN, plots.PAGE)
    texts = visible_texts(figure)
    for text, box in texts:
        assert text.get_fontsize() >= 6, text
        assert min(box.x0, box.y0) >= -1, text
        assert max(box.x1 - width * plots.DPI, box.y1 - height * plots.DPI) <= 1, text
    for (text, box), (other, other_box) in combinations(texts, 2):
        # a common pixel at the edge of two boxes is no overlap of letters
        assert not box.padded(-1).overlaps(other_box.padded(-1)), (text, other)


@pytest.mark.parametrize("draw", FIGURES)
def test_every_figure_is_the_same_each_time(make_scored, draw):
    scored = make_scored()
    image = pixels(draw(scored))
    assert image.std() > 5  # not blank
    np.testing.assert_array_equal(pixels(draw(scored)), image)


def words_of(figure):
    return [text.get_text() for text in figure.findobj(Text)]


@pytest.mark.parametrize("draw", CHARTS)
def test_charts_tell_their_axes_and_numbers(make_scored, draw):
    figure = draw(make_scored())
    assert "120 images, 60 patients" in words_of(figure)
    assert all(axes.get_ylabel() for axes in figure.axes)
    assert figure.axes[-1].get_xlabel()


def test_confusion_shows_counts_and_fractions_of_the_true_class(make_scored):
    scored = make_scored(10, 10)
    probabilities = np.array([[0.9, 0.1]] * 7 + [[0.2, 0.8]] * 3)
    words = words_of(figures.confusion(replace(scored, probabilities=probabilities)))
    # labels take turns: of 5 normals 4 and of 5 pneumonias 3 are called normal
    for expected in ("4", "80.0 %", "1", "20.0 %", "3", "60.0 %", "2", "40.0 %"):
        assert expected in words
    assert "Pneumonia\nn = 5" in words


def test_confusion_gives_no_fraction_of_no_images(make_scored):
    scored = make_scored()
    assert words_of(figures.confusion(scored.subset(scored.positive))).count("no image") == 2


def legend_of(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_roc_marks_the_operating_point_on_its_curve(make_scored):
    scored = make_scored(distance=1.5, threshold=0.4)
    figure = roc(scored)
    _, curve, point = figure.axes[0].lines
    assert point.get_xydata()[0] in curve.get_xydata()
    called = scored.score >= 0.4
    sensitivity, specificity = called[scored.positive].mean(), 1 - called[~scored.positive].mean()
    assert legend_of(figure)[-1] == (
        f"threshold 0.4:\nsens. {sensitivity:.3f}, spec. {specificity:.3f}"
    )
    assert "95 % band" in legend_of(figure)


def test_roc_draws_no_band_without_an_interval(make_scored):
    legend = legend_of(roc(make_scored(distance=40)))
    assert "95 % band" not in legend
    assert "AUROC 1.000 (interval not computable)" in legend


@pytest.mark.parametrize(("positive", "side"), [(True, "Pneumonia"), (False, "Normal")])
def test_roc_of_one_side_says_so(make_scored, positive, side):
    scored = make_scored()
    figure = roc(scored.subset(scored.positive == positive))
    assert f"not computable:\nall images are {side}" in words_of(figure)
    assert legend_of(figure) == ["chance"]


def test_precision_recall_marks_prevalence_and_operating_point(make_scored):
    scored = make_scored(distance=1.5)
    figure = precision_recall(scored)
    prevalence, curve, point = figure.axes[0].lines
    assert set(prevalence.get_ydata()) == {0.5}
    assert point.get_xydata()[0] in curve.get_xydata()


def test_precision_recall_without_positive_calls_has_no_operating_point(make_scored):
    figure = precision_recall(make_scored(threshold=1.0))
    assert not any("threshold" in label for label in legend_of(figure))


def test_precision_recall_without_positives_says_so(make_scored):
    scored = make_scored()
    figure = precision_recall(scored.subset(~scored.positive))
    assert "not computable:\nall images are Normal" in words_of(figure)


def test_the_histogram_holds_each_image_once(make_scored):
    scored = make_scored(classes=3, threshold=0.35)
    panels = score_histogram(scored).axes
    for index, axes in enumerate(panels):
        assert axes.patches[0].get_data().values.sum() == np.count_nonzero(scored.labels == index)
        assert set(axes.lines[0].get_xdata()) == {0.35}


def test_reliability_shows_each_bin_once(make_scored):
    scored = make_scored()
    above, below = reliability_diagram(scored).axes
    bins = equal_mass_bins(scored.score)
    shares = [scored.positive[bins == b].mean() for b in range(bins.max() + 1)]
    assert above.lines[1].get_ydata() == pytest.approx(shares)
    assert below.patches[0].get_data().values.sum() == 120


def test_reliability_claims_no_interval_where_all_are_alike(make_scored):
    labels = legend_of(reliability_diagram(make_scored(distance=40)))
    assert labels == ["perfect", "no interval"]


def test_decision_curve_holds_the_model_against_all_and_none(make_scored):
    scored = make_scored()
    none, everything, model, _ = decision_curve(scored).axes[0].lines
    assert set(none.get_ydata()) == {0}
    assert everything.get_ydata()[49] == pytest.approx(0)  # half are positive, threshold .5
    thresholds = model.get_xdata()
    expected = net_benefit(scored.positive, scored.score, thresholds, np.ones((1, 120)))[0]
    assert model.get_ydata() == pytest.approx(expected)


def test_the_grid_sorts_right_from_wrong(make_scored):
    scored = make_scored(distance=1.0)
    right, wrong = right_examples(scored, 2), worst_mistakes(scored, 3)
    figure = draw_samples([sample(scored, i) for i in (*wrong, *right)], "Pneumonia")
    *shown, _ = figure.axes  # the last one is the colour bar
    assert len(shown) == 2 * (2 + 3)
    frames = [axes.spines["left"].get_edgecolor() for axes in shown]
    assert len(set(frames[:4])) == len(set(frames[4:])) == 1
    assert frames[0] != frames[-1]
    titles = [axes.get_title(loc="left") for axes in shown[::2]]
    key = "evidence for the predicted class,\nfrom none to strongest in this image"
    assert key in words_of(figure)
    first = wrong[0]
    assert titles[2] == (
        f"true {scored.classes[scored.labels[first]]}\n"
        f"predicted {scored.classes[scored.predicted[first]]}\np = {scored.score[first]:.3f}"
    )
    np.testing.assert_array_equal(figure.axes[4].images[0].get_array(), sample(scored, first).image)


def test_the_grid_needs_no_heatmaps_and_shows_the_first_of_many(make_scored):
    scored = make_scored(distance=40)
    samples = [sample(scored, i, overlay=False) for i in range(20)]
    figure = draw_samples(samples, "Pneumonia")
    assert len(figure.axes) == COLUMNS
    assert "Mistakes" not in words_of(figure)


def test_worst_mistakes_come_first_and_from_different_patients(make_scored):
    scored = make_scored(distance=0.5)
    mistakes = worst_mistakes(scored, 8)
    assert len(mistakes) == len(set(scored.patients[mistakes])) == 8
    assert (scored.predicted[mistakes] != scored.labels[mistakes]).all()
    given = scored.probabilities[mistakes, scored.labels[mistakes]]
    assert (np.diff(given) >= 0).all()
    wrong = scored.predicted != scored.labels
    assert given[0] == scored.probabilities[wrong, scored.labels[wrong]].min()


def test_right_examples_take_turns_between_the_classes(make_scored):
    scored = make_scored(classes=3, distance=2.0)
    right = right_examples(scored, 6)
    assert scored.labels[right].tolist() == [0, 1, 2, 0, 1, 2]
    assert (scored.predicted[right] == scored.labels[right]).all()
    assert len(set(scored.patients[right])) == 6
    assert right.tolist() == right_examples(scored, 6).tolist()
    assert right.tolist() != right_examples(scored, 6, seed=1).tolist()


def test_a_perfect_model_has_no_mistakes(make_scored):
    assert len(worst_mistakes(make_scored(distance=40), 5)) == 0


def test_figures_leave_pyplot_alone():
    code = (
        "import sys, pneumoscope.evaluation.figures, pneumoscope.evaluation.gallery;"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
