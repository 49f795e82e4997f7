"""Prediction of images by a bundle, with ONNX Runtime alone."""

from pneumoscope.inference.explain import overlay
from pneumoscope.inference.images import ReadImage, list_images
from pneumoscope.inference.predict import predict, predict_files
from pneumoscope.inference.predictor import Explanation, Predictor, load

__all__ = [
    "Explanation",
    "Predictor",
    "ReadImage",
    "list_images",
    "load",
    "overlay",
    "predict",
    "predict_files",
]
