"""Templates of text: pages, model cards and their heads."""

from __future__ import annotations

from jinja2 import BaseLoader, Environment, StrictUndefined

from pneumoscope.files import printable


def make_environment(loader: BaseLoader, *, html: bool = False) -> Environment:
    """Makes an environment in which a value that is not given is an error.

    A line that holds nothing but a statement leaves none in the text. The filter `printable` keeps
    untrusted text on one line.

    Args:
        loader: where templates are read from.
        html: True to escape all values for HTML. Other formats have escapes of their own, to be
            added as filters.
    """
    environment = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=html,
    )
    environment.filters["printable"] = printable
    return environment
