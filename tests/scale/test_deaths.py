"""Deaths of processes lose no row and double none, and a file that causes them is set aside."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from pneumoscope import score
from pneumoscope.errors import SettingsError
from pneumoscope.scale.journal import journal_of
from pneumoscope.scored.shards import list_shards
from tests.conftest import encoded, picture
from tests.scale.conftest import rows_of

# A process of the pool, that ends as if by a fault of a codec when it reads some files.
MORTAL = """
import os, signal, sys
from pathlib import Path
from pneumoscope.inference import Predictor
read = Predictor.read
def deadly(self, image):
    {when}
        os.kill(os.getpid(), signal.SIGKILL)
    return read(self, image)
Predictor.read = deadly
from pneumoscope.scale.worker import main
main(int(sys.argv[1]))
"""
POISON = 'if "poison" in image.name:'
ONCE = 'if "3.png" in image.name and not os.path.exists("died") and not Path("died").touch():'


def mortal(when: str) -> tuple[str, ...]:
    return (sys.executable, "-c", MORTAL.format(when=when))


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number}.png").write_bytes(encoded(picture(seed=number)))
    monkeypatch.chdir(tmp_path)
    return folder


def test_the_shard_of_a_process_that_died_is_done_again(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(bundle, images, tmp_path / "usual", workers=1)
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", mortal(ONCE))
    score(bundle, images, tmp_path / "scored", workers=1)
    assert Path("died").exists()
    assert rows_of(tmp_path / "scored") == rows_of(tmp_path / "usual")


def test_files_that_end_the_program_are_set_aside(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = [images / "poison.png", images / "1-poison.png"]
    for path in poison:
        path.write_bytes(encoded(picture(seed=100 + len(path.name))))
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", mortal(POISON))
    found = score(bundle, images, tmp_path / "scored", workers=2)
    assert {*found.set_aside} == {*map(str, poison)}
    assert found.errors == {"image-ends-program": 2}
    codes = {row["path"]: row["error_code"] for row in rows_of(tmp_path / "scored")}
    assert len(codes) == found.scored == 22
    assert {path for path, code in codes.items() if code} == {*map(str, poison)}
    assert not list((tmp_path / "scored").glob(".*"))


STARTED_TWICE = """
import sys
from pathlib import Path
if not Path("died").exists():
    sys.exit(Path("died").touch() or 9)
from pneumoscope.scale.worker import main
main(int(sys.argv[1]))
"""


def test_a_process_that_died_while_it_started_is_replaced(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = (sys.executable, "-c", STARTED_TWICE)
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", program)
    assert score(bundle, images, tmp_path / "scored", workers=1).scored == 20
    assert Path("died").exists()


def test_processes_that_always_die_are_an_error(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.pool.PROGRAM", (sys.executable, "-c", "exit(3)"))
    with pytest.raises(SettingsError, match="exit code 3") as caught:
        score(bundle, images, tmp_path / "scored", workers=1)
    assert caught.value.code == "workers-end"


KILLED = """
import os, signal, sys
import pneumoscope
from pneumoscope.scale import listing
listing.SHARD = 4
def kill(done, of):
    if done >= 6:
        os.kill(os.getpid(), signal.SIGKILL)
pneumoscope.score(*sys.argv[1:], workers=1, progress=kill)
"""


def test_what_was_killed_goes_on(images: Path, bundle: Path, tmp_path: Path) -> None:
    scored = tmp_path / "scored"
    command = [sys.executable, "-c", KILLED, bundle, images, scored]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert len(list_shards(scored)) < 5
    score(bundle, images, scored, workers=1)
    assert {*Counter(row["path"] for row in rows_of(scored)).values()} == {1}
    assert len(rows_of(scored)) == 20


def test_ctrl_c_leaves_whole_shards_and_nothing_else(
    images: Path, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 4)

    def interrupt(done: int, of: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    scored = tmp_path / "scored"
    with pytest.raises(KeyboardInterrupt):
        score(bundle, images, scored, workers=2, progress=interrupt)
    assert not list(scored.glob("*.part"))
    before = list_shards(scored)
    assert len(before) < 5
    found = score(bundle, images, scored, workers=2)
    assert found.scored == 20
    assert found.scored_now == 20 - 4 * len(before)


def test_a_journal_remembers_what_its_owners_died_of(tmp_path: Path) -> None:
    file = tmp_path / ".part-000000.trying"

    def read(trying: list[int]) -> tuple[list[list[int]], list[int]]:
        """Reads what was left by an owner that died at some rows: batches, and rows set aside."""
        with suppress(ZeroDivisionError), journal_of(tmp_path, 0) as journal:
            assert journal is not None
            found = [*journal.batches(6, 4)], [row for row in range(6) if journal.is_aside(row)]
            journal.begin(trying)
            left = file.read_bytes()
            raise ZeroDivisionError
        file.write_bytes(left)  # as it is after a death
        return found

    assert read([0, 1, 2, 3]) == ([[0, 1, 2, 3], [4, 5]], [])
    alone = [[0], [1], [2], [3], [4, 5]]
    assert read([2]) == (alone, [])
    assert read([2]) == (alone, [])
    assert read([]) == (alone, [2])


def test_a_shard_is_in_one_hand(tmp_path: Path) -> None:
    with journal_of(tmp_path, 0) as first, journal_of(tmp_path, 0) as second:
        assert first is not None
        assert second is None
    with journal_of(tmp_path, 0) as again:
        assert again is not None
