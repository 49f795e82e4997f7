"""Files are remembered for a while, by their digests."""

from __future__ import annotations

from pneumoscope.server.recent import Recent


def test_a_file_is_new_once_until_many_others_have_come() -> None:
    recent = Recent(most=3)
    assert [recent.add(name) for name in "abab"] == [True, True, False, False]
    assert [recent.add(name) for name in "cda"] == [True, True, True]
    assert not recent.add("d")
