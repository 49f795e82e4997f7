"""Pages of HTML that need nothing else: their common look, and pictures as part of the text.

    base.html.j2     head, skip link, landmarks and notice of every page
    parts.html.j2    macros: tables that scroll in a box of their own, figures
    style.css        light, dark, narrow and on paper

A page fetches nothing and runs nothing: its content security policy forbids both.
"""

from pneumoscope.pages.inline import data_uri
from pneumoscope.pages.render import render

__all__ = ["data_uri", "render"]
