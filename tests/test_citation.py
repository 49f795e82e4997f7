"""The page on citing and `CITATION.cff` say the same."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_bibtex_is_that_of_the_citation_file() -> None:
    page = (ROOT / "docs" / "how-to" / "cite.md").read_text("utf-8")
    entries = [
        dict(re.findall(r"^  (\w+) = \{+(.*?)\}+,?$", block, re.MULTILINE))
        for block in re.findall(r"^@\w+\{.*?^\}", page, re.MULTILINE | re.DOTALL)
    ]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    told = [citation, *citation["references"]]
    assert len(entries) == len(told) == 8
    for entry, cited in zip(entries, told, strict=True):
        for name in ("title", "version", "license", "doi", "journal", "year", "volume"):
            if name in entry:
                assert entry[name] == str(cited[name])
        assert entry.get("doi") == cited.get("doi")
        for author in cited["authors"]:
            assert (
                author.get("family-names", author.get("name", "")).removeprefix("and ")
                in entry["author"]
            )
