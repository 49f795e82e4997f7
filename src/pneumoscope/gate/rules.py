"""Rules on header and pixels of an image; the policy says what follows from each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pneumoscope.gate.header import Part, View, part_shown, projection_shown, view_shown
from pneumoscope.imaging import Acquisition, Origin
from pneumoscope.notices import Notice
from pneumoscope.types import Geometry

# Grey levels of 256, after the image was brought to the size of the network.
_LEAST_CONTRAST = 8.0
_MOST_CLIPPED = 0.7
_MOST_COLOURED = 0.05  # heatmaps over radiographs have .1 and more, radiographs stored as RGB 0
_ENDS = (2, 253)  # from these on, grey levels count as black or white, JPEG or not


class Action(StrEnum):
    """Action that follows where a rule finds something."""

    REFUSE = "refuse"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Facts:
    """Facts of an image that the rules examine, known without the network.

    Attributes:
        acquisition: acquisition data of its file.
        pixels: pixels as the network reads them, uint8 of shape (h, w).
        geometry: pixel grid of the network.
        ages: least and greatest age of the patients that the model was made with, in years; None
            if not known.
        views: views of the images that the model was made with, "AP" or "PA"; empty if not known.
    """

    acquisition: Acquisition
    pixels: NDArray[np.uint8]
    geometry: Geometry
    ages: tuple[float, float] | None = None
    views: frozenset[str] = frozenset()


Found = tuple[str, dict[str, float | str | None]]


@dataclass(frozen=True)
class Rule:
    """A rule on header or pixels of an image.

    Attributes:
        name: name of the rule in a policy, and code of its finding.
        look: function of the facts that returns the text of a finding with its remedy, and the
            values in it; None if there is nothing to say.
    """

    name: str
    look: Callable[[Facts], Found | None]

    def find(self, facts: Facts) -> Notice | None:
        """Applies the rule to an image; returns None if it finds nothing."""
        found = self.look(facts)
        return found and Notice(self.name, *found)


def _own_result(facts: Facts) -> Found | None:
    if facts.acquisition.origin is not Origin.OWN:
        return None
    return "it is a result of this program and not a radiograph: use the radiograph itself", {}


def _derived(facts: Facts) -> Found | None:
    if facts.acquisition.origin is not Origin.DERIVED:
        return None
    text = (
        "its header says that it was captured from a screen, drawn or derived from other "
        "pictures: use the radiograph itself"
    )
    return text, {}


def _capture(facts: Facts) -> Found | None:
    if facts.acquisition.origin is not Origin.CAPTURE:
        return None
    return (
        "it is a secondary capture, such as scanned film: its greys may not be those of a device",
        {},
    )


def _burned_in(facts: Facts) -> Found | None:
    if not facts.acquisition.burned_in:
        return None
    text = "its header says that text is burned in (BurnedInAnnotation): it may name the patient"
    return text, {}


def _other_body_part(facts: Facts) -> Found | None:
    part, quoted = part_shown(facts.acquisition)
    if part is not Part.ELSEWHERE:
        return None
    return f"its header says that it shows another part of the body ({quoted})", {"header": quoted}


def _unknown_body_part(facts: Facts) -> Found | None:
    part, quoted = part_shown(facts.acquisition)
    if part is not Part.UNKNOWN:
        return None
    text = f"its header does not say clearly that it shows the chest ({quoted})"
    return text, {"header": quoted}


def _lateral(facts: Facts) -> Found | None:
    view, quoted = view_shown(facts.acquisition)
    if view is not View.LATERAL:
        return None
    text = f"its header says that it is no frontal view ({quoted}), and the model knows AP and PA"
    return text, {"header": quoted}


def _unknown_view(facts: Facts) -> Found | None:
    view, quoted = view_shown(facts.acquisition)
    if view is not View.UNKNOWN:
        return None
    text = f"its header names a view that the model may not know ({quoted}), other than AP and PA"
    return text, {"header": quoted}


def _other_view(facts: Facts) -> Found | None:
    view = projection_shown(facts.acquisition)
    if not view or not facts.views or view in facts.views:
        return None
    known = " and ".join(sorted(facts.views))
    text = f"its header says that it is a {view} view, and the model was made with {known} views"
    return text, {"view": view, "known": known}


def _raw(facts: Facts) -> Found | None:
    if facts.acquisition.intent != "FOR PROCESSING":
        return None
    return "it is raw data (FOR PROCESSING): export the picture that is meant for viewing", {}


def _other_age(facts: Facts) -> Found | None:
    age = facts.acquisition.age
    # Ages are given in whole years: a patient of 5 years is younger than 6.
    if age is None or facts.ages is None or facts.ages[0] <= age < facts.ages[1] + 1:
        return None
    youngest, oldest = facts.ages
    text = (
        f"its header says that the patient is {age:.3g} years old, and the model was made with "
        f"patients of {youngest:g} to {oldest:g} years"
    )
    return text, {"age": age, "youngest": youngest, "oldest": oldest}


def _unread_age(facts: Facts) -> Found | None:
    if not facts.acquisition.age_unread or facts.ages is None:
        return None
    youngest, oldest = facts.ages
    text = (
        "its header gives an age of the patient that cannot be read, and the model was "
        f"made with patients of {youngest:g} to {oldest:g} years"
    )
    return text, {"youngest": youngest, "oldest": oldest}


def _far_too_small(facts: Facts) -> Found | None:
    return _smaller_than(facts, 0.5)


def _too_small(facts: Facts) -> Found | None:
    return None if _far_too_small(facts) else _smaller_than(facts, 1.0)


def _smaller_than(facts: Facts, fraction: float) -> Found | None:
    found, needed = facts.acquisition, facts.geometry
    if min(found.width / needed.width, found.height / needed.height) >= fraction:
        return None
    text = (
        f"it has only {found.width}x{found.height} pixels, and the model reads "
        f"{needed.width}x{needed.height}: use the original, not a thumbnail"
    )
    return text, {
        "width": found.width,
        "height": found.height,
        "needed_width": needed.width,
        "needed_height": needed.height,
    }


def _uniform(facts: Facts) -> Found | None:
    contrast = float(facts.pixels.std())
    if contrast >= _LEAST_CONTRAST:
        return None
    text = f"it is nearly blank: the standard deviation of its greys is only {contrast:.1f} of 256"
    return text, {"contrast": contrast}


def _clipped(facts: Facts) -> Found | None:
    low, high = _ENDS
    clipped = float(((facts.pixels <= low) | (facts.pixels >= high)).mean())
    if clipped <= _MOST_CLIPPED:
        return None
    text = f"{clipped:.0%} of it is pure black or white: check window and export"
    return text, {"fraction": clipped}


def _coloured(facts: Facts) -> Found | None:
    coloured = facts.acquisition.coloured
    if coloured <= _MOST_COLOURED:
        return None
    text = f"{coloured:.0%} of it is in colour, as in heatmaps and screenshots: use the radiograph"
    return text, {"fraction": coloured}


RULES = (
    Rule("own-result", _own_result),
    Rule("derived", _derived),
    Rule("secondary-capture", _capture),
    Rule("burned-in", _burned_in),
    Rule("body-part", _other_body_part),
    Rule("unknown-body-part", _unknown_body_part),
    Rule("lateral-view", _lateral),
    Rule("unknown-view", _unknown_view),
    Rule("other-view", _other_view),
    Rule("for-processing", _raw),
    Rule("age", _other_age),
    Rule("unreadable-age", _unread_age),
    Rule("tiny", _far_too_small),
    Rule("small", _too_small),
    Rule("blank", _uniform),
    Rule("clipped", _clipped),
    Rule("colour", _coloured),
)
"""All rules, in the order in which their findings are listed."""


def findings(facts: Facts, policy: Mapping[str, Action], action: Action) -> tuple[Notice, ...]:
    """Lists the findings of those rules in an image that lead to an action.

    Args:
        facts: facts of the image.
        policy: action of every rule, by its name.
        action: action whose rules are applied.
    """
    found = (rule.find(facts) for rule in RULES if policy[rule.name] is action)
    return tuple(reason for reason in found if reason)
