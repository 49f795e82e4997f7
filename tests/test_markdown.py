"""Foreign text in Markdown stays text."""

from __future__ import annotations

import pytest

from pneumoscope.markdown import in_markdown, without_html

# text, as Markdown
SHOWN = (
    ("PNEUMONIA 2_b (viral)", "PNEUMONIA 2_b (viral)"),
    ("<img src=x>", "&lt;img src=x>"),
    ("&lt;b>", "&amp;lt;b>"),
    ("![x](http://a)", r"!\[x\](http://a)"),
    ("a|b `c` *d*", r"a\|b \`c\` \*d\*"),
    ("a\n# b\x1b[31m", r"a\\n# b\\x1b\[31m"),
    (r"\<", r"\\&lt;"),
)


@pytest.mark.parametrize(("text", "expected"), SHOWN)
def test_text_is_shown_as_it_is(text: str, expected: str) -> None:
    assert in_markdown(text) == expected


def test_a_whole_card_stays_markdown_without_html() -> None:
    card = "# a\n\n- **b** [c](d) `e`\n\n| f |\n|---|\n"
    assert without_html(card) == card.rstrip("\n")
    assert without_html("<script>\x1b[2J ![x](http://a)") == r"&lt;script>\x1b[2J !\[x](http://a)"
