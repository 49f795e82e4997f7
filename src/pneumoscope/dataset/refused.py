"""Images of a data set that predicting would refuse, whatever the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.files import name_few
from pneumoscope.gate import RULES, Action, Facts, Rule, read_policy
from pneumoscope.imaging import Source, read_acquisition
from pneumoscope.notices import Notice
from pneumoscope.types import Geometry


def refusals(source: Source, pixels: NDArray[np.uint8], geometry: Geometry) -> tuple[str, ...]:
    """Lists the rules by which predicting would refuse an image under the default policy.

    Args:
        source: file of the image.
        pixels: grey levels of the image, uint8 (h, w), squashed as for a network.
        geometry: image size that the network would read.

    Raises:
        ImageError: if the header of the file cannot be read.
    """
    facts = Facts(read_acquisition(source), pixels, geometry)
    return tuple(rule.name for rule in _rules() if rule.find(facts))


def group_refused(refused: Sequence[tuple[Path, Sequence[str]]]) -> dict[str, list[Path]]:
    """Groups files by the rule that would refuse them, in the order of the rules.

    Args:
        refused: each file, with the names of the rules that would refuse it.
    """
    groups = {
        rule.name: [path for path, names in refused if rule.name in names] for rule in _rules()
    }
    return {name: paths for name, paths in groups.items() if paths}


def tell_refused(groups: Mapping[str, Sequence[Path]], total: int) -> list[Notice]:
    """Makes a notice of the refused files for each rule.

    Args:
        groups: files by the rule that would refuse them.
        total: number of all files, refused or not.
    """
    return [
        Notice(
            "would-be-refused",
            f"{len(paths)} of {total} images would be refused when predicting ({name}), and are "
            f"trained on all the same: {name_few(list(paths))}",
            {"rule": name, "images": len(paths), "of": total},
        )
        for name, paths in groups.items()
    ]


@cache
def _rules() -> tuple[Rule, ...]:
    policy = read_policy()
    return tuple(rule for rule in RULES if policy[rule.name] is Action.REFUSE)
