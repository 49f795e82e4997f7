"""A loaded model: images in, prediction records out, in the order in which they came."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pneumoscope.bundle import Bundle, BundleInfo
from pneumoscope.errors import BundleError, DataError, ImageError, SettingsError
from pneumoscope.files import list_files
from pneumoscope.imaging import Acquisition, Source, load_pixels, read_acquisition, read_bytes
from pneumoscope.inference.explain import evidence
from pneumoscope.inference.gate import FEATURES, Gate, Verdict
from pneumoscope.inference.policy import read_policy
from pneumoscope.inference.prevalence import odds_ratio, restated
from pneumoscope.inference.rules import Facts
from pneumoscope.models import read
from pneumoscope.types import OperatingPoint, Prediction, Status

# Large enough to keep the cores busy, small enough for the feature maps to stay in their caches.
_BATCH = 16
_PROBABILITIES = "probabilities"
_MAPS = "class_activation_maps"

Image = Path | str | Source
"""A file by its path, or its bytes with a name."""


@dataclass(frozen=True)
class Explanation:
    """A prediction and where its evidence lies.

    Attributes:
        prediction: the record.
        heatmap: float32 (h, w), coarser than the image, 0 to 1: evidence for the predicted class,
            relative to the strongest places. None if the file could not be read, or was refused.
    """

    prediction: Prediction
    heatmap: NDArray[np.float32] | None


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
        bundle: the bundle, the run folder that holds it, or the name of a model that ships; by
            default the default model.
        threads: CPU threads to use; by default all cores.
        operating_point: name of the threshold that makes the labels; by default the bundle's
            first.
        prevalence: share of positive images where the model is used, to restate probabilities
            for; by default they stay those of the model.
        gate: whether to refuse images that the model cannot judge, if the bundle tells which.
        policy: a TOML file of what follows from header and pixels; by default the one that ships.

    Raises:
        BundleError: if it is missing, changed, of a newer version, or not calibrated although
            probabilities are to be restated.
        SettingsError: if it has no such operating point, the prevalence is out of range, or the
            policy makes no sense or is of no use.
    """
    return Predictor(
        read(bundle),
        threads=threads,
        operating_point=operating_point,
        prevalence=prevalence,
        gate=gate,
        policy=policy,
    )


