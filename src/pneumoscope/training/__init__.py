"""Training: from splits to a bundle; the only room that imports Keras or TensorFlow.

What trains is imported when it is first used, so that the parts that need no Keras, such as the fit
of a calibration, can be used without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pneumoscope.errors import extra_needed

if TYPE_CHECKING:
    from pneumoscope.training.fit import TrainingResult, assist, resume, train

__all__ = [
    "TrainingResult",
    "assist",
    "resume",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'pneumoscope.training' has no attribute {name!r}")
    with extra_needed("train", "Training"):
        from pneumoscope.training import fit
    return getattr(fit, name)
