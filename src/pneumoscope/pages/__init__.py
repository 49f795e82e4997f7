"""HTML pages that need no other file: their common layout, and pictures within the page.

    base.html.j2     head, skip link, landmarks and notice of every page
    parts.html.j2    macros for tables, which scroll in a box of their own, and for figures
    palette.css      colours, light and dark, which the page of the service uses, too
    style.css        styles for light, dark and narrow screens and for print

A page fetches no file, and runs no script but the one that it was rendered with: its content
security policy forbids all else.
"""

from pneumoscope.pages.inline import data_uri, jpeg
from pneumoscope.pages.render import render

__all__ = ["data_uri", "jpeg", "render"]
