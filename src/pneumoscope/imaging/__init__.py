"""Bytes to pixels: the only door through which an image comes in."""

from pneumoscope.imaging.preprocess import RECIPE, load_display, load_pixels
from pneumoscope.imaging.read import Source, read_bytes

__all__ = ["RECIPE", "Source", "load_display", "load_pixels", "read_bytes"]
