"""Damaged files of each format and transfer syntax: `python fuzz/each_format.py COUNT [NAME...]`.

They are read in processes that may die, COUNT files for each seed (or each of those that are
named), the same ones every time. Any file gives a picture or a `PneumoscopeError`. What does
otherwise is counted, and put into `.fuzz/found`:

* deaths: a signal ended the process, as when a codec crashes;
* hangs: more than 20 seconds of processor time;
* memory: more than 1 GB above what the process began with;
* foreign: any other exception.
"""

import os
import random
import resource
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.imaging.damage import damaged
from tests.imaging.seeds import ODD, SEEDS, check

from pneumoscope.errors import PneumoscopeError

SECONDS = 20
KILOBYTES = 2**20
FOUND = Path(".fuzz/found")
KINDS = ("deaths", "hangs", "memory", "foreign")
FILES = {**SEEDS, **ODD}
PROCESSES = get_context("forkserver")


def made(name: str, index: int) -> bytes:
    """The damaged file of this number; the first is the seed itself."""
    return damaged(FILES[name], random.Random(f"{name} {index}")) if index else FILES[name]


def peak() -> int:
    """The most memory that this process ever had, in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def work(name: str, first: int, count: int, pipe: Connection) -> None:
    """Reads files, and tells the number of each before, and what was wrong with it after."""
    start = peak()
    for index in range(first, count):
        pipe.send((index, ""))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process
        try:
            check(made(name, index))
        except PneumoscopeError:
            pass
        except Exception as error:
            print(f"{name} {index}: {error!r}", file=sys.stderr)
            pipe.send((index, "foreign"))
        if peak() - start > KILOBYTES:
            pipe.send((index, "memory"))
            break  # the next process begins with a peak of its own
    pipe.send((index, "ended"))


def fuzz(name: str, count: int) -> Counter[str]:
    """Reads all files of a seed, in as many processes as it takes."""
    counts: Counter[str] = Counter()
    index = -1
    while index + 1 < count:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        worker = PROCESSES.Process(target=work, args=(name, index + 1, count, theirs))
        worker.start()
        theirs.close()
        found = []
        while (told := receive(ours)) is not None:
            index, wrong = told
            found += [(index, wrong)] * bool(wrong)
        worker.join()
        if (index, "ended") in found:
            found.pop()
        else:
            found.append((index, "hangs" if worker.exitcode == -signal.SIGPROF else "deaths"))
        for number, wrong in found:
            counts[wrong] += 1
            (FOUND / f"{wrong}-{name.replace(' ', '-')}-{number}").write_bytes(made(name, number))
    return counts


def receive(pipe: Connection) -> tuple[int, str] | None:
    """What a worker says next; None when it is gone."""
    try:
        return pipe.recv()
    except EOFError:
        return None


def main() -> None:
    """Prints the table, and fails if anything was found."""
    count, names = int(sys.argv[1]), sys.argv[2:] or list(FILES)
    FOUND.mkdir(parents=True, exist_ok=True)
    print(f"{'':32}{'files':>8}" + "".join(f"{kind:>9}" for kind in KINDS))
    total: Counter[str] = Counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, counts in zip(names, pool.map(lambda n: fuzz(n, count), names), strict=True):
            print(f"{name:32}{count:8}" + "".join(f"{counts[k]:9}" for k in KINDS), flush=True)
            total += counts
    sys.exit(f"{total.total()} found: see {FOUND}" if total else 0)


if __name__ == "__main__":
    PROCESSES.set_forkserver_preload(["tests.imaging.seeds"])
    main()
