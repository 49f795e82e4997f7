"""The conformance statement says what the node negotiates."""

from __future__ import annotations

from tests.test_docs import script


def test_tables_are_what_is_negotiated() -> None:
    conformance = script("conformance")
    page = conformance["PAGE"].read_text("utf-8")
    assert all(f"<!-- {name} -->" in page for name in conformance["TABLES"])
    assert conformance["render"](page) == page, "run `python scripts/conformance.py`"
