"""Predictions over HTTP are those of the command line, one by one and many at once."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from pneumoscope.imaging import Source, load_display
from pneumoscope.inference import load, overlay
from tests.conftest import encoded, picture
from tests.server.running import Running


def dark() -> bytes:
    return encoded((picture() // 16).astype(np.uint8))


def same(record: dict[str, object], expected: dict[str, object]) -> bool:
    """Compares records; an image in a batch of another size may differ in the last digits."""
    rounded = []
    for each in (record, expected):
        numbers = {
            key: value if value is None else round(value, 5)  # type: ignore[call-overload]
            for key, value in each.items()
            if key in ("probability", "distance")
        }
        classes = {name: round(p, 5) for name, p in each["probabilities"].items()}  # type: ignore[attr-defined]
        rounded.append({**each, **numbers, "probabilities": classes})
    return rounded[0] == rounded[1]


def test_one_file_gives_the_record_of_the_command_line(
    server: Running, model: Path, image: bytes
) -> None:
    answer = requests.post(server.predictions, data=image, params={"name": "a.png"}, timeout=20)
    assert answer.status_code == 200
    assert answer.json() == load(model).predict(Source("a.png", image)).to_dict()


def test_a_file_that_cannot_be_read_gives_its_record_as_422(server: Running, model: Path) -> None:
    for data in (b"", b"no image", b"\x89PNG\r\n\x1a\n cut off"):
        answer = requests.post(server.predictions, data=data, timeout=20)
        assert answer.status_code == 422
        assert answer.json() == load(model).predict(Source("-", data)).to_dict()


def test_many_files_give_records_in_their_order(server: Running, model: Path) -> None:
    sources = [Source(f"{n}.png", encoded(picture(seed=n))) for n in range(40)]
    sources[7] = Source("seven.png", b"broken")
    sources[9] = Source("dark.png", dark())
    files = [("image", (source.name, source.data)) for source in sources]
    answer = requests.post(server.predictions, files=files, timeout=20)
    assert answer.status_code == 200
    records = answer.json()["predictions"]
    expected = [each.to_dict() for each in load(model).predict_many(sources)]
    assert len(records) == len(expected) == 40
    assert all(map(same, records, expected))
    assert [records[n]["status"] for n in (6, 7, 9)] == ["accepted", "error", "refused"]


def test_five_hundred_files_give_five_hundred_rows_and_free_their_memory(server: Running) -> None:
    files = [("f", (f"{n}.png", encoded(picture(seed=n % 7)))) for n in range(500)]
    records = requests.post(server.predictions, files=files, timeout=60).json()["predictions"]
    assert [record["path"] for record in records] == [f"{n}.png" for n in range(500)]
    assert server.service.memory.taken == 0
    assert server.service.places.taken == 0


def test_a_request_chooses_operating_point_and_prevalence(server: Running, image: bytes) -> None:
    answer = requests.post(
        server.predictions, data=image, params={"operating_point": "default"}, timeout=20
    )
    assert answer.json()["operating_point"] == "default"
    answer = requests.post(server.predictions, data=image, params={"prevalence": 0.2}, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (400, "bundle-not-calibrated")


def test_the_picture_of_a_heatmap_is_the_overlay(
    server: Running, model: Path, image: bytes
) -> None:
    answer = requests.post(server.predictions, data=image, params={"heatmap": "png"}, timeout=20)
    kind, _, data = answer.json()["heatmap"].partition(",")
    assert kind == "data:image/png;base64"
    heatmap = load(model).explain(Source("-", image)).heatmap
    assert heatmap is not None
    expected = overlay(load_display(Source("-", image)), heatmap)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(b64decode(data)))), expected)


def test_the_numbers_of_a_heatmap_are_those_of_the_library(
    server: Running, model: Path, image: bytes
) -> None:
    answer = requests.post(server.predictions, data=image, params={"heatmap": "array"}, timeout=20)
    found = answer.json()["heatmap"]
    heatmap = load(model).explain(Source("-", image)).heatmap
    assert found["shape"] == [8, 8]
    np.testing.assert_allclose(np.array(found["data"]), heatmap, atol=1e-4)


@pytest.mark.parametrize("form", ["png", "array"])
def test_a_refused_image_has_no_heatmap(server: Running, form: str) -> None:
    record = requests.post(
        server.predictions, data=dark(), params={"heatmap": form}, timeout=20
    ).json()
    assert (record["status"], record["label"], record["heatmap"]) == ("refused", None, None)


@pytest.mark.parametrize(
    ("query", "code", "expected"),
    [
        ("heatmap=jpg", "unknown-choice", "png or array"),
        ("heatmap=", "unknown-choice", "png or array"),
        ("heat=png", "unknown-choice", "heatmap"),
        ("operating_point=sure", "unknown-choice", "default"),
        ("operating_point=", "unknown-choice", "default"),
        ("prevalence=nan", "out-of-range", "between 0 and 1"),
        ("prevalence=often", "out-of-range", "between 0 and 1"),
        ("prevalence=2", "out-of-range", "below 1"),
    ],
)
def test_what_a_query_may_not_ask_is_refused(
    server: Running, image: bytes, query: str, code: str, expected: str
) -> None:
    answer = requests.post(f"{server.predictions}?{query}", data=image, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert expected in answer.json()["error"]


def test_pictures_too_large_for_one_answer_are_refused(serve: object, image: bytes) -> None:
    found: Running = serve(most_bytes=len(image))  # type: ignore[operator]
    files = [("f", ("a.png", image))] * 3
    answer = requests.post(f"{found.predictions}?heatmap=png", files=files, timeout=20)
    assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")
    answer = requests.post(f"{found.predictions}?heatmap=array", files=files, timeout=20)
    assert answer.status_code == 200
