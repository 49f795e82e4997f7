"""The predictor: a loaded model that turns images into prediction records, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import Bundle, BundleInfo
from pneumoscope.errors import ImageError, SettingsError, out_of_range
from pneumoscope.gate import Gate, Judgement, Policy, read_policy
from pneumoscope.graph import FEATURES, MAPS, PROBABILITIES
from pneumoscope.imaging import Source
from pneumoscope.inference.explain import evidence
from pneumoscope.inference.familiar import Memory
from pneumoscope.inference.images import (
    Found,
    Image,
    Read,
    ReadImage,
    name_of,
    read_ahead,
    read_image,
)
from pneumoscope.inference.network import BATCH, Network
from pneumoscope.inference.occlusion import occlusion_maps
from pneumoscope.inference.recorder import Recorder
from pneumoscope.notices import Notice
from pneumoscope.parallel import usable_cores
from pneumoscope.shipped import read_model
from pneumoscope.types import OperatingPoint, Prediction, Status


def _nothing() -> NDArray[np.float32]:
    return np.empty(0, np.float32)


@dataclass(frozen=True)
class Explanation:
    """A prediction and its heatmap.

    Attributes:
        prediction: record of the prediction.
        heatmap: positive evidence for the predicted class, relative to the strongest places,
            float32 of shape (h, w), coarser than the image, 0 to 1. None if the file could not be
            read, or was refused.
    """

    prediction: Prediction
    heatmap: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class Judged:
    """An image that the network and the gate have judged, whatever threshold is then applied.

    Attributes:
        name: name of the image.
        error: why the file could not be read; None if it could.
        pixels: pixels that the network was given, uint8 of shape (h, w); None with an error.
        judgement: judgement of the gate, with the warnings found while reading.
        probabilities: probabilities of the c classes, float32 of shape (c,); empty with an error.
    """

    name: str
    error: ImageError | None = None
    pixels: NDArray[np.uint8] | None = None
    judgement: Judgement = field(default_factory=Judgement)
    probabilities: NDArray[np.float32] = field(default_factory=_nothing)


def load(
    bundle: Path | str | None = None,
    *,
    threads: int | None = None,
    operating_point: str | None = None,
    prevalence: float | None = None,
    gate: bool = True,
    policy: Path | str | None = None,
) -> Predictor:
    """Loads a model for prediction.

    Args:
        bundle: path of the bundle or of the run folder that holds it, or the name of a model that
            ships; by default the default model.
        threads: number of CPU threads; by default that of the cores that this process may use.
        operating_point: name of the threshold that makes the labels; by default the bundle's
            first.
        prevalence: fraction of positive images where the model is used, for which probabilities
            are restated; by default they stay those of the model.
        gate: True to refuse images that the model cannot judge, if the bundle has a gate.
        policy: path of a TOML file with the action of each rule on header and pixels; by default
            the one that ships.

    Raises:
        BundleError: if the bundle is missing, changed, of a newer version, or not calibrated
            although probabilities are to be restated.
        SettingsError: if the bundle has no such operating point, the prevalence or the number of
            threads is out of range, or the policy is not valid, or given although the gate is off.
    """
    return Predictor(
        read_model(bundle),
        threads=threads,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
        policy=policy,
    )


class Predictor:
    """A model in memory; its options are those of `load`.

    Args:
        bundle: bundle as read from disk.

    Raises:
        BundleError: if ONNX Runtime cannot run the network, or probabilities are to be restated
            and the bundle is not calibrated.
        SettingsError: if the bundle has no such operating point, the prevalence or the number of
            threads is out of range, or the policy is not valid, or given although the gate is off.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        operating_point: str | None = None,
        prevalence: float | None = None,
        gate: bool = True,
        policy: Path | str | None = None,
    ) -> None:
        if policy is not None and not gate:
            raise SettingsError(
                "A policy has no effect where the gate is off",
                remedy="Leave out `policy`, or `gate`",
            )
        if threads is not None and threads < 1:
            raise out_of_range("threads", threads, "1 or more")
        rules = read_policy(policy)
        self._bundle = bundle
        self._gate_on = gate
        self._recorder = Recorder(bundle.info, operating_point, prevalence, gate)
        threads = usable_cores() if threads is None else threads
        self._pool = ThreadPoolExecutor(threads)
        self._network = Network(bundle, threads)
        self._gate = _make_gate(bundle, self._network, rules) if gate else None

    @cached_property
    def _memory(self) -> Memory:
        """What the model was made with: read for files, since arrays are not compared with it."""
        return Memory(self._bundle.seen())

    @property
    def bundle(self) -> Bundle:
        """The bundle that was loaded."""
        return self._bundle

    @property
    def info(self) -> BundleInfo:
        """Description of the model."""
        return self._bundle.info

    @property
    def pool(self) -> Executor:
        """Threads that read images; what is drawn of them is drawn on these, too."""
        return self._pool

    @property
    def operating_point(self) -> OperatingPoint:
        """Operating point whose threshold makes labels of probabilities."""
        return self._recorder.operating_point

    @property
    def refuses(self) -> bool:
        """True if images can be refused: the gate is on, and the bundle has what it needs."""
        return self._recorder.refuses

    @property
    def gives_maps(self) -> bool:
        """True if the network gives class-activation maps."""
        return self._network.gives_maps

    def predict(self, image: Image) -> Prediction:
        """Predicts one image; a file that cannot be read gives a record with status `error`."""
        return next(self.predict_many([image]))

    def explain(self, image: Image) -> Explanation:
        """Predicts one image, with its heatmap."""
        return next(self.explain_many([image]))

    def predict_many(
        self, images: Iterable[Image | ReadImage], *, withhold: bool = True
    ) -> Iterator[Prediction]:
        """Predicts images in a stream: only a few are in memory at any time.

        Args:
            images: paths, sources, or images that have been read, in any number.
            withhold: True to give refused images no label; their labels are of use for evaluation
                only.

        Yields:
            A record for each image, in order.
        """
        for explanation in self._stream(images, False, withhold):
            yield explanation.prediction

    def explain_many(
        self, images: Iterable[Image | ReadImage], *, withhold: bool = True
    ) -> Iterator[Explanation]:
        """Predicts images in a stream, with the heatmap of each.

        Args:
            images: paths, sources, or images that have been read, in any number.
            withhold: True to give refused images neither label nor heatmap.

        Returns:
            An iterator over the prediction and the heatmap of each image, in order.
        """
        return self._stream(images, True, withhold)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predicts images given as pixels, at the geometry of the model.

        Args:
            pixels: pixels as `imaging.load_pixels` makes them, uint8 of shape (n, h, w).

        Returns:
            Probabilities of the c classes, float32 of shape (n, c).

        Raises:
            SettingsError: if the pixels are of another type or size.
        """
        if not len(pixels):
            return np.empty((0, len(self.info.classes)), np.float32)
        (probabilities,) = self._network.run(pixels, [PROBABILITIES])
        return probabilities

    def occlusion_maps(
        self, pixels: NDArray[np.uint8], probabilities: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Computes the maps that the heatmap of an image is made of, by about 100 predictions.

        Args:
            pixels: pixels as `imaging.load_pixels` makes them, uint8 of shape (h, w).
            probabilities: what `probabilities` gives for them, float32 of shape (c,).

        Returns:
            Signed maps, float32 of shape (c, h', w'): what the score of each class loses when a
            place is covered.

        Raises:
            SettingsError: if the pixels are of another type or size.
        """
        return occlusion_maps(pixels, probabilities, self.probabilities)

    def activation_maps(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Predicts images given as pixels, with their signed class-activation maps.

        Args:
            pixels: pixels as `imaging.load_pixels` makes them, uint8 of shape (n, h, w), n at
                least 1.

        Returns:
            Probabilities, float32 of shape (n, c); class-activation maps, float32 of shape
            (n, c, h', w'): signed contribution of each place to the score of each class.

        Raises:
            BundleError: if the network gives no class-activation maps.
            SettingsError: if the pixels are of another type or size.
        """
        self._network.require_maps()
        probabilities, maps = self._network.run(pixels, [PROBABILITIES, MAPS])
        return probabilities, maps

    def at(self, operating_point: str | None, prevalence: float | None) -> Predictor:
        """Returns the same model at another operating point and prevalence; both share its memory.

        Args:
            operating_point: name of the threshold that makes the labels; None for the bundle's
                first.
            prevalence: fraction of positive images where the model is used; None to leave
                probabilities as they are.

        Raises:
            BundleError: if probabilities are to be restated and the bundle is not calibrated.
            SettingsError: if the bundle has no such operating point, or the prevalence is out of
                range.
        """
        other = copy(self)
        other._recorder = Recorder(self.info, operating_point, prevalence, self._gate_on)
        return other

    def read(self, image: Image | ReadImage) -> tuple[str, Read]:
        """Reads an image for `judge`, on any thread: its name, and what was found or the error."""
        header = self._gate is not None
        return name_of(image), read_image(image, self.info, self._memory, header)

    def recall(self, source: Source) -> tuple[Notice, ...]:
        """Warns if the model was made with an image, or with others of its patient.

        Raises:
            ImageError: if the format of the file is not known.
        """
        return self._memory.recall(source)

    def judge(self, batch: Sequence[tuple[str, Read]]) -> list[Judged]:
        """Runs network and gate on images that were read; `BATCH` of them at once are quickest.

        Args:
            batch: images as `read` returns them.

        Returns:
            What was found of each image, in order, for `record`.
        """
        readable = [found for _, found in batch if not isinstance(found, ImageError)]
        rows = iter(self._run(readable))
        return [
            Judged(name, error=found)
            if isinstance(found, ImageError)
            else _judged(name, found, *next(rows))
            for name, found in batch
        ]

    def judge_many(self, images: Iterable[Image | ReadImage]) -> Iterator[Judged]:
        """Reads and judges images in a stream: only a few are in memory at any time.

        Args:
            images: paths, sources, or images that have been read, in any number.

        Yields:
            What was found of each image, in order, for `record`.
        """
        for batch in read_ahead(images, self.read, BATCH, self._pool):
            yield from self.judge(batch)

    def record(
        self, judged: Judged, *, heatmap: bool = False, withhold: bool = True
    ) -> Explanation:
        """Makes the record of an image that was judged.

        Args:
            judged: the image, judged by this model at whatever operating point.
            heatmap: True to make a heatmap, too, which takes about a hundred predictions.
            withhold: True to give a refused image neither label nor heatmap.
        """
        if judged.error is not None:
            return Explanation(self._recorder.failure(judged.name, judged.error), None)
        prediction = self._recorder.record(judged.name, judged.probabilities, judged.judgement)
        if withhold and prediction.status is Status.REFUSED:
            return Explanation(prediction.withheld(), None)
        if not heatmap or judged.pixels is None or prediction.label is None:
            return Explanation(prediction, None)
        maps = self.occlusion_maps(judged.pixels, judged.probabilities)
        index = self.info.classes.index(prediction.label)
        return Explanation(prediction, evidence(maps[index]))

    def _stream(
        self, images: Iterable[Image | ReadImage], heatmap: bool, withhold: bool
    ) -> Iterator[Explanation]:
        for judged in self.judge_many(images):
            yield self.record(judged, heatmap=heatmap, withhold=withhold)

    def _run(self, images: Sequence[Found]) -> list[tuple[Judgement, NDArray[np.float32]]]:
        """Judges images, and returns the judgement and the probabilities of each."""
        if not images:
            return []
        pixels = np.stack([image.facts.pixels for image in images])
        judgements = [Judgement()] * len(images)
        rows = [row for row, image in enumerate(images) if image.gated]
        if self._gate is None or not rows:
            return list(zip(judgements, self.probabilities(pixels), strict=True))
        probabilities, features = self._network.run(pixels, [PROBABILITIES, FEATURES])
        judged = self._gate.judge([images[row].facts for row in rows], features[rows])
        for row, judgement in zip(rows, judged, strict=True):
            judgements[row] = judgement
        return list(zip(judgements, probabilities, strict=True))


def _judged(
    name: str,
    found: Found,
    judgement: Judgement,
    probabilities: NDArray[np.float32],
) -> Judged:
    whole = replace(judgement, warnings=(*found.warnings, *judgement.warnings))
    return Judged(name, None, found.facts.pixels, whole, probabilities)


def _make_gate(bundle: Bundle, network: Network, policy: Policy) -> Gate | None:
    if bundle.info.gate is None:
        return None

    def features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return network.run(pixels, [FEATURES])[0]

    return Gate(bundle.info.gate, bundle.distances(), features, policy)
