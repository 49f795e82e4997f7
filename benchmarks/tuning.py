"""A search under kills: beside one that nobody disturbs, on phantoms, with the same seed.

Each kill comes at a random moment of a fifth of the time that the undisturbed search takes, and the
same command is started again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from machine import PNEUMOSCOPE, print_facts, print_table, run
from pneumoscope.dataset import PhantomSettings, make_phantoms


def main() -> None:
    """Prints what has become of the trials of both searches."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--patients", type=int, default=40, help="patients of the phantoms")
    options.add_argument("--trials", type=int, default=20)
    options.add_argument("--kills", type=int, default=5)
    options.add_argument("--epochs", type=int, default=2)
    options.add_argument("--size", type=int, default=32, help="width and height of the images")
    options.add_argument("--seed", type=int, default=0, help="seed of the moments")
    choices = options.parse_args()
    print_facts()
    with TemporaryDirectory() as folder:
        data, whole, killed = (Path(folder) / name for name in ("phantoms", "whole", "killed"))
        make_phantoms(data, PhantomSettings(patients=choices.patients, lesion_strength=2))
        seconds = run(*_command(data, whole, choices)).seconds
        moments = _kill(_command(data, killed, choices), killed, seconds, choices)
        header = ("search", "ended", "lost", "twice", "other than undisturbed")
        names = ("undisturbed", f"killed {len(moments)} times")
        rows = [
            (name, *_count(root, whole, choices.trials))
            for name, root in zip(names, (whole, killed), strict=True)
        ]
    print_table(header, rows)
    print(f"Undisturbed {seconds:.0f} s; killed after " + ", ".join(moments))


def _command(data: Path, root: Path, choices: argparse.Namespace) -> Sequence[str]:
    given = {"trials": choices.trials, "epochs": choices.epochs, "image-size": choices.size}
    options = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return [PNEUMOSCOPE, "tune", str(data), "-o", str(root), "--arch", "baseline", *options]


def _kill(
    command: Sequence[str], root: Path, seconds: float, choices: argparse.Namespace
) -> Sequence[str]:
    """Kills a search at random moments, then lets it end; returns these, in words."""
    draw = random.Random(choices.seed)
    moments = []
    for _ in range(choices.kills):
        moment = draw.uniform(0, seconds / choices.kills)
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
            else:
                raise SystemExit("the search has ended before its last kill: take more trials")
        moments.append(f"{moment:.0f} s ({len([*root.glob('trial-*')])} trials begun)")
    run(*command)
    return moments


def _count(root: Path, whole: Path, trials: int) -> Sequence[str]:
    """Counts the trials that have ended, were lost or trained twice, or differ from undisturbed."""
    found, expected = _read(root), _read(whole)
    settings = {json.dumps(trial["values"], sort_keys=True) for trial in found}
    twice = max(len(found), len([*root.glob("trial-*")])) - len(settings)
    other = sum(a != b for a, b in zip(found, expected, strict=False))
    return [f"{count}" for count in (len(found), trials - len(settings), twice, other)]


def _read(root: Path) -> Sequence[dict[str, Any]]:
    """Reads settings, end and losses of each trial, those of its epochs among them."""
    trials = json.loads((root / "tune.json").read_text())["trials"]
    return [{**trial, "run": (Path(trial["run"]) / "history.csv").read_text()} for trial in trials]


if __name__ == "__main__":
    main()
