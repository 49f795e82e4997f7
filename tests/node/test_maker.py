"""The process that makes results: it may die, and another takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import BundleMissingError, ImageError, PneumoscopeError, StorageError
from pneumoscope.node import maker as module
from pneumoscope.node.entry import Entry
from pneumoscope.node.maker import Maker, MakerDied
from pneumoscope.node.spool import open_spool
from pneumoscope.types import Status
from tests.conftest import write_bundle
from tests.node.conftest import make_radiograph, settings_for, to_bytes


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maker]:
    folder = tmp_path_factory.mktemp("maker")
    model = str(write_bundle(folder / "bundle"))
    found = Maker(settings_for(folder, "A@127.0.0.1:1", model=model))
    yield found
    found.close()


@pytest.fixture
def put(tmp_path: Path) -> Iterator[Callable[[bytes], Entry]]:
    with open_spool(tmp_path / "spool") as spool:

        def add(data: bytes) -> Entry:
            spool.add([data], "SENDER")
            entry = spool.next_unmade()
            assert entry is not None
            return entry

        yield add


Put = Callable[[bytes], Entry]


def test_the_same_entry_gives_the_same_bytes(maker: Maker, put: Put) -> None:
    """What is made again after a crash is the same object."""
    entry = put(to_bytes(make_radiograph()))
    first, second = maker.make(entry), maker.make(entry)
    assert first.status is Status.ACCEPTED
    assert [kind for kind, *_ in first.results] == list(Kind)
    assert first.results == second.results


@pytest.mark.parametrize(
    ("data", "code"),
    [(to_bytes(make_radiograph())[:-100], "image-broken"), (b"", "image-empty")],
    ids=["cut", "empty"],
)
def test_what_cannot_be_read_has_its_code(data: bytes, code: str, maker: Maker, put: Put) -> None:
    with pytest.raises(ImageError) as error:
        maker.make(put(data))
    assert error.value.code == code


def test_an_entry_that_is_gone(maker: Maker, put: Put) -> None:
    entry = put(to_bytes(make_radiograph()))
    entry.object.unlink()
    with pytest.raises(StorageError):
        maker.make(entry)


def test_a_death_is_told_and_the_next_one_works(maker: Maker, put: Put) -> None:
    entry = put(to_bytes(make_radiograph()))
    assert maker._process is not None
    maker._process.kill()
    with pytest.raises(MakerDied):
        maker.make(entry)
    assert maker.make(entry).status is Status.ACCEPTED


def test_one_that_takes_too_long_is_ended(
    maker: Maker, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = put(to_bytes(make_radiograph()))
    maker.make(entry)
    monkeypatch.setattr(module, "_MOST_SECONDS", 0.0)
    with pytest.raises(MakerDied):
        maker.make(entry)
    monkeypatch.undo()
    assert maker.make(entry).status is Status.ACCEPTED


def test_errors_of_the_model_arrive_whole(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "A@127.0.0.1:1", model=str(tmp_path / "nothing"))
    with pytest.raises(BundleMissingError) as error:
        Maker(settings)
    assert error.value.code == "bundle-missing"
    assert error.value.remedy


def test_a_process_that_does_not_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(PneumoscopeError) as error:
        Maker(settings_for(tmp_path, "A@127.0.0.1:1"))
    assert error.value.code == "maker-not-started"
