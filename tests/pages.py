"""Reader of our pages, and the checks that hold for all of them."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "line", "rect", "path", "use", "polygon", "image", "input"}


class Reader(HTMLParser):
    """A page whose tags match, with its elements and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def _sha256(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def require_sound(text: str, *, script: bool = False) -> Reader:
    """Checks that a page fetches and runs nothing, is accessible, and has no id twice.

    With `script`, it runs the one script that its policy names by its digest.
    """
    found = Reader(text)
    (policy,) = (each["content"] for each in found.all("meta") if "http-equiv" in each)
    allowed = [
        f"script-src {_sha256(each)}" for each in re.findall("<script>(.*?)</script>", text, re.S)
    ]
    assert len(allowed) == len(found.all("script")) == script
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",
        *allowed,
    ]
    for tag in ("link", "iframe", "object"):
        assert found.all(tag) == []
    assert not [name for _, each in found.tags for name in each if name.startswith("on")]
    assert all(each["src"].startswith("data:image/jpeg;base64,") for each in found.all("img"))
    assert all(each["alt"] for each in found.all("img"))
    assert len(found.all("caption")) == len(found.all("table"))
    assert all("scope" in each for each in found.all("th"))
    ids = [each["id"] for _, each in found.tags if "id" in each]
    assert len(ids) == len(set(ids))
    targets = [each["href"] for _, each in found.tags if "href" in each]
    targets = [each for each in targets if not each.startswith("data:image/png;base64,")]
    targets += [f"#{name}" for name in re.findall(r"url\(#([^)]*)\)", text)]
    assert {target.removeprefix("#") for target in targets} <= set(ids)
    assert not re.search(r"@import|url\((?!#)|https?:", text)
    assert found.all("html") == [{"lang": "en"}]
    assert len(found.all("main")) == len(found.all("h1")) == 1
    for words in ("prefers-color-scheme: dark", "@media print", "width=device-width"):
        assert words in text
    return found
