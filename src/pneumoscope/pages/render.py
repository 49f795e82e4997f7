"""Rendering of templates."""

from __future__ import annotations

from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from pneumoscope.files import printable
from pneumoscope.types import RESEARCH_NOTICE


def render(package: str, template: str, **content: Any) -> str:
    """Renders a template of a package, which may extend and import those of this room.

    Text is escaped, and the filter `printable` keeps untrusted text on one line. `notice`, the
    research notice, is available in every template.

    Args:
        package: package of the template, such as "pneumoscope.dataset.audit".
        template: file name of the template.
        content: values of the variables of the template, by name.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("pneumoscope.pages", ".")]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,  # file names are untrusted
    )
    environment.filters["printable"] = printable
    environment.globals["notice"] = RESEARCH_NOTICE
    return environment.get_template(template).render(**content)
