"""Data sets of several sources: counted, left out, and made to count alike."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.dataset import PreparedSet, SplitSettings, prepare
from pneumoscope.dataset.sources import (
    HEAVIEST,
    count_sources,
    leave_out,
    list_sources,
    weigh_alike,
    weigh_sources,
)
from pneumoscope.errors import DataError, SettingsError
from pneumoscope.types import Geometry, Split
from tests.conftest import SIDE

SPLIT = SplitSettings(3)


def prepare_with(rows: list[tuple[str, str, str]], phantoms: Path, out: Path) -> PreparedSet:
    """Prepares images of the phantoms: path, label and source of each."""
    manifest = phantoms / f"{out.name}.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "source"), *rows])
    try:
        return prepare(manifest, out, geometry=Geometry(SIDE, SIDE), split=SPLIT)
    finally:
        manifest.unlink()


def rows_of(phantoms: Path) -> list[tuple[str, str, str]]:
    """Two sources of both classes in turn, and one of PNEUMONIA alone."""
    found = []
    for label in ("NORMAL", "PNEUMONIA"):
        for number, path in enumerate(sorted((phantoms / label).iterdir())):
            source = ("east", "west")[number % 2]
            if label == "PNEUMONIA" and number % 5 == 0:
                source = "north"
            found.append((str(path.relative_to(phantoms)), label, source))
    return found


@pytest.fixture(scope="module")
def prepared(phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> PreparedSet:
    return prepare_with(rows_of(phantoms), phantoms, tmp_path_factory.mktemp("data") / "three")


def test_sources_are_counted_by_split_and_class(prepared: PreparedSet) -> None:
    counts = count_sources(prepared)
    assert list(counts) == ["east", "north", "west"]
    for split in Split:
        for name, total in prepared.count(split).items():
            assert sum(counts[source][split][name] for source in counts) == total
    assert all(counts["north"][split]["NORMAL"] == 0 for split in Split)


def test_each_source_is_in_every_split(prepared: PreparedSet) -> None:
    counts = count_sources(prepared)
    for source in ("east", "west"):
        for split in Split:
            assert all(counts[source][split].values()), (source, split)


def test_left_out_source_is_in_the_test_split_alone(prepared: PreparedSet) -> None:
    left = leave_out(prepared, ["west"])
    for split in (Split.TRAIN, Split.VAL):
        assert list_sources(left.images.published(split)) <= ("east", "north")
    assert left.images.published(Split.TEST) == prepared.images.published(Split.TEST)
    assert left.fingerprint == prepared.fingerprint


def test_nothing_left_out_changes_nothing(prepared: PreparedSet) -> None:
    assert leave_out(prepared, []) is prepared


def test_source_that_is_not_there_is_refused_with_a_list(prepared: PreparedSet) -> None:
    with pytest.raises(SettingsError, match=r"east or north or west.*wst.*west"):
        leave_out(prepared, ["wst"])


def test_data_without_sources_is_refused(phantoms: Path, tmp_path: Path) -> None:
    found = prepare(phantoms, tmp_path / "out", geometry=Geometry(SIDE, SIDE), split=SPLIT)
    assert count_sources(found) == {}
    with pytest.raises(SettingsError, match="column `source`") as caught:
        leave_out(found, ["west"])
    assert caught.value.code == "source-unknown"


def test_class_of_which_nothing_is_left_is_named(prepared: PreparedSet) -> None:
    with pytest.raises(DataError, match="Without east, west no train image of class NORMAL") as e:
        leave_out(prepared, ["west", "east"])
    assert e.value.code == "class-left-out"


@given(
    counts=st.dictionaries(
        st.tuples(st.sampled_from("abc"), st.integers(0, 2)), st.integers(1, 40), min_size=1
    )
)
def test_classes_count_alike_and_sources_within_each(counts: dict[tuple[str, int], int]) -> None:
    images = list(Counter(counts).elements())
    weights = weigh_alike(images)
    assert sum(weights[each] for each in images) == pytest.approx(len(images))
    of_class: dict[int, list[float]] = defaultdict(list)
    for (_, label), count in counts.items():
        of_class[label].append(weights[_, label] * count)
    totals = [sum(masses) for masses in of_class.values()]
    assert totals == pytest.approx([totals[0]] * len(totals))
    if max(counts.values()) < 10 * min(counts.values()):  # otherwise some may be too heavy
        for masses in of_class.values():
            assert masses == pytest.approx([masses[0]] * len(masses))


def test_a_source_of_one_image_does_not_decide() -> None:
    images = [("many", 0)] * 1000 + [("few", 0)] + [("many", 1)] * 1000
    weights = weigh_sources(images)
    assert weights["few", 0] == pytest.approx(HEAVIEST * 1001 / 510.5)
    assert weights["many", 0] * 1000 + weights["few", 0] == pytest.approx(1001)
    assert weights["many", 1] == pytest.approx(1)
