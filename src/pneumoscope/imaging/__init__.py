"""Reading of image files: their pixels, and what they tell of themselves."""

from pneumoscope.imaging.acquisition import Acquisition, Coded, read_acquisition
from pneumoscope.imaging.deep import Deep, load_deep
from pneumoscope.imaging.facts import THUMBNAIL, ImageFacts, Look, look
from pneumoscope.imaging.formats import is_stray
from pneumoscope.imaging.origin import Origin, own_mark
from pneumoscope.imaging.picture import (
    PictureFacts,
    picture_facts,
    tabulate_pictures,
    tabulate_pixels,
)
from pneumoscope.imaging.preprocess import RECIPE, load_display, load_mask, load_pixels
from pneumoscope.imaging.source import Source, read_bytes, read_stream

__all__ = [
    "RECIPE",
    "THUMBNAIL",
    "Acquisition",
    "Coded",
    "Deep",
    "ImageFacts",
    "Look",
    "Origin",
    "PictureFacts",
    "Source",
    "is_stray",
    "load_deep",
    "load_display",
    "load_mask",
    "load_pixels",
    "look",
    "own_mark",
    "picture_facts",
    "read_acquisition",
    "read_bytes",
    "read_stream",
    "tabulate_pictures",
    "tabulate_pixels",
]
