"""Requests of the Open Inference Protocol are read whole, or refused with what was expected."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pneumoscope.server.messages import JSON_LENGTH, MOST_JSON, read_request, write_answer
from pneumoscope.server.refusals import RequestError
from pneumoscope.server.tensors import MOST_IMAGES, Tensor, as_elements

PIXELS = Tensor("pixels", "UINT8", (2, 3))
PROBABILITIES, REFUSED = Tensor("probabilities", "FP32", (2,)), Tensor("refused", "BOOL")
FILE, RECORD = Tensor("file", "BYTES"), Tensor("record", "BYTES")
GIVEN = {PIXELS: [PROBABILITIES, REFUSED], FILE: [RECORD]}
NUMBERS = list(range(12))
NESTED = [[[0, 1, 2], [3, 4, 5]], [[6, 7, 8], [9, 10, 11]]]


def pixels(**changes: object) -> dict[str, Any]:
    """Makes an input of two images; None leaves a part out."""
    whole = {"name": "pixels", "datatype": "UINT8", "shape": [2, 2, 3], "data": NUMBERS, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def binary(size: object = 12, **changes: object) -> dict[str, Any]:
    return pixels(data=None, parameters={"binary_data_size": size}, **changes)


def request(*inputs: object, **parts: object) -> bytes:
    return json.dumps({"inputs": list(inputs), **parts}).encode()


def elements(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def read(front: bytes, behind: bytes | None = None, takes: Tensor = PIXELS) -> Any:
    length = None if behind is None else str(len(front))
    return read_request(front + (behind or b""), length, takes, GIVEN[takes], ("operating_point",))


@pytest.mark.parametrize(
    ("front", "behind"),
    [
        (request(pixels()), None),
        (request(pixels()), b""),
        (request(pixels(data=NESTED)), None),
        (request(binary()), bytes(NUMBERS)),
    ],
)
def test_pixels_are_read_from_json_and_bytes(front: bytes, behind: bytes | None) -> None:
    asked = read(front, behind)
    assert asked.values.dtype == np.uint8
    assert asked.values.tolist() == NESTED
    assert (asked.id, asked.parameters) == (None, {})


def test_files_are_read_from_bytes() -> None:
    sent = elements(b"one", b"", b"\xff\x00")
    front = request(binary(len(sent), name="file", datatype="BYTES", shape=[3]))
    assert read(front, sent, FILE).values.tolist() == [b"one", b"", b"\xff\x00"]


def test_identifier_and_parameters_are_read() -> None:
    given = {"operating_point": "screening", "priority": 3, "timeout": 1000}
    asked = read(request(pixels(), id="42", parameters=given))
    assert (asked.id, asked.parameters) == ("42", {"operating_point": "screening"})


@pytest.mark.parametrize(
    ("everything", "this", "expected"),
    [
        (None, None, False),
        (True, None, True),
        (None, True, True),
        (True, False, False),
        (False, True, True),
    ],
)
def test_output_is_binary_where_asked_for(
    everything: bool | None, this: bool | None, expected: bool
) -> None:
    whole = {} if everything is None else {"parameters": {"binary_data_output": everything}}
    own = {} if this is None else {"parameters": {"binary_data": this}}
    asked = read(request(pixels(), outputs=[{"name": "probabilities", **own}], **whole))
    assert asked.outputs == {"probabilities": expected}


def test_all_outputs_are_given_where_none_is_named() -> None:
    assert read(request(pixels())).outputs == {"probabilities": False, "refused": False}
    whole = {"binary_data_output": True}
    asked = read(request(pixels(), outputs=[], parameters=whole))
    assert asked.outputs == {"probabilities": True, "refused": True}


def test_outputs_are_given_in_the_order_in_which_they_are_named() -> None:
    named = [{"name": "refused"}, {"name": "probabilities", "parameters": {"binary_data": True}}]
    asked = read(request(pixels(), outputs=named))
    assert list(asked.outputs.items()) == [("refused", False), ("probabilities", True)]


DEEP = b'{"inputs": ' + b"[" * 50_000
SKIPPED = request(pixels())[:-1] + b', "more": ' + b"[" * 50_000
OF_FILE = {"name": "file", "datatype": "BYTES", "shape": [1]}
OUTPUT = {"name": "probabilities"}
BAD: dict[str, tuple[bytes, bytes | None, Tensor, str]] = {
    "nothing": (b"", None, PIXELS, "cannot be read: (Input|JSON)"),
    "no JSON": (b"\xff\xfe", None, PIXELS, "cannot be read: (Input|JSON)"),
    "no object": (b"[]", None, PIXELS, "Expected `object`, got `array`"),
    "deep": (DEEP, None, PIXELS, "got `array`"),
    "deep in what is skipped": (SKIPPED, None, PIXELS, "lists in lists without end"),
    "NaN": (request(pixels(data=[float("nan")] * 12)), None, PIXELS, "invalid character"),
    "fractions": (request(pixels(data=[0.5] * 12)), None, PIXELS, "got `float`"),
    "words": (request(pixels(data=["a"] * 12)), None, PIXELS, "integers from 0 to 255"),
    "true": (request(pixels(data=[True] * 12)), None, PIXELS, "got `bool`"),
    "too bright": (request(pixels(data=[256] * 12)), None, PIXELS, "integers from 0 to 255"),
    "negative": (request(pixels(data=[-1] * 12)), None, PIXELS, "integers from 0 to 255"),
    "too few": (request(pixels(data=NUMBERS[1:])), None, PIXELS, "a list of 12. Received 11"),
    "ragged": (request(pixels(data=[[[1], [2, 3]]] * 2)), None, PIXELS, "a list of 3. Received 1"),
    "half nested": (request(pixels(data=[[[1, 2, 3]] * 2, 1])), None, PIXELS, "a list of 2"),
    "no data": (request(pixels(data=None)), None, PIXELS, "a list of"),
    "no inputs": (b"{}", None, PIXELS, "missing required field `inputs`"),
    "no input": (request(), None, PIXELS, r"Expected \['pixels'\]. Received \[\]"),
    "two inputs": (request(pixels(), pixels()), None, PIXELS, r"\['pixels', 'pixels'\]"),
    "unknown input": (request(pixels(name="image")), None, PIXELS, r"Received \['image'\]"),
    "unknown output": (request(pixels(), outputs=[{"name": "x"}]), None, PIXELS, r"\['x'\]"),
    "two outputs": (request(pixels(), outputs=[OUTPUT] * 2), None, PIXELS, "outputs"),
    "datatype": (request(pixels(datatype="FP32")), None, PIXELS, "Expected UINT8. Received FP32"),
    "no shape": (request(pixels(shape=None)), None, PIXELS, "missing required field `shape`"),
    "shape": (
        request(pixels(shape=[2, 3, 2])),
        None,
        PIXELS,
        r"\[1 to 64, 2, 3\]. Received \[2, 3, 2\]",
    ),
    "scalar": (request(pixels(shape=[])), None, PIXELS, r"Received \[\]"),
    "no images": (request(pixels(shape=[0, 2, 3], data=[])), None, PIXELS, "1 to 64"),
    "negative side": (request(pixels(shape=[-1, 2, 3])), None, PIXELS, "1 to 64"),
    "huge side": (request(pixels(shape=[10**30, 2, 3])), None, PIXELS, "1 to 64"),
    "fraction of a side": (request(pixels(shape=[2.5, 2, 3])), None, PIXELS, "got `float`"),
    "too many": (request(pixels(shape=[MOST_IMAGES + 1, 2, 3])), None, PIXELS, "1 to 64"),
    "no length": (request(binary()), None, PIXELS, JSON_LENGTH),
    "both": (request(pixels(parameters={"binary_data_size": 12})), b"x" * 12, PIXELS, "both"),
    "neither": (request(pixels(data=None)), b"x", PIXELS, "Bytes follow the JSON"),
    "more": (request(pixels()), b"x", PIXELS, "Bytes follow the JSON"),
    "size": (request(binary(11)), b"x" * 12, PIXELS, "Expected 12. Received 11"),
    "size of words": (request(binary("12")), b"x" * 12, PIXELS, "Expected 12. Received '12'"),
    "size and shape": (request(binary(5)), b"x" * 5, PIXELS, "Expected 12. Received 5"),
    "text of a file": (request({**OF_FILE, "data": ["x"]}), None, FILE, "Expected binary data"),
    "cut": (request(binary(5, **OF_FILE)), b"\2\0\0\0x", FILE, "Expected 6 bytes. Received 5"),
    "cut length": (request(binary(3, **OF_FILE)), b"\2\0\0", FILE, "Received 3"),
    "long": (request(binary(4, **OF_FILE)), b"\xff" * 4, FILE, "4294967299 bytes. Received 4"),
    "element more": (request(binary(8, **OF_FILE)), b"\0" * 8, FILE, "Received 1, and 4 bytes"),
    "element less": (request(binary(0, **OF_FILE)), b"", FILE, "Expected 1. Received 0"),
    "parameter": (request(pixels(), parameters={"thr": 1}), None, PIXELS, "Received thr"),
    "parameters": (request(pixels(), parameters=[]), None, PIXELS, r"parameters"),
    "classification": (
        request(pixels(), outputs=[{**OUTPUT, "parameters": {"classification": 1}}]),
        None,
        PIXELS,
        "classification",
    ),
    "shared memory": (
        request(pixels(parameters={"shared_memory_region": "x"})),
        None,
        PIXELS,
        "shared_memory_region",
    ),
    "binary word": (
        request(pixels(), parameters={"binary_data_output": "yes"}),
        None,
        PIXELS,
        "true or false. Received yes",
    ),
    "identifier": (request(pixels(), id=42), None, PIXELS, "got `int`"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_request_is_refused_with_what_was_expected(case: str) -> None:
    front, behind, takes, words = BAD[case]
    with pytest.raises(RequestError, match=words) as caught:
        read(front, behind, takes)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("length", ["", "-1", "1e3", "½", "²", "9" * 30, "1000", "0x5"])
def test_length_of_json_is_within_the_body(length: str) -> None:
    with pytest.raises(RequestError, match=f"{JSON_LENGTH}|cannot be read"):
        read_request(request(pixels()), length, PIXELS, GIVEN[PIXELS])


def test_json_has_a_greatest_length() -> None:
    with pytest.raises(RequestError, match=f"{MOST_JSON} bytes at most"):
        read(request(pixels()) + b" " * MOST_JSON)
    short = request(pixels())
    assert read(short + b" " * (MOST_JSON - len(short))).values.shape == (2, 2, 3)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PARTS = ("name", "datatype", "shape", "data", "parameters")


@given(st.binary(max_size=40), st.text(max_size=3))
def test_any_bytes_are_read_or_refused(body: bytes, length: str) -> None:
    with pytest.raises(RequestError):
        read_request(body, length, PIXELS, GIVEN[PIXELS])


@given(st.sampled_from(PARTS), JSON)
def test_any_part_of_an_input_is_read_or_refused(part: str, value: object) -> None:
    try:
        asked = read(json.dumps({"inputs": [{**pixels(), part: value}]}).encode())
    except RequestError:
        return
    assert asked.values.shape == (2, 2, 3)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.binary(max_size=3))
def test_elements_are_read_whole_or_refused(values: list[bytes], more: bytes) -> None:
    sent = elements(*values) + more
    front = request(binary(len(sent), name="file", datatype="BYTES", shape=[len(values)]))
    if more:
        with pytest.raises(RequestError):
            read(front, sent, FILE)
    else:
        assert read(front, sent, FILE).values.tolist() == values


def test_answer_in_json_has_the_values_of_its_outputs() -> None:
    found = np.array([[0.1, 0.9]], np.float32)
    body, headers = write_answer(
        {"id": "7"}, [(PROBABILITIES, found, False), (REFUSED, np.array([True]), False)]
    )
    assert headers == {"Content-Type": "application/json"}
    probabilities = {"shape": [1, 2], "datatype": "FP32", "data": found.ravel().tolist()}
    refused = {"shape": [1], "datatype": "BOOL", "data": [True]}
    assert json.loads(body) == {
        "id": "7",
        "outputs": [{"name": "probabilities", **probabilities}, {"name": "refused", **refused}],
    }


def test_answer_in_bytes_has_them_behind_the_json() -> None:
    body, headers = write_answer(
        {},
        [
            (RECORD, as_elements([b"a", b"bc"]), True),
            (PROBABILITIES, np.ones((1, 2), np.float32), False),
            (REFUSED, np.array([True, False]), True),
        ],
    )
    assert headers["Content-Type"] == "application/octet-stream"
    length = int(headers[JSON_LENGTH])
    record, probabilities, refused = json.loads(body[:length])["outputs"]
    assert record["parameters"] == {"binary_data_size": 11}
    assert record["shape"] == [2]
    assert probabilities["data"] == [1, 1]
    assert refused["parameters"] == {"binary_data_size": 2}
    assert body[length:] == elements(b"a", b"bc") + b"\1\0"
