"""Prediction of images by a bundle, with ONNX Runtime alone."""

from pneumoscope.inference.explain import overlay
from pneumoscope.inference.images import Read, ReadImage, list_images
from pneumoscope.inference.network import BATCH
from pneumoscope.inference.predict import predict, predict_files
from pneumoscope.inference.predictor import Explanation, Judged, Predictor, load

__all__ = [
    "BATCH",
    "Explanation",
    "Judged",
    "Predictor",
    "Read",
    "ReadImage",
    "list_images",
    "load",
    "overlay",
    "predict",
    "predict_files",
]
