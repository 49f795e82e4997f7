"""What the service has freed goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

CODE = """
import sys
from pathlib import Path
from pneumoscope.server.heap import return_large_blocks

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "returned":
    return_large_blocks()
for _ in range(3):  # after which glibc by itself keeps blocks of this size
    bytearray(3_000_000)
before, kept, pictures = resident(), [], []
for _ in range(40):
    pictures.append(bytearray(2_000_000))
    kept.append(bytearray(5000))
del pictures
print(resident() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not the library of C of glibc")
@pytest.mark.parametrize(("way", "returned"), [("returned", True), ("as it is", False)])
def test_large_blocks_are_returned_between_others_that_are_kept(way: str, returned: bool) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, way], capture_output=True, text=True)
    assert (int(done.stdout) < 20_000_000) is returned, done
