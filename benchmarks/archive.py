"""The node beside a real archive: how soon an Orthanc has all results of a radiograph.

One radiograph after the other goes from `storescu` of DCMTK to the node, which returns results to
an Orthanc in a network namespace of its own. Needs what the tests of the node need.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from machine import parser, print_facts, print_table, sample
from node import write_radiograph
from pneumoscope.files import list_files

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.node.dcmtk import find_dcmtk
from tests.node.hospital import NODE, NODE_PORT, NODES, Program
from tests.node.orthanc import running_orthanc


def main() -> None:
    """Measures the time for each radiograph, and prints a table."""
    options = parser(__doc__.splitlines()[0], images=31)
    options.add_argument("--side", type=int, default=2000, help="width of the radiographs")
    options.add_argument("--model", help="by default the default model")
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work, running_orthanc(NODES) as orthanc:
        images = list_files(sample(choices.data, choices.images, Path(work)))
        files = [
            write_radiograph(image, choices.side, Path(work, "cr"), number)
            for number, image in enumerate(images)
        ]
        print_facts(f"{len(files)} CRs of {choices.side} columns, one after the other")
        node = Program(orthanc, Path(work))
        node.configure(callers=[], **({"model": choices.model} if choices.model else {}))
        node.start()
        seconds = []
        for file in files:
            began = time.monotonic()
            orthanc.run(find_dcmtk("storescu"), "-aec", NODE, "127.0.0.1", NODE_PORT, file)
            while node.waiting:
                time.sleep(0.005)
            seconds.append(time.monotonic() - began)
        node.stop()
        stored = orthanc.ask("/statistics")["CountInstances"]
    first, *others = seconds
    print_table(
        ["from the start of storescu to all results in Orthanc", "seconds"],
        [
            ["first", f"{first:.2f}"],
            ["median of the others", f"{statistics.median(others):.2f}"],
            ["95th percentile", f"{np.percentile(others, 95):.2f}"],
        ],
    )
    print(f"{stored} results of {len(files)} radiographs")


if __name__ == "__main__":
    main()
