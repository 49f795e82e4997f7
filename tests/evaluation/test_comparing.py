"""Bundles against one another on disk: what is left out, written, refused and drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.text import Text
from PIL import Image

from pneumoscope.bundle import Seen
from pneumoscope.dataset import prepare, scan
from pneumoscope.errors import ClassMismatchError, DataError, SettingsError
from pneumoscope.evaluation import compare
from pneumoscope.evaluation.comparison import tabulate_comparison
from pneumoscope.evaluation.comparison.figures import comparison_figure
from pneumoscope.imaging import read_bytes
from pneumoscope.tables import join_latex, join_markdown
from pneumoscope.types import Geometry, ImageRecord, Split
from tests.conftest import SIDE, write_bundle


@pytest.fixture
def peak(tmp_path: Path) -> Path:
    """Another model: the brightest place decides."""
    return write_bundle(tmp_path / "peak", pool="GlobalMaxPool", name="peak")


def some(phantoms: Path, ending: str) -> list[ImageRecord]:
    return [
        replace(record, split=Split.TRAIN, sha256=read_bytes(record.path).sha256)
        for record in scan(phantoms).records
        if record.patient.endswith(ending)
    ]


def test_progress_counts_reading_and_each_prediction(
    bundle: Path, peak: Path, phantoms: Path
) -> None:
    steps: list[tuple[int, int]] = []
    models = [bundle, peak]
    found = compare(models, phantoms, resamples=100, progress=lambda *s: steps.append(s))
    total = 3 * len(found.cohort)
    assert steps == [(done, total) for done in range(1, total + 1)]


def test_numbers_and_figure(bundle: Path, peak: Path, phantoms: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = compare([bundle, peak], phantoms, out, resamples=100)
    names = {f"comparison.{ending}" for ending in ("json", "md", "tex", "png")}
    assert {path.name for path in out.iterdir()} == names
    tables = list(tabulate_comparison(found))
    assert (out / "comparison.md").read_text() == join_markdown(tables)
    assert (out / "comparison.tex").read_text() == join_latex(tables)
    with Image.open(out / "comparison.png") as image:
        assert min(image.size) > 600
    saved = json.loads((out / "comparison.json").read_text())
    assert saved == json.loads(json.dumps(found.to_dict()))
    first, second = saved["models"]
    assert first["difference"] is None
    assert set(second["difference"]["subgroups"]) == {"consolidation", "interstitial"}
    area = second["difference"]["overall"]["estimates"]["auroc"]["value"]
    areas = [model["overall"]["estimates"]["auroc"]["value"] for model in saved["models"]]
    assert area == pytest.approx(areas[1] - areas[0])
    assert area != 0


def test_what_either_has_seen_is_left_out(phantoms: Path, tmp_path: Path) -> None:
    seen = [some(phantoms, "1"), some(phantoms, "2")]
    bundles = [
        write_bundle(tmp_path / f"b{i}", seen=Seen.of("key", records))
        for i, records in enumerate(seen)
    ]
    found = compare(bundles, phantoms, resamples=100)
    assert found.cohort.seen == len(seen[0]) + len(seen[1])
    assert found.first.overall.images == len(scan(phantoms).records) - found.cohort.seen
    left = set(found.first.scored.patients)
    assert left.isdisjoint({record.patient for records in seen for record in records})


def test_nothing_that_neither_has_seen(phantoms: Path, tmp_path: Path) -> None:
    halves = [some(phantoms, ""), some(phantoms, "1")]
    bundles = [
        write_bundle(tmp_path / f"b{i}", seen=Seen.of("key", records))
        for i, records in enumerate(halves)
    ]
    with pytest.raises(DataError, match="no image to evaluate on"):
        compare(bundles, phantoms)


def test_a_model_against_itself(bundle: Path, phantoms: Path) -> None:
    found = compare([bundle, bundle], phantoms, resamples=100)
    assert [model.name for model in found.models] == ["brightness", "brightness (2)"]
    difference = found.models[1].difference
    assert difference is not None
    assert any("they do not differ here" in remark.text for remark in difference.remarks)
    written = found.to_dict()["models"][1]["difference"]["remarks"]
    assert written[0]["code"] == "same-of-every-image"


def test_other_classes(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", classes=("NORMAL", "TUBERCULOSIS"))
    with pytest.raises(ClassMismatchError, match="cannot be compared") as caught:
        compare([bundle, other], phantoms)
    assert str(other) in str(caught.value)
    assert caught.value.values["path"] == str(other)
    assert caught.value.values["received"] == ("NORMAL", "TUBERCULOSIS")
    with pytest.raises(ClassMismatchError, match="are not those of the bundle"):
        compare([other, other], phantoms)


def test_one_bundle_is_no_comparison(bundle: Path, phantoms: Path) -> None:
    for one in ([bundle], bundle, str(bundle)):
        with pytest.raises(SettingsError, match="nothing to compare"):
            compare(one, phantoms)


def test_models_of_two_sizes(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    prepared = prepare(phantoms, tmp_path / "prepared", geometry=Geometry(SIDE, SIDE))
    other = write_bundle(tmp_path / "other", geometry=Geometry(64, 64))
    with pytest.raises(DataError, match="another image size"):
        compare([bundle, other], prepared.root)


def test_broken_files_are_left_out_for_all(
    bundle: Path, peak: Path, class_folders: Callable[..., Path]
) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    (data / "NORMAL" / "text.png").write_text("no image")
    found = compare([bundle, peak], data, resamples=100)
    assert len(found.cohort.unreadable) == 1  # and not once for each model
    assert [len(model.scored.paths) for model in found.models] == [8, 8]


def texts(found) -> list[str]:
    return [text.get_text() for text in comparison_figure(found).findobj(Text)]


def test_figure_of_many_and_of_odd_names(bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    odd = write_bundle(tmp_path / "odd", pool="GlobalMaxPool", name="a $b$ \n" + "long " * 20)
    found = compare([bundle, *[odd] * 7], phantoms, tmp_path / "out", resamples=100)
    assert len(found.models) == 8
    assert sum("AUROC 0." in text for text in texts(found)) == 8


def test_figure_of_one_class_says_so(
    bundle: Path, peak: Path, phantoms: Path, tmp_path: Path
) -> None:
    normals = [
        replace(record, split=Split.TRAIN, sha256=read_bytes(record.path).sha256)
        for record in scan(phantoms).records
        if record.label == 0
    ]
    root = write_bundle(tmp_path / "trained", seen=Seen.of("key", normals))
    found = compare([root, peak], phantoms, tmp_path / "out", resamples=100)
    assert any("all images are of one side" in text for text in texts(found))
    assert sum("not computable" in text for text in texts(found)) > 3
