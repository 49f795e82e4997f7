"""Libraries are silent at all levels, and as before afterwards."""

from __future__ import annotations

import gc
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from io import StringIO

import pytest

from pneumoscope.node.events import Event, Failed
from pneumoscope.node.silence import silenced

SECRET = "Qz-name^Given"
LOGGERS = ["pynetdicom.acse", "pynetdicom", "pydicom", "highdicom.sr", "dicomweb_client.web"]
LOGGERS += ["urllib3.connectionpool", "requests", "PIL.Image"]


@pytest.fixture
def everything() -> Iterator[StringIO]:
    """Everything that is logged, as by a program whose user wants to see it all."""
    stream = StringIO()
    root, handler = logging.getLogger(), logging.StreamHandler(stream)
    level = root.level
    root.addHandler(handler)
    root.setLevel(1)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("name", LOGGERS)
def test_nothing_is_logged_inside_only(everything: StringIO, name: str) -> None:
    logger = logging.getLogger(name)
    with silenced(print):
        for level in range(1, logging.CRITICAL + 11, 3):
            logger.log(level, SECRET)
    assert everything.getvalue() == ""
    logger.critical(SECRET)
    assert everything.getvalue() == f"{SECRET}\n"


def test_not_even_what_a_handler_of_the_library_prints(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("pynetdicom")
    handler = logging.StreamHandler(sys.stderr)
    logger.addHandler(handler)
    try:
        with silenced(print):
            logging.getLogger("pynetdicom.dul").setLevel(1)
            logging.getLogger("pynetdicom.dul").critical(SECRET)
    finally:
        logger.removeHandler(handler)
        logging.getLogger("pynetdicom.dul").setLevel(logging.NOTSET)
    assert capsys.readouterr() == ("", "")


def test_warnings_are_dropped_in_all_threads(capsys: pytest.CaptureFixture[str]) -> None:
    with silenced(print):
        thread = threading.Thread(target=warnings.warn, args=(SECRET,))
        thread.start()
        thread.join()
    assert capsys.readouterr() == ("", "")
    with pytest.raises(UserWarning):
        warnings.warn(SECRET, stacklevel=1)


def raise_value() -> None:
    raise ValueError(SECRET)


def test_what_ends_a_thread_is_told_without_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    before, told = threading.excepthook, list[Event]()
    with silenced(told.append):
        thread = threading.Thread(target=raise_value)
        thread.start()
        thread.join()
    assert threading.excepthook is before
    line = raise_value.__code__.co_firstlineno + 1
    assert told == [Failed("ValueError", f"test_silence.py:{line}")]
    assert capsys.readouterr() == ("", "")


class Stubborn:
    def __del__(self) -> None:
        raise_value()


def test_what_cannot_be_raised_is_told_without_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = list[Event]()
    with silenced(told.append):
        Stubborn()
        gc.collect()
    assert [type(event) for event in told] == [Failed]
    assert capsys.readouterr() == ("", "")
