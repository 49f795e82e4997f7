"""Images to predictions, with ONNX Runtime alone."""

from pneumoscope.inference.explain import overlay
from pneumoscope.inference.predictor import Explanation, Predictor, list_images, load

__all__ = ["Explanation", "Predictor", "list_images", "load", "overlay"]
