"""The network of a bundle, run by ONNX Runtime on arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import Bundle
from pneumoscope.bundle.layout import NOT_OURS
from pneumoscope.engine import open_session
from pneumoscope.errors import BundleError, SettingsError
from pneumoscope.graph import IMAGE, MAPS, PROBABILITIES, outputs

# Large enough to keep the cores busy, small enough for the feature maps to stay in their caches.
BATCH = 16

_TOLERANCE = 1e-4  # of a probability and of their sum


class Network:
    """A network in memory.

    Args:
        bundle: bundle that holds the network.
        threads: number of CPU threads.

    Raises:
        BundleError: if ONNX Runtime cannot run the network.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._bundle = bundle
        self._outputs = outputs(len(bundle.info.classes))
        with self._running():
            self._session = open_session(bundle.network, threads)

    @property
    def gives_maps(self) -> bool:
        """True if the network gives class-activation maps."""
        return MAPS in self._given()

    def require_maps(self) -> None:
        """Refuses a network without class-activation maps.

        Raises:
            BundleError: if the network gives no class-activation maps.
        """
        if not self.gives_maps:
            raise BundleError(
                f"The network of {self._bundle.root} gives no class-activation maps",
                expected=f"an output {MAPS}",
                code="bundle-without-maps",
                values={"path": str(self._bundle.root)},
                received=", ".join(self._given()),
                remedy="Train it anew with this version",
            )

    def run(self, pixels: NDArray[np.uint8], names: Sequence[str]) -> list[NDArray[np.float32]]:
        """Runs the network on images, in batches.

        Args:
            pixels: pixels at the model's geometry, uint8 of shape (n, h, w), n at least 1.
            names: names of the outputs to return.

        Returns:
            Each output, float32 of shape (n, …).

        Raises:
            SettingsError: if the pixels are of another type or size.
            BundleError: if ONNX Runtime cannot run the network, or an output is not valid.
        """
        geometry = self._bundle.info.geometry
        size = (geometry.height, geometry.width)
        if pixels.dtype != np.uint8 or pixels.shape[1:] != size:
            raise SettingsError(
                "These pixels are not what the model reads",
                expected=f"uint8 of shape (n, {size[0]}, {size[1]})",
                received=f"{pixels.dtype} of shape {pixels.shape}",
            )
        batches = (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))
        parts = [self._run_batch(batch, names) for batch in batches]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _run_batch(
        self, pixels: NDArray[np.uint8], names: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        with self._running():
            found: list[NDArray[np.float32]] = self._session.run(
                names, {IMAGE: pixels[..., np.newaxis]}
            )
        for name, values in zip(names, found, strict=True):
            known = self._outputs[name]
            right = known.fits(values.shape) and len(values) == len(pixels)
            if not right or values.dtype != known.dtype:
                raise self._refusal(name, f"{known}", f"{values.dtype} {values.shape}")
            if name == PROBABILITIES:
                self._check_probabilities(values)
        return found

    def _check_probabilities(self, values: NDArray[np.float32]) -> None:
        """Refuses invalid probabilities; NaN, as of a diverged training, is left to the record."""
        numbers = values[~np.isnan(values).any(axis=1)]
        expected = "numbers from 0 to 1 that add up to 1"
        low, high = numbers.min(initial=0), numbers.max(initial=1)
        if low < -_TOLERANCE or high > 1 + _TOLERANCE:
            raise self._refusal(PROBABILITIES, expected, f"{low:.4g} to {high:.4g}")
        sums = numbers.sum(axis=1, dtype=np.float64)
        if np.abs(sums - 1).max(initial=0) > _TOLERANCE:
            raise self._refusal(
                PROBABILITIES, expected, f"a sum of {sums.min():.4g} to {sums.max():.4g}"
            )

    def _refusal(self, name: str, expected: str, received: str) -> BundleError:
        return BundleError(
            f"The network of {self._bundle.root} gives {name} that are not valid",
            expected=expected,
            received=received,
            remedy=NOT_OURS,
        )

    @contextmanager
    def _running(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise BundleError(
                f"ONNX Runtime cannot run the network of {self._bundle.root}: {error}",
                remedy="Upgrade with `pip install --upgrade onnxruntime`",
            ) from error

    def _given(self) -> list[str]:
        return [output.name for output in self._session.get_outputs()]
