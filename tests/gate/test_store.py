"""Levels and distances of a gate are read back from a bundle as they were."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.gate import GateLevel, GateLevels, TrainingDistance
from pneumoscope.gate.store import pack_distances, parse_levels, unpack_distances


def distance(seed: int) -> TrainingDistance:
    means, whitening = np.random.default_rng(seed).normal(size=(2, 3, 3)).astype(np.float32)
    return TrainingDistance(means, whitening)


def levels(*kinds: str, sources: tuple[str, ...] = ()) -> GateLevels:
    warn = {kind: GateLevel(1.25, 0.02) for kind in kinds}
    return GateLevels(warn, GateLevel(2.0, 0.01), images=99, patients=80, sources=sources)


def test_distances_round_trip() -> None:
    packed = pack_distances({"features": distance(0), "tone": distance(1)})
    assert packed == pack_distances({"features": distance(0), "tone": distance(1)})
    found = unpack_distances(packed, levels("features", "tone"))
    for seed, name in enumerate(("features", "tone")):
        assert np.array_equal(found[name].means, distance(seed).means)
        assert np.array_equal(found[name].whitening, distance(seed).whitening)
    with pytest.raises(KeyError):
        unpack_distances(packed, levels("features", "tone", "layout"))


def test_each_mean_is_that_of_a_source_if_sources_are_named() -> None:
    packed = pack_distances({"features": distance(0)})
    groups = len(distance(0).means)
    assert unpack_distances(packed, levels("features", sources=("a",) * groups))
    with pytest.raises(ValueError, match="one mean for each source"):
        unpack_distances(packed, levels("features", sources=("a",) * (groups + 1)))


def test_levels_round_trip() -> None:
    given = replace(levels("features", "tone", sources=("a", "b")), scored=("tone", "features"))
    content = json.loads(json.dumps(asdict(given)))
    assert parse_levels(content) == given
    del content["scored"]  # as in older bundles, whose score is the distance of the features
    assert parse_levels(content).scored == ("features",)


@pytest.mark.parametrize("scored", [(), ("layout",), ("features", "layout")])
def test_score_of_distances_without_a_level_is_refused(scored: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="score is of no known distances"):
        replace(levels("features", "tone"), scored=scored)
