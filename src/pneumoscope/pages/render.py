"""Rendering of templates."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jinja2 import ChoiceLoader, PackageLoader

from pneumoscope.templates import make_environment
from pneumoscope.types import RESEARCH_NOTICE


def render(package: str, template: str, *, script: str = "", **content: Any) -> str:
    """Renders a template of a package, which may extend and import those of this room.

    Text is escaped, and the filter `printable` keeps untrusted text on one line. `notice`, the
    research notice, is available in every template.

    Args:
        package: package of the template, such as "pneumoscope.dataset.audit".
        template: file name of the template.
        script: file name of a script in the package, the only one that the page will run; empty
            for a page without one.
        content: values of the variables of the template, by name.
    """
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader("pneumoscope.pages", ".")])
    environment = make_environment(loader, html=True)  # file names are untrusted
    environment.globals["notice"] = RESEARCH_NOTICE
    source = loader.get_source(environment, script)[0] if script else ""
    environment.globals["script"] = source
    environment.globals["script_sha256"] = _sha256(source)
    return environment.get_template(template).render(**content)


def _sha256(text: str) -> str:
    """Computes the digest by which a content security policy names a script (CSP 3, 2.3.1)."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
