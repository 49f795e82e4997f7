"""A loaded model: images in, prediction records out, in the order in which they came."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pneumoscope.bundle import Bundle, BundleInfo
from pneumoscope.errors import BundleError, DataError, ImageError, SettingsError
from pneumoscope.files import list_files
from pneumoscope.imaging import Source, load_pixels, read_bytes
from pneumoscope.inference.explain import evidence
from pneumoscope.inference.prevalence import odds_ratio, restated
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
            relative to the strongest places. None if the file could not be read.
    """

    prediction: Prediction
    heatmap: NDArray[np.float32] | None


def load(
    bundle: Path | str | None = None,
    *,
    threads: int | None = None,
    operating_point: str | None = None,
    prevalence: float | None = None,
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

    Raises:
        BundleError: if it is missing, changed, of a newer version, or not calibrated although
            probabilities are to be restated.
        SettingsError: if it has no such operating point, or the prevalence is out of range.
    """
    return Predictor(
        read(bundle),
        threads=threads,
        operating_point=operating_point,
        prevalence=prevalence,
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

    Raises:
        BundleError: if ONNX Runtime cannot run the network, or probabilities are to be restated
            and the bundle is not calibrated.
        SettingsError: if the bundle has no such operating point, or the prevalence is out of
            range.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int | None = None,
        operating_point: str | None = None,
        prevalence: float | None = None,
    ) -> None:
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
    def explains(self) -> bool:
        """Whether the network tells where its evidence lies."""
        return any(output.name == _MAPS for output in self._session.get_outputs())

    def predict(self, image: Image) -> Prediction:
        """Predicts one image; a file that cannot be read gives a record with status `error`."""
        return next(self.predict_many([image]))

    def explain(self, image: Image) -> Explanation:
        """Predicts one image and tells where the evidence lies."""
        return next(self.explain_many([image]))

    def predict_many(self, images: Iterable[Image]) -> Iterator[Prediction]:
        """Predicts images in a stream: only a few are in memory at any time.

        Args:
            images: paths or sources, as many as there are.

        Yields:
            A record for each image, in order.
        """
        for explanation in self._stream(images, [_PROBABILITIES]):
            yield explanation.prediction

    def explain_many(self, images: Iterable[Image]) -> Iterator[Explanation]:
        """As `predict_many`, with the heatmap of each image.

        Raises:
            BundleError: if the network gives no class-activation maps.
        """
        self._require_maps()
        return self._stream(images, [_PROBABILITIES, _MAPS])

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

    def _stream(self, images: Iterable[Image], outputs: list[str]) -> Iterator[Explanation]:
        waiting: deque[Future[NDArray[np.uint8] | ImageError]] = deque()
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
                    pixels = [waiting.popleft().result() for _ in range(count)]
                    yield from self._explain([names.popleft() for _ in pixels], pixels, outputs)
            finally:
                pool.shutdown(cancel_futures=True)

    def _read(self, image: Image) -> NDArray[np.uint8] | ImageError:
        try:
            source = image if isinstance(image, Source) else read_bytes(Path(image))
            return load_pixels(source, self.info.geometry)
        except ImageError as error:
            return error

    def _explain(
        self,
        names: Sequence[str],
        pixels: Sequence[NDArray[np.uint8] | ImageError],
        outputs: list[str],
    ) -> Iterator[Explanation]:
        readable = [image for image in pixels if not isinstance(image, ImageError)]
        rows: Iterator[tuple[NDArray[np.float32], ...]] = iter(())
        if readable:
            rows = zip(*self._run(np.stack(readable)[..., np.newaxis], outputs), strict=True)
        for name, image in zip(names, pixels, strict=True):
            if isinstance(image, ImageError):
                yield Explanation(self._failure(name, image), None)
                continue
            probabilities, *maps = next(rows)
            prediction = self._prediction(name, probabilities)
            label = self.info.classes.index(str(prediction.label))
            yield Explanation(prediction, evidence(maps[0][label]) if maps else None)

    def _run(self, images: NDArray[np.uint8], outputs: list[str]) -> list[NDArray[np.float32]]:
        results: list[NDArray[np.float32]] = self._session.run(outputs, {"image": images})
        return results

    def _prediction(self, name: str, probabilities: NDArray[np.float32]) -> Prediction:
        positive = min(1.0, sum(map(float, probabilities[1:])))
        label = 0
        if positive >= self._point.threshold:
            label = 1 + int(np.argmax(probabilities[1:]))
        given = restated([float(p) for p in probabilities], self._ratio)
        return Prediction(
            path=name,
            status=Status.ACCEPTED,
            model=self._model(),
            label=self.info.classes[label],
            probability=min(1.0, sum(given[1:])),
            probabilities=dict(zip(self.info.classes, given, strict=True)),
            operating_point=self._point.name,
            prevalence=self._prevalence,
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


def _name(image: Image) -> str:
    return image.name if isinstance(image, Source) else str(image)
