"""Making of results: one radiograph predicted, and what is derived from it.

It runs in a process of its own, which `maker` starts and asks.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from pneumoscope.derived.derive import derive
from pneumoscope.derived.kinds import Kind
from pneumoscope.errors import ImageError, PneumoscopeError, storage_errors
from pneumoscope.imaging import Source
from pneumoscope.inference import Predictor, load
from pneumoscope.monitor.basis import Basis
from pneumoscope.monitor.observe import observe
from pneumoscope.node.made import Made
from pneumoscope.node.silence import silenced
from pneumoscope.types import Status


def make(
    predictor: Predictor,
    basis: Basis,
    kinds: Collection[Kind],
    path: Path,
    name: str,
    arrival: float,
) -> Made:
    """Makes the results of a radiograph.

    Args:
        predictor: model to predict with.
        basis: what drift is measured by.
        kinds: kinds of results to make.
        path: DICOM file of the radiograph.
        name: name of it in errors.
        arrival: time that results say they were made at, in seconds since 1970.

    Raises:
        ImageError: if the radiograph cannot be read, or nothing can be derived from it. Its text
            quotes nothing of the header.
        StorageError: if the file cannot be read.
    """
    with storage_errors("read", path):
        source = Source(name, path.read_bytes())
    when = datetime.fromtimestamp(arrival).astimezone()
    began = time.monotonic()
    try:
        (judged,) = predictor.judge([predictor.read(source)])
        explanation = predictor.record(judged, heatmap=bool({Kind.MAP, Kind.CAPTURE} & set(kinds)))
        predicted = time.monotonic()
        prediction = explanation.prediction
        if prediction.status is Status.ERROR:
            raise ImageError("It cannot be read", code=str(prediction.error_code))
        found = derive(source, explanation, predictor, when, kinds)
    except ImageError as error:
        raise ImageError("It cannot be worked on", code=error.code) from None
    except Exception:  # whose text may quote the header
        raise ImageError("Work on it fails", code="result-failed") from None
    return Made(
        prediction.status,
        tuple(notice.code for notice in (*prediction.reasons, *prediction.warnings)),
        tuple((result.kind, str(result.uid), result.data) for result in found),
        predicted - began,
        time.monotonic() - predicted,
        observe(basis.reference, judged, prediction),
    )


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answers the questions of `Maker`: first settings, then radiographs, until there are none.

    Args:
        questions: stream of pickled questions.
        answers: stream of pickled answers: None, `Made`, or an error.
    """
    settings = pickle.load(questions)
    try:
        predictor = load(
            settings.model, operating_point=settings.operating_point, policy=settings.policy
        )
        basis = Basis.of(predictor.bundle)
    except PneumoscopeError as error:
        _answer(error, answers)
        return
    _answer(None, answers)
    with suppress(EOFError):  # the node has ended
        while True:
            question = pickle.load(questions)
            try:
                _answer(make(predictor, basis, settings.kinds, *question), answers)
            except PneumoscopeError as error:
                _answer(error, answers)


def _answer(answer: object, answers: IO[bytes]) -> None:
    pickle.dump(answer, answers)
    answers.flush()


def main() -> None:
    """Serves on standard input and output, but for what a library may print, until they end.

    Whatever ends it otherwise is not printed, since it may quote a header: the node sees the end.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with silenced(lambda _: None), suppress(Exception):
        serve(sys.stdin.buffer, answers)
