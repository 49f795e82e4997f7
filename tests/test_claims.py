"""One process at a time writes to a folder, and a dead process holds none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pneumoscope.claims import LOCK, claimed, is_free
from pneumoscope.errors import SettingsError, StorageError

HOLDER = """
import sys, time
from pathlib import Path
from pneumoscope.claims import claimed
with claimed(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_a_claim_names_its_owner_and_ends_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    owner = hold(folder)
    try:
        with pytest.raises(SettingsError, match=rf"written by process {owner.pid} on .* since 20"):
            claimed(folder).__enter__()
    finally:
        end(owner)
    assert (folder / LOCK).exists()
    assert is_free(folder)
    with claimed(folder):
        assert f'"process": {os.getpid()}' in (folder / LOCK).read_text()
    assert not (folder / LOCK).exists()


def test_a_claim_can_be_waited_for(tmp_path: Path) -> None:
    owner = hold(tmp_path)
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        end(owner)

    with claimed(tmp_path, wait=tell):
        assert str(owner.pid) in told[0]
    assert len(told) == 1


def test_one_at_a_time_however_many_want_it(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(10):
            with claimed(tmp_path / "shared", wait=lambda _: None):
                inside.append(number)
                most.append(len(inside))
                inside.remove(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(most) == 30
    assert max(most) == 1


@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_or_a_broken_link_in_the_place_of_a_folder_is_an_error(
    below: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link"):
        with pytest.raises(StorageError, match=name), claimed(tmp_path / name / below):
            pass


def test_a_folder_that_goes_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, mkdir = [], Path.mkdir

    def removed_at_first(path: Path, **options: object) -> None:
        made.append(path)
        if len(made) == 1:
            raise FileExistsError(17, "File exists", str(path))
        mkdir(path, **options)

    monkeypatch.setattr(Path, "mkdir", removed_at_first)
    with claimed(tmp_path / "folder"):
        assert (tmp_path / "folder" / LOCK).is_file()
    assert len(made) == 2


def test_leftovers_go_and_what_is_whole_stays(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / ".0123456789abcdef.part").write_text("half")
    (tmp_path / ".bundle.7.part").mkdir()
    (tmp_path / ".bundle.7.part" / "model.onnx").write_text("half")
    (tmp_path / "mine.part").write_text("whole")
    with claimed(tmp_path):
        pass
    assert {path.name for path in tmp_path.rglob("*")} == {"below", "mine.part"}


def test_a_folder_goes_if_nothing_comes_of_its_claim(tmp_path: Path) -> None:
    with claimed(tmp_path / "new"):
        pass
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    with claimed(tmp_path):
        pass
    assert tmp_path.exists()
