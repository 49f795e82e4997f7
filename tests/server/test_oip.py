"""Programs that speak the Open Inference Protocol are served, NVIDIA's client among them."""

from __future__ import annotations

import io
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from pneumoscope import load
from pneumoscope.imaging import Source, load_pixels
from pneumoscope.inference import Predictor
from pneumoscope.types import OperatingPoint
from pneumoscope.version import __version__
from tests.conftest import SIDE, encoded, picture, write_bundle
from tests.server.running import TOKEN, Running, running

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of gevent
    from tritonclient import http as triton
    from tritonclient.utils import InferenceServerException

FILES = [encoded(picture(seed=seed)) for seed in range(3)]
POINTS = (OperatingPoint(), OperatingPoint("screening", 0.05))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "bundle"
    return write_bundle(path, usual=128.0, operating_points=POINTS)


@pytest.fixture(scope="module")
def predictor(model: Path) -> Predictor:
    return load(model)


@pytest.fixture
def client(server: Running) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def pixels(predictor: Predictor) -> np.ndarray:
    return np.stack([load_pixels(Source("-", file), predictor.info.geometry) for file in FILES])


def given(name: str, values: np.ndarray, datatype: str, binary: bool = True) -> triton.InferInput:
    tensor = triton.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary)
    return tensor


def files(*contents: bytes) -> triton.InferInput:
    return given("file", np.array(contents, object), "BYTES")


def records(predictor: Predictor, *contents: bytes) -> list[dict[str, Any]]:
    found = predictor.predict_many(Source("-", content) for content in contents)
    return [json.loads(json.dumps(record.to_dict())) for record in found]


def test_client_finds_the_models(client: triton.InferenceServerClient) -> None:
    server = client.get_server_metadata()
    assert (server["name"], server["version"]) == ("pneumoscope", __version__)
    assert server["extensions"] == ["binary_tensor_data"]
    assert client.is_model_ready("brightness")
    assert client.is_model_ready("brightness", "0.0")
    assert not client.is_model_ready("darkness")
    assert not client.is_model_ready("brightness", "2")
    assert client.get_model_metadata("brightness", "0.0") == {
        "name": "brightness",
        "versions": ["0.0"],
        "platform": "onnxruntime_onnx",
        "inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [-1, SIDE, SIDE]}],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "refused", "datatype": "BOOL", "shape": [-1]},
        ],
        "parameters": {"classes": "NORMAL,PNEUMONIA"},
    }
    of_files = client.get_model_metadata("brightness-records")
    assert of_files["inputs"] == [{"name": "file", "datatype": "BYTES", "shape": [-1]}]
    assert of_files["outputs"] == [{"name": "record", "datatype": "BYTES", "shape": [-1]}]
    assert of_files["parameters"]["operating_points"] == "default,screening"


def test_model_is_not_ready_while_the_service_stops(model: Path) -> None:
    with running(model) as server, triton.InferenceServerClient(server.address) as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("brightness")
        server.service.stop()
        assert not client.is_model_ready("brightness")
        assert not client.is_server_ready()


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("got", [None, True, False])
def test_client_gets_the_probabilities_that_predict_gives(
    client: triton.InferenceServerClient, predictor: Predictor, sent: bool, got: bool | None
) -> None:
    wanted = None if got is None else [triton.InferRequestedOutput("probabilities", got)]
    found = client.infer(
        "brightness",
        [given("pixels", pixels(predictor), "UINT8", sent)],
        outputs=wanted,
        request_id="42",
    )
    probabilities = found.as_numpy("probabilities")
    expected = [list(each["probabilities"].values()) for each in records(predictor, *FILES)]
    assert probabilities.dtype == np.float32
    assert probabilities.tolist() == expected
    answer = found.get_response()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == (
        "42",
        "brightness",
        "0.0",
    )


@pytest.mark.parametrize("binary", [True, False])
def test_client_is_told_which_pixels_are_refused(
    client: triton.InferenceServerClient, predictor: Predictor, binary: bool
) -> None:
    values = np.concatenate([pixels(predictor), np.full((1, SIDE, SIDE), 255, np.uint8)])
    wanted = [triton.InferRequestedOutput("refused", binary)]
    found = client.infer("brightness", [given("pixels", values, "UINT8")], outputs=wanted)
    assert found.as_numpy("probabilities") is None
    refused = found.as_numpy("refused")
    assert (refused.dtype, refused.tolist()) == (np.bool_, [False, False, False, True])


def test_pixels_are_judged_and_counted_where_that_is_asked_for(
    model: Path, predictor: Predictor
) -> None:
    tensor = given("pixels", np.full((2, SIDE, SIDE), 255, np.uint8), "UINT8")
    with running(model) as server, triton.InferenceServerClient(server.address) as client:
        outputs = [triton.InferRequestedOutput("probabilities")]
        alone = client.infer("brightness", [tensor], outputs=outputs)
        assert server.count("images_total", status="refused") is None
        both = client.infer("brightness", [tensor])
        assert server.count("images_total", status="refused") == 2
    assert np.array_equal(alone.as_numpy("probabilities"), both.as_numpy("probabilities"))


@pytest.mark.parametrize("binary", [True, False])
def test_client_gets_the_records_that_predict_gives(
    client: triton.InferenceServerClient, predictor: Predictor, binary: bool
) -> None:
    sent = [*FILES, b"no image"]
    found = client.infer(
        "brightness-records",
        [files(*sent)],
        "0.0",
        outputs=[triton.InferRequestedOutput("record", binary)],
    )
    got = [json.loads(record) for record in found.as_numpy("record")]
    assert got == records(predictor, *sent)
    assert [record["status"] for record in got] == ["accepted"] * 3 + ["error"]


