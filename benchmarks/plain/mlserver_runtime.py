"""The network behind MLServer, as its documentation tells: a runtime with its adaptive batches."""

import os

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

import pneumoscope


class Runtime(MLModel):
    """Answers with the probabilities of pixels."""

    async def load(self) -> bool:
        """Loads the model."""
        self._predictor = pneumoscope.load(os.environ["BUNDLE"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Predicts a batch."""
        pixels = NumpyCodec.decode_input(payload.inputs[0])
        probabilities = self._predictor.probabilities(pixels.astype(np.uint8))
        output = NumpyCodec.encode_output("probabilities", probabilities)
        return InferenceResponse(model_name=self.name, outputs=[output])
