"""Coverage-guided fuzzing of the reader: `python fuzz/read_image.py CORPUS -max_total_time=60`.

Any file gives a picture within the limits or an `ImageError`. Anything else that is raised, a
crash of a codec, more than 10 seconds or more than 2 GB ends the run, and leaves the input behind.
The corpus is a folder: the seeds are put into it, and what is found is kept there.
"""

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))
with atheris.instrument_imports(include=["PIL", "pydicom", "pneumoscope.imaging"]):
    from tests.imaging.seeds import SEEDS, check

    from pneumoscope.errors import ImageError

LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-max_len=16384"]


def test_one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    try:
        check(data)
    except ImageError:
        return


def main() -> None:
    """Writes the seeds, then runs until libFuzzer ends."""
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in SEEDS.items():
        (corpus / name.replace(" ", "-")).write_bytes(data)
    atheris.Setup([*sys.argv, *LIMITS], test_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
