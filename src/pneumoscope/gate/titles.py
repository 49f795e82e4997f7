"""Titles of the codes of reasons and warnings, for tables that count them."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    # Rules: see `policy.toml`.
    "own-result": "a result of this program",
    "derived": "captured from a screen, drawn or derived",
    "secondary-capture": "a secondary capture, such as scanned film",
    "burned-in": "text burned in",
    "body-part": "another part of the body",
    "unknown-body-part": "not clearly the chest",
    "lateral-view": "no frontal view",
    "unknown-view": "a view other than AP and PA",
    "other-view": "AP or PA, and the model was made with the other view",
    "for-processing": "raw data, not for viewing",
    "age": "an age outside the range of the training patients",
    "unreadable-age": "an age that cannot be read",
    "tiny": "a thumbnail",
    "small": "fewer pixels than the model reads",
    "blank": "nearly blank",
    "clipped": "mostly pure black or white",
    "colour": "in colour",
    # What the model itself finds.
    "unlike-training": "unlike the training images",
    "tone": "greys or sharpness unlike the training images",
    "layout": "framing or proportions unlike the training images",
    "turned-right": "turned to the right",
    "turned-left": "turned to the left",
    "upside-down": "upside down",
    "inverted": "inverted, black for white",
    "undecided": "a probability too close to the threshold",
    # What the model was made with.
    "seen-image": "an image that the model was trained or chosen on",
    "seen-patient": "of a patient that the model was trained or chosen on",
    # What happened to a result.
    "heatmap-not-written": "its picture could not be drawn or written",
}
"""Titles by code; a code is never renamed, and never changes its meaning."""
