"""Two versions: the processor time of `evaluate` and of `report`, this one's beside another's.

The other version is given by the Python that it is installed for. Both measure the same model on
the same data, in turns, so that whatever else the machine does slows both down alike. Both have to
find the same: every figure is compared as it is printed, in `metrics.json` to nine digits.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import print_facts, print_table, ratio, run, spread

_COMMANDS = {"evaluate": "evaluation", "report": "report.html"}
_DIGITS = 9
_NEW = {"notices", "interval", "left_out"}  # words, and what later versions say besides


def main() -> None:
    """Takes the turns, and prints a table and what differs."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("before", type=Path, help="the other version's python")
    options.add_argument("data", type=Path, help="what to measure on")
    options.add_argument("--model", default="residual-2", help="that ships with both")
    options.add_argument("--turns", type=int, default=3)
    choices = options.parse_args()
    versions = {"before": choices.before, "now": Path(sys.executable)}
    print_facts(f"{choices.model} on {choices.data.name}, {choices.turns} turns")
    rows = []
    for command, output in _COMMANDS.items():
        seconds: dict[str, list[float]] = {name: [] for name in versions}
        with tempfile.TemporaryDirectory() as work:
            for _ in range(choices.turns):
                for name, python in versions.items():
                    place = Path(work, name, command, output)
                    words = (command, choices.model, choices.data, "--output", place)
                    finished = run(python, "-m", "pneumoscope", *words)
                    seconds[name].append(finished.processor)
            _compare(command, *(Path(work, name, command) for name in versions))
        rows += [
            [f"{command}, {name}", spread(seconds[name], 1), f"**{_times(seconds, name):.2f}**"]
            for name in versions
        ]
    print_table(["", "seconds of the processor", "ratio"], rows)


def _times(seconds: dict[str, list[float]], name: str) -> float:
    return ratio(seconds[name], seconds["before"])


def _compare(command: str, before: Path, now: Path) -> None:
    """Says what the versions do not agree in."""
    if command == "evaluate":
        found = [
            json.loads((place / "evaluation" / "metrics.json").read_text())
            for place in (before, now)
        ]
        one, other = (_rounded(content) for content in found)
        differing = [name for name in one if name not in _NEW and one[name] != other.get(name)]
    else:
        one, other = ((place / "MODEL_CARD.md").read_text().split("\n") for place in (before, now))
        differing = sorted(set(other) - set(one))
    print(f"{command}: {'the same was found' if not differing else f'differs: {differing}'}")


def _rounded(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _rounded(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return round(content, _DIGITS) if isinstance(content, float) else content


if __name__ == "__main__":
    main()
