"""Warnings stay inside, and the filters come back as they were."""

from __future__ import annotations

import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from pneumoscope.imaging.quiet import undisturbed


def test_warnings_are_dropped_inside_only() -> None:
    with undisturbed():
        warnings.warn("inside", stacklevel=1)
    with pytest.raises(UserWarning, match="outside"):
        warnings.warn("outside", stacklevel=1)


def test_threads_that_overlap_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)
    first_in, both_in = Barrier(2), Barrier(2)

    def first() -> None:
        with undisturbed():
            first_in.wait(10)
            both_in.wait(10)

    def second() -> None:
        first_in.wait(10)
        with undisturbed():
            both_in.wait(10)
            warnings.warn("while the other leaves", stacklevel=1)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()
    assert warnings.filters == before


@pytest.mark.parametrize("library", ["pydicom", "PIL"])
def test_what_decoders_log_is_not_printed(library: str) -> None:
    log = f"import logging; logging.getLogger('{library}.x').error('samples per pixel')"
    code = f"import pneumoscope.imaging.quiet; {log}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stderr == b""
