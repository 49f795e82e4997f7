"""What header and pixels alone tell of an image: a table of rules. `policy` says what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pneumoscope.gate.header import Part, View, part_shown, view_shown
from pneumoscope.imaging import Acquisition, Origin
from pneumoscope.types import Geometry

# Grey levels of 256, after the image was brought to the size of the network.
_LEAST_CONTRAST = 8.0
_MOST_CLIPPED = 0.7
_MOST_COLOURED = 0.05  # heatmaps over radiographs have .1 and more, radiographs stored as RGB 0
_ENDS = (2, 253)  # what is darker or lighter is as good as black or white, JPEG or not


class Action(StrEnum):
    """What a rule leads to."""

    REFUSE = "refuse"
    WARN = "warn"
    IGNORE = "ignore"


@dataclass(frozen=True)
class Facts:
    """What is known of an image apart from the network.

    Attributes:
        acquisition: what its file says.
        pixels: uint8 (h, w), as the network reads them.
        geometry: of the network.
        ages: of the youngest and oldest patients that the model was made with, in years; None if
            that is not known.
    """

    acquisition: Acquisition
    pixels: NDArray[np.uint8]
    geometry: Geometry
    ages: tuple[float, float] | None = None


@dataclass(frozen=True)
class Rule:
    """Something that an image can be found to be.

    Attributes:
        name: by which a policy says what then happens.
        find: says what was found, and what to do about it, without a semicolon: that divides
            one finding from the next; empty if nothing was.
    """

    name: str
    find: Callable[[Facts], str]


def _own_result(facts: Facts) -> str:
    if facts.acquisition.origin is not Origin.OWN:
        return ""
    return "it is a result of this program and no radiograph: give it the radiograph itself"


def _derived(facts: Facts) -> str:
    if facts.acquisition.origin is not Origin.DERIVED:
        return ""
    return (
        "its header says that it was captured from a screen, drawn or worked out from other "
        "pictures: give it the radiograph itself"
    )


def _capture(facts: Facts) -> str:
    if facts.acquisition.origin is not Origin.CAPTURE:
        return ""
    return "it is a secondary capture, such as scanned film: its greys may not be a device's"


def _burned_in(facts: Facts) -> str:
    if not facts.acquisition.burned_in:
        return ""
    return "its header says that text is burned in (BurnedInAnnotation): it may name the patient"


def _other_body_part(facts: Facts) -> str:
    part, quoted = part_shown(facts.acquisition)
    if part is not Part.ELSEWHERE:
        return ""
    return f"its header says that it shows another part of the body ({quoted})"


def _unknown_body_part(facts: Facts) -> str:
    part, quoted = part_shown(facts.acquisition)
    if part is not Part.UNKNOWN:
        return ""
    return f"its header does not say clearly that it shows the chest ({quoted})"


def _lateral(facts: Facts) -> str:
    view, quoted = view_shown(facts.acquisition)
    if view is not View.LATERAL:
        return ""
    return f"its header says that it is no frontal view ({quoted}), and the model knows AP and PA"


def _unknown_view(facts: Facts) -> str:
    view, quoted = view_shown(facts.acquisition)
    if view is not View.UNKNOWN:
        return ""
    return f"its header names a view that the model may not know ({quoted}), other than AP and PA"


def _raw(facts: Facts) -> str:
    if facts.acquisition.intent != "FOR PROCESSING":
        return ""
    return "it is raw data (FOR PROCESSING): export the picture that is meant for viewing"


def _other_age(facts: Facts) -> str:
    age = facts.acquisition.age
    # Ages are given in whole years: five is anything below six.
    if age is None or facts.ages is None or facts.ages[0] <= age < facts.ages[1] + 1:
        return ""
    youngest, oldest = facts.ages
    return (
        f"its header says that the patient is {age:.3g} years old, and the model was made with "
        f"patients of {youngest:g} to {oldest:g} years"
    )


def _unread_age(facts: Facts) -> str:
    if not facts.acquisition.age_unread or facts.ages is None:
        return ""
    youngest, oldest = facts.ages
    return (
        "its header says something of the patient's age that cannot be read, and the model was "
        f"made with patients of {youngest:g} to {oldest:g} years"
    )


def _far_too_small(facts: Facts) -> str:
    return _smaller_than(facts, 0.5)


def _too_small(facts: Facts) -> str:
    return _smaller_than(facts, 1.0) if not _far_too_small(facts) else ""


def _smaller_than(facts: Facts, share: float) -> str:
    found, needed = facts.acquisition, facts.geometry
    if min(found.width / needed.width, found.height / needed.height) >= share:
        return ""
    return (
        f"it has only {found.width}x{found.height} pixels, and the model reads "
        f"{needed.width}x{needed.height}: use the original, not a thumbnail"
    )


def _uniform(facts: Facts) -> str:
    contrast = float(facts.pixels.std())
    if contrast >= _LEAST_CONTRAST:
        return ""
    return f"it is nearly blank: its greys differ by {contrast:.1f} of 256 levels only"


def _clipped(facts: Facts) -> str:
    low, high = _ENDS
    clipped = float(((facts.pixels <= low) | (facts.pixels >= high)).mean())
    if clipped <= _MOST_CLIPPED:
        return ""
    return f"{clipped:.0%} of it is pure black or white: check window and export"


def _coloured(facts: Facts) -> str:
    coloured = facts.acquisition.coloured
    if coloured <= _MOST_COLOURED:
        return ""
    return f"{coloured:.0%} of it is in colour, as of heatmaps and screens: give it the radiograph"


RULES = (
    Rule("own-result", _own_result),
    Rule("derived", _derived),
    Rule("secondary-capture", _capture),
    Rule("burned-in", _burned_in),
    Rule("body-part", _other_body_part),
    Rule("unknown-body-part", _unknown_body_part),
    Rule("lateral-view", _lateral),
    Rule("unknown-view", _unknown_view),
    Rule("for-processing", _raw),
    Rule("age", _other_age),
    Rule("unreadable-age", _unread_age),
    Rule("tiny", _far_too_small),
    Rule("small", _too_small),
    Rule("blank", _uniform),
    Rule("clipped", _clipped),
    Rule("colour", _coloured),
)
"""All rules, in the order in which what they find is listed."""


def findings(facts: Facts, policy: Mapping[str, Action], action: Action) -> tuple[str, ...]:
    """What the rules that lead to an action find in an image.

    Args:
        facts: of the image.
        policy: the action of every rule, by its name.
        action: the one that is asked for.
    """
    found = (rule.find(facts) for rule in RULES if policy[rule.name] is action)
    return tuple(text for text in found if text)
