"""Bytes to pixels: the only door through which an image comes in."""

from pneumoscope.imaging.facts import THUMBNAIL, ImageFacts, Look, look
from pneumoscope.imaging.preprocess import RECIPE, load_display, load_pixels
from pneumoscope.imaging.read import Source, read_bytes

__all__ = [
    "RECIPE",
    "THUMBNAIL",
    "ImageFacts",
    "Look",
    "Source",
    "load_display",
    "load_pixels",
    "look",
    "read_bytes",
]
