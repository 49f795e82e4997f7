"""What the page asks of the service, asked by a program."""

from __future__ import annotations

import asyncio
from io import BytesIO
from urllib.parse import quote

import numpy as np
import pytest
import requests
from PIL import Image

from pneumoscope.imaging import Source, load_deep, load_display
from pneumoscope.inference import overlay
from pneumoscope.server.page import NAME, WINDOW
from pneumoscope.server.places import Turns
from pneumoscope.server.printing import MOST_PRINTED
from pneumoscope.server.refusals import RequestError
from tests.conftest import encoded
from tests.imaging.dicoms import dicom
from tests.server.conftest import Serve
from tests.server.running import TOKEN, Running

SECONDS = 20
BLACK = np.zeros((64, 64), np.uint8)
BLACK[:2] = 40


def post(
    server: Running, path: str, data: bytes, name: str = "", **query: str
) -> requests.Response:
    headers = {NAME: quote(name)}
    url = f"{server.url}/page/{path}"
    return requests.post(url, data=data, params=query, headers=headers, timeout=SECONDS)


def test_an_image_has_the_record_of_predictions(server: Running, image: bytes) -> None:
    query = {"name": "Röntgen/a b.png", "operating_point": "default"}
    found = post(server, "images", image, **query).json()
    plain = requests.post(server.predictions, data=image, params=query, timeout=SECONDS).json()
    assert found["record"] == plain
    assert found["caption"]["heading"] == plain["label"]
    assert found["csv"].startswith(
        f"Röntgen/a b.png,{plain['label']},{plain['probability']:.6f},accepted,"
    )
    assert all(found[name].startswith("data:image/jpeg;") for name in ("thumbnail", "overlay"))


def test_what_the_page_asks_for_again_is_no_other_image_for_drift(
    serve: Serve, image: bytes
) -> None:
    server = serve()
    for path in ("images", "layers", "images"):
        assert post(server, path, image).status_code == 200
    files = [("file", ("a.png", image))]
    requests.post(f"{server.url}/page/pdf", files=files, timeout=SECONDS).raise_for_status()
    drift = requests.get(f"{server.url}/page/drift", timeout=SECONDS).json()
    assert drift["images"] == 1


def test_a_file_that_is_no_image_has_a_record_too(server: Running) -> None:
    answer = post(server, "images", b"text", name="a.png")
    assert answer.status_code == 200
    assert answer.json()["record"]["error_code"] == "image-unknown-format"
    assert answer.json()["thumbnail"] is None


def test_the_layer_over_the_radiograph_is_the_overlay(server: Running, image: bytes) -> None:
    source = Source("a.png", image)
    answer = post(server, "layers", image)
    assert answer.headers["Content-Type"] == "image/png"
    alone = np.asarray(Image.open(BytesIO(answer.content)))
    opacity, grey = alone[..., 3:] / 255, load_display(source)
    heatmap = server.service.predictor.explain(source).heatmap
    assert heatmap is not None
    laid = ((1 - opacity) * grey[..., np.newaxis] + opacity * alone[..., :3]).round()
    assert np.abs(laid - overlay(grey, heatmap)).max() <= 1


@pytest.mark.parametrize("data", [encoded(BLACK), b"text"])
def test_what_is_refused_or_no_image_has_no_layer(server: Running, data: bytes) -> None:
    answer = post(server, "layers", data)
    assert (answer.status_code, answer.content) == (204, b"")


def test_pixels_have_sixteen_bits_and_their_window(server: Running) -> None:
    deep = np.random.default_rng(0).integers(0, 4096, (60, 50), dtype=np.uint16)
    data = dicom(deep, bits=12, WindowCenter=1000, WindowWidth=500)
    answer = post(server, "pixels", data)
    expected = load_deep(Source("a.dcm", data))
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(answer.content))), expected.pixels)
    window = [float(number) for number in answer.headers[WINDOW].split()]
    assert window == pytest.approx([expected.window.black, expected.window.white], abs=1e-3)


# path, data, query, status, code
REFUSED = (
    ("pixels", b"text", {}, 422, "image-unknown-format"),
    ("images", b"text", {"operating_point": "best"}, 400, "unknown-choice"),
    ("layers", b"text", {"prevalence": "much"}, 400, "out-of-range"),
    ("pdf", b"text", {}, 400, "request-malformed"),
)


@pytest.mark.parametrize(("path", "data", "query", "status", "code"), REFUSED)
def test_what_cannot_be_answered(
    server: Running, path: str, data: bytes, query: dict[str, str], status: int, code: str
) -> None:
    answer = post(server, path, data, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_pdf_holds_so_many_images(serve: Serve) -> None:
    server = serve()
    parts = [("file", (f"{n}.png", b"no image")) for n in range(MOST_PRINTED + 1)]
    for count, status in ((MOST_PRINTED, 200), (MOST_PRINTED + 1, 413)):
        files = parts[:count]
        answer = requests.post(f"{server.url}/page/pdf", files=files, timeout=SECONDS)
        assert answer.status_code == status
    assert answer.json()["values"] == {"limit": MOST_PRINTED}
    assert server.service.memory.taken == 0
    assert server.service.places.taken == 0


def test_a_pdf_waits_for_its_turn_and_is_told_to_come_again(serve: Serve, image: bytes) -> None:
    server = serve()
    server.service.printing = Turns(0, 0.01)
    files = {"file": ("a.png", image)}
    answer = requests.post(f"{server.url}/page/pdf", files=files, timeout=SECONDS)
    assert (answer.status_code, answer.json()["code"]) == (503, "service-full")
    assert answer.headers["Retry-After"] == "1"
    assert server.service.places.taken == 0


def test_only_so_many_have_a_turn_at_a_time() -> None:
    async def take() -> None:
        turns = Turns(2, 0.01)
        async with turns.take():
            async with turns.take():
                with pytest.raises(RequestError, match="Others are served before"):
                    await turns.take().__aenter__()
            async with turns.take():
                pass

    asyncio.run(take())


def test_the_page_is_open_and_what_it_asks_needs_the_token(serve: Serve, image: bytes) -> None:
    server = serve(token=TOKEN)
    for path in ("/", "/page.js", "/page.css"):
        answer = requests.get(server.url + path, timeout=SECONDS)
        assert answer.status_code == 200
        assert "script-src 'self'; style-src 'self'" in answer.headers["Content-Security-Policy"]
    assert requests.get(f"{server.url}/page/model", timeout=SECONDS).status_code == 401
    assert post(server, "images", image).status_code == 401
    header = {"Authorization": f"Bearer {TOKEN}"}
    shown = requests.get(f"{server.url}/page/model", headers=header, timeout=SECONDS).json()
    assert TOKEN not in str(shown)
    assert shown["classes"] == ["NORMAL", "PNEUMONIA"]