class Predictor:
    """A model in memory.

    Args:
        bundle: as read from disk.
        threads: CPU threads to use; by default all cores.
        operating_point: name of the threshold that makes the labels; by default the bundle's
            first.
        prevalence: share of positive images where the model is used, to restate probabilities
            for; by default they stay those of the model.
        gate: whether to refuse images that the model cannot judge, if the bundle tells which.
        policy: a TOML file of what follows from header and pixels; by default the one that ships.

    Raises:
        BundleError: if ONNX Runtime cannot run the network, or probabilities are to be restated
            and the bundle is not calibrated.
        SettingsError: if the bundle has no such operating point, the prevalence is out of range,
            or the policy makes no sense or is of no use.
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
                "A policy is of no use where the gate is off",
                remedy="Leave out --policy, or --no-gate",
            )
        self._policy = read_policy(policy)
        self._bundle = bundle
        self._prevalence = prevalence
        self._ratio = 1.0 if prevalence is None else odds_ratio(bundle.info, prevalence)
        self._point = bundle.info.operating_point(operating_point)
        self._workers = threads or os.cpu_count() or 1
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._workers
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                bundle.onnx, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise BundleError(
                f"ONNX Runtime cannot run {bundle.onnx}: {error}",
                remedy="Upgrade with `pip install --upgrade onnxruntime`",
            ) from error
        self._gate = self._make_gate() if gate else None
        self._zone = self._point.undecided if gate else None
        self._ages = _ages(bundle.info)

    @property
    def bundle(self) -> Bundle:
        """The bundle that was loaded."""
        return self._bundle

    @property
    def info(self) -> BundleInfo:
        """What the model is."""
        return self._bundle.info

    @property
    def operating_point(self) -> OperatingPoint:
        """The threshold that makes labels of probabilities."""
        return self._point

    @property
    def refuses(self) -> bool:
        """Whether images can be refused: the gate is on, and the bundle has what it needs."""
        return self._gate is not None or self._zone is not None

    @property
    def explains(self) -> bool:
        """Whether the network tells where its evidence lies."""
        return any(output.name == _MAPS for output in self._session.get_outputs())

    def predict(self, image: Image) -> Prediction:
        """Predicts one image; a file that cannot be read gives a record with status `error`."""
        return next(self.predict_many([image]))

    def explain(self, image: Image) -> Explanation:
        """Predicts one image and tells where the evidence lies."""
        return next(self.explain_many([image]))

    def predict_many(
        self, images: Iterable[Image], *, withhold: bool = True
    ) -> Iterator[Prediction]:
        """Predicts images in a stream: only a few are in memory at any time.

        Args:
            images: paths or sources, as many as there are.
            withhold: whether a refused image goes without a label; that they are
                known is of use for measuring only.

        Yields:
            A record for each image, in order.
        """
        for explanation in self._stream(images, [_PROBABILITIES], withhold):
            yield explanation.prediction

    def explain_many(
        self, images: Iterable[Image], *, withhold: bool = True
    ) -> Iterator[Explanation]:
        """As `predict_many`, with the heatmap of each image.

        Raises:
            BundleError: if the network gives no class-activation maps.
        """
        self._require_maps()
        return self._stream(images, [_PROBABILITIES, _MAPS], withhold)

    def probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Predicts images that are pixels already, at the model's geometry.

        Args:
            pixels: uint8 of shape (n, h, w), as `imaging.load_pixels` makes them.

        Returns:
            float32 of shape (n, c): probabilities of the c classes.

        Raises:
            SettingsError: if they are of another type or size.
        """
        if not len(pixels):
            return np.empty((0, len(self.info.classes)), np.float32)
        (probabilities,) = self._run_all(pixels, [_PROBABILITIES])
        return probabilities

    def activation_maps(
        self, pixels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """As `probabilities`, with the signed map that a heatmap shows the positive part of.

        Args:
            pixels: uint8 of shape (n, h, w), n at least 1.

        Returns:
            Probabilities, float32 of shape (n, c); class-activation maps, float32 of shape
            (n, c, h', w'): what each place adds to the score of each class.

        Raises:
            BundleError: if the network gives no class-activation maps.
            SettingsError: if the pixels are of another type or size.
        """
        self._require_maps()
        probabilities, maps = self._run_all(pixels, [_PROBABILITIES, _MAPS])
        return probabilities, maps

    def _require_maps(self) -> None:
        if not self.explains:
            raise BundleError(
                f"The network of {self.bundle.root} does not tell where its evidence lies",
                expected=f"an output {_MAPS}",
                received=", ".join(output.name for output in self._session.get_outputs()),
                remedy="Train it anew with this version",
            )

    def _run_all(self, pixels: NDArray[np.uint8], outputs: list[str]) -> list[NDArray[np.float32]]:
        geometry = self.info.geometry
        size = (geometry.height, geometry.width)
        if pixels.dtype != np.uint8 or pixels.shape[1:] != size:
            raise SettingsError(
                "These pixels are not what the model reads",
                expected=f"uint8 of shape (n, {size[0]}, {size[1]})",
                received=f"{pixels.dtype} of shape {pixels.shape}",
            )
        parts = [
            self._run(pixels[start : start + _BATCH, ..., np.newaxis], outputs)
            for start in range(0, len(pixels), _BATCH)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _stream(
        self, images: Iterable[Image], outputs: list[str], withhold: bool
    ) -> Iterator[Explanation]:
        waiting: deque[Future[Facts | ImageError]] = deque()
        names: deque[str] = deque()
        iterator = iter(images)
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                while True:
                    # Read ahead by one batch, so that decoding and the network share the cores.
                    for image in islice(iterator, 2 * _BATCH - len(waiting)):
                        names.append(_name(image))
                        waiting.append(pool.submit(self._read, image))
                    if not waiting:
                        return
                    count = min(_BATCH, len(waiting))
                    found = [waiting.popleft().result() for _ in range(count)]
                    explained = self._explain([names.popleft() for _ in found], found, outputs)
                    yield from map(_withheld, explained) if withhold else explained
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, image: Image) -> Facts | ImageError:
        try:
            source = image if isinstance(image, Source) else read_bytes(Path(image))
            geometry = self.info.geometry
            pixels = load_pixels(source, geometry)
            if self._gate is None:  # nothing asks what the header says
                return Facts(Acquisition(geometry.width, geometry.height), pixels, geometry)
            return Facts(read_acquisition(source), pixels, geometry, self._ages)
        except ImageError as error:
            return error

    def _explain(
        self, names: Sequence[str], images: Sequence[Facts | ImageError], outputs: list[str]
    ) -> Iterator[Explanation]:
        readable = [image for image in images if not isinstance(image, ImageError)]
        rows = iter(self._judge(readable, outputs))
        for name, image in zip(names, images, strict=True):
            if isinstance(image, ImageError):
                yield Explanation(self._failure(name, image), None)
                continue
            verdict, probabilities, *maps = next(rows)
            if not np.isfinite(probabilities).all():
                yield Explanation(self._failure(name, _no_number(name, self.info)), None)
                continue
            prediction = self._prediction(name, probabilities, verdict)
            label = self.info.classes.index(str(prediction.label))
            yield Explanation(prediction, evidence(maps[0][label]) if maps else None)

    def _judge(self, images: Sequence[Facts], outputs: list[str]) -> list[tuple[Any, ...]]:
        """A verdict for each image, and then its row of each output."""
        if not images:
            return []
        pixels = np.stack([image.pixels for image in images])[..., np.newaxis]
        if self._gate is None:
            verdicts = [Verdict()] * len(images)
            found = self._run(pixels, outputs)
        else:
            *found, features = self._run(pixels, [*outputs, FEATURES])
            verdicts = self._gate.judge(images, features)
        return list(zip(verdicts, *found, strict=True))

    def _make_gate(self) -> Gate | None:
        levels = self.info.gate
        if levels is None:
            return None

        def features(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
            return self._run(pixels[..., np.newaxis], [FEATURES])[0]

        return Gate(levels, self._bundle.familiarities(), features, self._policy)

    def _run(self, images: NDArray[np.uint8], outputs: list[str]) -> list[NDArray[np.float32]]:
        results: list[NDArray[np.float32]] = self._session.run(outputs, {"image": images})
        return results

    def _prediction(
        self, name: str, probabilities: NDArray[np.float32], verdict: Verdict
    ) -> Prediction:
        positive = min(1.0, sum(map(float, probabilities[1:])))
        label = 0
        if positive >= self._point.threshold:
            label = 1 + int(np.argmax(probabilities[1:]))
        given = restated([float(p) for p in probabilities], self._ratio)
        reasons = verdict.reasons or self._undecided(positive)
        return Prediction(
            path=name,
            status=Status.REFUSED if reasons else Status.ACCEPTED,
            model=self._model(),
            label=self.info.classes[label],
            probability=min(1.0, sum(given[1:])),
            probabilities=dict(zip(self.info.classes, given, strict=True)),
            operating_point=self._point.name,
            reasons=reasons,
            prevalence=self._prevalence,
            warnings=verdict.warnings,
            distance=verdict.distance,
            gate=self.refuses,
        )

    def _undecided(self, probability: float) -> tuple[str, ...]:
        """Why an image that the gate lets through has no label, if it has none."""
        zone = self._zone
        if zone is None or not zone.holds(probability):
            return ()
        found, low, high = (
            restated([1 - p, p], self._ratio)[1] for p in (probability, zone.low, zone.high)
        )
        return (
            f"the model is undecided: the probability is {found:.2f}, and it tells only below "
            f"{low:.2f} and from {high:.2f} on",
        )

    def _failure(self, name: str, error: ImageError) -> Prediction:
        return Prediction(path=name, status=Status.ERROR, model=self._model(), error=str(error))

    def _model(self) -> dict[str, str]:
        return {"name": self.info.name, "version": self.info.version}


def list_images(paths: Iterable[Path]) -> Iterator[Path]:
    """The files among `paths`, and all files below the folders among them, in order.

    A path that is not there is handed on: predicting it gives a record that says so.

    Raises:
        DataError: if a folder holds no file.
        StorageError: if a folder may not be read.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = list_files(path)
        first = next(files, None)
        if first is None:
            raise DataError(f"There are no files in {path}", remedy="Check the path")
        yield first
        yield from files


def _ages(info: BundleInfo) -> tuple[float, float] | None:
    """Ages of the youngest and oldest patients that a model was made with, if they are known."""
    known = info.training_data.get("attributions", [])
    ages = [(data.get("youngest"), data.get("oldest")) for data in known]
    if not ages or any(None in pair for pair in ages):
        return None
    return min(low for low, _ in ages), max(high for _, high in ages)


def _no_number(name: str, info: BundleInfo) -> ImageError:
    return ImageError(
        f"{info.name} gives no probability of {name}",
        expected="a number from 0 to 1",
        received="what is no number, as of a network whose training has diverged",
        remedy="Train it again, with a lower --learning-rate",
    )


def _withheld(explanation: Explanation) -> Explanation:
    if explanation.prediction.status is not Status.REFUSED:
        return explanation
    return Explanation(explanation.prediction.withheld(), None)


def _name(image: Image) -> str:
    return image.name if isinstance(image, Source) else str(image)
