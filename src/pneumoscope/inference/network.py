"""The network of a bundle in ONNX Runtime: arrays in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pneumoscope.bundle import Bundle
from pneumoscope.engine import open_session
from pneumoscope.errors import BundleError, SettingsError
from pneumoscope.graph import IMAGE, MAPS

# Large enough to keep the cores busy, small enough for the feature maps to stay in their caches.
BATCH = 16


class Network:
    """A network in memory.

    Args:
        bundle: that holds it.
        threads: CPU threads to use.

    Raises:
        BundleError: if ONNX Runtime cannot run it.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._bundle = bundle
        try:
            self._session = open_session(bundle.network, threads)
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise BundleError(
                f"ONNX Runtime cannot run the network of {bundle.root}: {error}",
                remedy="Upgrade with `pip install --upgrade onnxruntime`",
            ) from error

    @property
    def explains(self) -> bool:
        """Whether it tells where its evidence lies."""
        return MAPS in self._outputs()

    def require_maps(self) -> None:
        """Refuses a network that does not tell where its evidence lies.

        Raises:
            BundleError: if it gives no class-activation maps.
        """
        if not self.explains:
            raise BundleError(
                f"The network of {self._bundle.root} does not tell where its evidence lies",
                expected=f"an output {MAPS}",
                received=", ".join(self._outputs()),
                remedy="Train it anew with this version",
            )

    def run(self, pixels: NDArray[np.uint8], outputs: Sequence[str]) -> list[NDArray[np.float32]]:
        """Runs it on images, in batches.

        Args:
            pixels: uint8 of shape (n, h, w), n at least 1, at the model's geometry.
            outputs: names of what to give.

        Returns:
            Each output, float32 of shape (n, …).

        Raises:
            SettingsError: if the pixels are of another type or size.
        """
        geometry = self._bundle.info.geometry
        size = (geometry.height, geometry.width)
        if pixels.dtype != np.uint8 or pixels.shape[1:] != size:
            raise SettingsError(
                "These pixels are not what the model reads",
                expected=f"uint8 of shape (n, {size[0]}, {size[1]})",
                received=f"{pixels.dtype} of shape {pixels.shape}",
            )
        parts = [
            self._session.run(outputs, {IMAGE: pixels[start : start + BATCH, ..., np.newaxis]})
            for start in range(0, len(pixels), BATCH)
        ]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]

    def _outputs(self) -> list[str]:
        return [output.name for output in self._session.get_outputs()]
