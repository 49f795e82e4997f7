"""Local images that nothing is fitted to, since a site bundle refuses them as its parent does."""

from __future__ import annotations

from collections.abc import Iterable

from pneumoscope.gate import RULES
from pneumoscope.notices import Notice

_RULES = frozenset(rule.name for rule in RULES)


def is_refused_by_rule(reasons: Iterable[Notice]) -> bool:
    """Tells whether a rule on header or pixels is among the reasons for a refusal.

    A great distance from the training images is none: its level is what is fitted to the site.
    """
    return any(reason.code in _RULES for reason in reasons)


def tell_refused(images: int) -> tuple[Notice, ...]:
    """Makes the notice that images were left out which rules refuse; none if there are none."""
    if not images:
        return ()
    text = f"Left out: {images} images that a rule on header or pixels refuses, here as anywhere"
    return (Notice("refused-left-out", text, {"images": images}),)
