"""The network behind LitServe, as its documentation tells: python litserve_server.py PORT."""

import os
import sys

import litserve
import numpy as np

import pneumoscope


class Api(litserve.LitAPI):
    """Answers with the probabilities of pixels."""

    def setup(self, device: str) -> None:
        """Loads the model."""
        self._predictor = pneumoscope.load(os.environ["BUNDLE"])

    def decode_request(self, request: dict) -> np.ndarray:
        """Reads one request."""
        given = request["inputs"][0]
        return np.array(given["data"], np.uint8).reshape(given["shape"][1:])

    def batch(self, inputs: list) -> np.ndarray:
        """Joins the images of a batch."""
        return np.stack(inputs)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Predicts a batch."""
        return self._predictor.probabilities(x)

    def unbatch(self, output: np.ndarray) -> list:
        """Divides the answers of a batch."""
        return list(output)

    def encode_response(self, output: np.ndarray) -> dict:
        """Writes one answer."""
        return {"probabilities": output.tolist()}


if __name__ == "__main__":
    server = litserve.LitServer(Api(max_batch_size=16, batch_timeout=0.002), accelerator="cpu")
    server.run(
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        generate_client_file=False,
    )