def test_records_are_of_the_operating_point_that_is_asked_for(
    client: triton.InferenceServerClient, predictor: Predictor
) -> None:
    found = client.infer(
        "brightness-records", [files(*FILES)], parameters={"operating_point": "screening"}
    )
    got = [json.loads(record) for record in found.as_numpy("record")]
    assert got == records(predictor.at("screening", None), *FILES)
    assert {record["operating_point"] for record in got} == {"screening"}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"operating_point": "screning"}, "Did you mean screening"),
        ({"operating_point": 2}, "Expected a string. Received 2"),
        ({"operating_point": ""}, "no such operating point"),
        ({"prevalence": 2.0}, "above 0 and below 1"),
        ({"prevalence": 0.2}, "calibrated"),
        ({"prevalence": True}, "Expected a number. Received True"),
        ({"threshold": 0.5}, "Expected binary_data_output or operating_point or prevalence"),
    ],
)
def test_client_is_told_of_bad_parameters(
    client: triton.InferenceServerClient, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InferenceServerException, match=words) as caught:
        client.infer("brightness-records", [files(*FILES)], parameters=parameters)
    assert caught.value.status() == "400"


def test_client_is_told_of_what_the_model_does_not_take(
    client: triton.InferenceServerClient,
) -> None:
    small = given("pixels", np.zeros((1, 8, 8), np.uint8), "UINT8")
    with pytest.raises(InferenceServerException, match=r"\[1 to 64, 32, 32\]. Received \[1, 8, 8"):
        client.infer("brightness", [small])
    fractions = given("pixels", np.zeros((1, SIDE, SIDE), np.float32), "FP32")
    with pytest.raises(InferenceServerException, match=r"Expected UINT8\. Received FP32"):
        client.infer("brightness", [fractions])
    with pytest.raises(InferenceServerException, match="classification"):
        client.infer(
            "brightness",
            [given("pixels", np.zeros((1, SIDE, SIDE), np.uint8), "UINT8")],
            outputs=[triton.InferRequestedOutput("probabilities", class_count=1)],
        )
    with pytest.raises(InferenceServerException, match="There is no such model") as caught:
        client.infer("darkness", [small])
    assert caught.value.status() == "404"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_client_is_told_that_nothing_is_decompressed(
    client: triton.InferenceServerClient, algorithm: str
) -> None:
    with pytest.raises(InferenceServerException, match="compressed") as caught:
        client.infer("brightness-records", [files(*FILES)], request_compression_algorithm=algorithm)
    assert caught.value.status() == "415"


def test_client_is_held_to_the_limits_of_the_service(model: Path) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}"}
    with (
        running(model, token=TOKEN, most_bytes=len(FILES[0]) + 300) as server,
        triton.InferenceServerClient(server.address) as client,
    ):
        with pytest.raises(InferenceServerException, match="token") as caught:
            client.infer("brightness-records", [files(FILES[0])])
        assert caught.value.status() == "401"
        with pytest.raises(InferenceServerException, match="too large") as caught:
            client.infer("brightness-records", [files(*FILES)], headers=shown)
        assert caught.value.status() == "413"
        found = client.infer("brightness-records", [files(FILES[0])], headers=shown)
        assert json.loads(found.as_numpy("record")[0])["status"] == "accepted"
        assert server.service.places.taken == 0


def test_client_is_told_that_the_service_is_full(model: Path) -> None:
    with (
        running(model, waiting=1) as server,
        triton.InferenceServerClient(server.address) as client,
    ):
        with (
            server.service.places.take(),
            pytest.raises(InferenceServerException, match="full") as caught,
        ):
            client.infer("brightness-records", [files(FILES[0])])
        assert caught.value.status() == "503"
        assert client.infer("brightness-records", [files(FILES[0])]).as_numpy("record") is not None


def test_python_of_the_page_runs(
    server: Running, predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "inference-protocol.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    for number, file in enumerate(FILES[:2], 1):
        (tmp_path / f"radiograph-{number}.jpeg").write_bytes(file)
    for words, others in (
        ("127.0.0.1:8600", server.address),
        ("lite-1", "brightness"),
        ("screening", "default"),
    ):
        assert words in block
        block = block.replace(words, others)
    monkeypatch.chdir(tmp_path)
    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(block, str(page), "exec"), {})
    expected = [
        f"{found['status']} {found['label']} {round(found['probability'], 3)}"
        for found in records(predictor, *FILES[:2])
    ]
    assert said.getvalue().splitlines() == expected


def test_answer_says_nothing_that_was_not_asked(server: Running) -> None:
    tensor = {
        "name": "pixels",
        "datatype": "UINT8",
        "shape": [1, SIDE, SIDE],
        "data": [200] * SIDE**2,
    }
    answer = requests.post(f"{server.url}/v2/models/brightness/infer", json={"inputs": [tensor]})
    assert answer.status_code == 200
    assert set(answer.json()) == {"model_name", "model_version", "outputs"}


def test_network_without_numbers_is_an_error(tmp_path: Path) -> None:
    bundle = write_bundle(tmp_path / "diverged", unit=float("nan"))
    tensor = {
        "name": "pixels",
        "datatype": "UINT8",
        "shape": [1, SIDE, SIDE],
        "data": [0] * SIDE**2,
    }
    with running(bundle) as server:
        url = f"{server.url}/v2/models/brightness/infer"
        answer = requests.post(url, json={"inputs": [tensor]})
    assert answer.status_code == 422
    assert "NaN or infinity" in answer.json()["error"]
