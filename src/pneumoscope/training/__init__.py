"""Training: from splits to a bundle; the only room that imports Keras or TensorFlow."""

from pneumoscope.errors import extra_needed

with extra_needed("train", "Training"):
    from pneumoscope.training.fit import TrainingResult, assist, resume, train

__all__ = [
    "TrainingResult",
    "assist",
    "resume",
    "train",
]
