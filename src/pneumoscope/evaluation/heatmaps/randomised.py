"""Heatmaps of a network whose weights were shuffled, beside its own.

A map that stays as it was shows nothing that the network has learnt (Adebayo et al. 2018,
arXiv:1810.03292). Shuffling the values within a tensor destroys what was learnt, and keeps their
distribution, so that activations neither vanish nor explode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from pneumoscope.bundle.layout import NETWORK
from pneumoscope.errors import BundleError, extra_needed
from pneumoscope.evaluation.heatmaps.maps import ExplainedImages, make_maps
from pneumoscope.evaluation.heatmaps.result import Randomisation
from pneumoscope.graph import KERNEL
from pneumoscope.inference import Predictor
from pneumoscope.statistics import FloatArray, Resampling, rank_correlation

LAYERS = ("head", "all")
DRAWS = 3
SHUFFLED = 12
"""Most images whose maps are made by each shuffled network, which takes most of the time."""


def measure_randomised(
    predictor: Predictor,
    images: ExplainedImages,
    resampling: Resampling,
    tick: Callable[[int], None],
) -> tuple[Randomisation, ...]:
    """Compares maps before and after the weights of the head, or of all layers, were shuffled.

    Args:
        predictor: the model.
        images: n images and their maps.
        resampling: resamples of the patients; its seed is that of the shuffling, too.
        tick: called with the number of predictions made since it was last called.

    Returns:
        One result for each of `LAYERS`, over the mean of `DRAWS` draws for each of `SHUFFLED`
        images at most, drawn at random.

    Raises:
        DependencyError: if onnx, which rewrites the network, is not installed.
        BundleError: if the network has no weights under the names of this version.
    """
    chosen = np.random.default_rng(resampling.seed).permutation(len(images.pixels))[:SHUFFLED]
    pixels, called = images.pixels[chosen], images.scored.predicted[chosen]
    trained = _rows(images.called_maps[chosen])
    found = []
    for layers in LAYERS:
        draws = []
        for shuffled in _shuffled(predictor, layers, resampling.seed):
            maps = make_maps(shuffled, pixels, shuffled.probabilities(pixels), tick)
            other = _rows(maps[np.arange(len(maps)), called])
            draws.append([_correlate(f(trained), f(other)) for f in (np.asarray, np.abs)])
        signed, absolute = np.mean(draws, axis=0)
        estimates = resampling.estimate_means(
            {"signed": signed, "absolute": absolute}, images.scored.patients[chosen]
        )
        found.append(Randomisation(layers, len(chosen), estimates["signed"], estimates["absolute"]))
    return tuple(found)


def _shuffled(predictor: Predictor, layers: str, seed: int) -> Iterator[Predictor]:
    bundle = predictor.bundle
    for draw in range(DRAWS):
        network = shuffle_weights(bundle.network, layers, [seed, draw])
        yield Predictor(replace(bundle, files={NETWORK: network}), gate=False)


def shuffle_weights(exported: bytes, layers: str, seed: list[int]) -> bytes:
    """Shuffles the values of the kernels of a network, each within its own tensor.

    Later dense layers of the head keep their weights, which a class-activation map holds in a form
    of its own: their inputs are shuffled already, and the activation maps of the new network stay
    exact.

    Args:
        exported: the network as ONNX.
        layers: "head" for the first dense layer, "all" for every convolution as well.
        seed: seed of the shuffling.

    Raises:
        DependencyError: if onnx is not installed.
        BundleError: if the network has no such kernel.
    """
    with extra_needed("train", "Shuffling weights"):
        import onnx

    network = onnx.load_from_string(exported)
    wanted = {KERNEL}
    if layers == "all":
        wanted |= {node.input[1] for node in network.graph.node if node.op_type == "Conv"}
    kernels = [tensor for tensor in network.graph.initializer if tensor.name in wanted]
    if KERNEL not in {tensor.name for tensor in kernels}:
        raise BundleError(
            "The weights of the network cannot be shuffled",
            expected=f"a tensor {KERNEL}, as this version exports it",
            remedy="Train it anew with this version",
        )
    rng = np.random.default_rng(seed)
    for tensor in kernels:
        values = onnx.numpy_helper.to_array(tensor)
        mixed = rng.permutation(values.ravel()).reshape(values.shape)
        tensor.CopyFrom(onnx.numpy_helper.from_array(mixed, tensor.name))
    shuffled: bytes = network.SerializeToString()
    return shuffled


def _correlate(trained: FloatArray, other: FloatArray) -> FloatArray:
    """Correlates maps; with an empty one of a shuffled network, no map has anything in common."""
    empty = (np.ptp(other, axis=1) == 0) & (np.ptp(trained, axis=1) > 0)
    return np.where(empty, 0.0, rank_correlation(trained, other))


def _rows(maps: np.ndarray) -> FloatArray:
    return maps.reshape(len(maps), -1).astype(np.float64)
