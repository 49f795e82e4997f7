from itertools import product

import pytest

from pneumoscope.derived.kinds import SERIES, Kind, derived_uid


def test_a_result_has_the_same_uid_whenever_it_is_made() -> None:
    first = derived_uid("1.2.3", "ab" * 32, Kind.REPORT, "instance")
    assert first == derived_uid("1.2.3", "ab" * 32, Kind.REPORT, "instance")
    assert first.is_valid


def test_no_two_results_share_a_uid() -> None:
    made = {
        derived_uid(*parts)
        for parts in product(("1.2.3", "1.2.34"), ("ab", "cd"), Kind, ("instance", "series"))
    }
    assert len(made) == 2 * 2 * 3 * 2


@pytest.mark.parametrize("kind", Kind)
def test_every_series_says_what_it_is_for(kind: Kind) -> None:
    assert "research" in SERIES[kind].description
    assert len(SERIES[kind].description) <= 64  # PS3.5 6.2, LO
