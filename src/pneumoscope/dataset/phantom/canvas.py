"""The canvas that phantoms are drawn on: shapes in body coordinates become layers of pixels.

The origin of the body is the midline at the level of the lung tips. One unit is half the width of
the rib cage, x grows to the viewer's right (the patient's left) and y grows downwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Layer = NDArray[np.float32]
Points = NDArray[np.float64]


@dataclass(frozen=True)
class Canvas:
    """A pixel grid, and the place of the body on it.

    Attributes:
        height: height of the grid, in pixels.
        width: width of the grid, in pixels.
        unit: length of a body unit, in pixels.
        origin: x and y of the body's origin, in pixels.
        angle: angle by which the body is turned clockwise, in radians.
    """

    height: int
    width: int
    unit: float
    origin: tuple[float, float]
    angle: float = 0.0

    def fill(self, shapes: Iterable[Points], blur: float) -> Layer:
        """Draws filled outlines.

        Args:
            shapes: outlines, float (n, 2), each x and y in body units.
            blur: standard deviation of the soft edge, in body units.

        Returns:
            float32 (height, width), 1 inside and 0 outside.
        """
        sheet = self._sheet(blur)
        pen = ImageDraw.Draw(sheet)
        for shape in shapes:
            pen.polygon(self._on_sheet(sheet, shape), fill=255)
        return self._develop(sheet, blur)

    def stroke(
        self, lines: Iterable[tuple[Points, float]], blur: float, hollow: float = 0.0
    ) -> Layer:
        """Draws lines; those thinner than a pixel are drawn fainter instead.

        Args:
            lines: the points, float (n, 2), and the width of each line, in body units.
            blur: standard deviation of the soft edge, in body units.
            hollow: fraction by which the core of a line is fainter than its edges, in [0, 1].

        Returns:
            float32 (height, width), 1 on the lines and 0 elsewhere.
        """
        sheet = self._sheet(blur)
        pen = ImageDraw.Draw(sheet)
        for line, width in lines:
            points = self._on_sheet(sheet, line)
            pixels = width * self.unit * sheet.width / self.width

            pen.line(points, int(255 * min(1.0, pixels)), max(1, round(pixels)))
            if hollow:
                pen.line(points, int(255 * (1 - hollow)), max(1, round(0.55 * pixels)))
        return self._develop(sheet, blur)

    def noise(self, rng: np.random.Generator, grain: float) -> Layer:
        """Draws a smooth random texture.

        Args:
            rng: random generator of the texture.
            grain: coarseness of the texture, in body units.

        Returns:
            float32 (height, width) of mean near 0 and standard deviation near 1.
        """
        step = max(1.0, grain * self.unit)
        height, width = (int(side / step) + 2 for side in (self.height, self.width))
        coarse = Image.fromarray(rng.standard_normal((height, width), dtype=np.float32))
        # Interpolation averages neighbours, which takes about a third off the spread.
        texture = coarse.resize((self.width, self.height), Image.Resampling.BICUBIC)
        return np.float32(1.4) * np.asarray(texture)

    def distance(self, centre: tuple[float, float], radii: tuple[float, float]) -> Layer:
        """Measures the distance of each pixel from the centre of an ellipse.

        Args:
            centre: x and y, in body units.
            radii: half-axes along x and y, in body units.

        Returns:
            float32 (height, width), 0 in the centre and 1 on the ellipse.
        """
        rows, columns = np.ogrid[: self.height, : self.width]
        right = (columns - self.origin[0]).astype(np.float32) / self.unit
        down = (rows - self.origin[1]).astype(np.float32) / self.unit
        cos, sin = np.float32(np.cos(self.angle)), np.float32(np.sin(self.angle))
        across = (right * cos + down * sin - centre[0]) / radii[0]
        along = (down * cos - right * sin - centre[1]) / radii[1]
        return np.hypot(across, along)

    def _sheet(self, blur: float) -> Image.Image:
        """Makes an empty sheet, the coarser the stronger the blur, which is many times faster."""
        shrink = max(1.0, blur * self.unit / 2)
        return Image.new("L", (round(self.width / shrink), round(self.height / shrink)))

    def _on_sheet(self, sheet: Image.Image, points: Points) -> list[tuple[float, float]]:
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        pixels = self.unit * points @ np.array([[cos, sin], [-sin, cos]]) + np.array(self.origin)
        scaled = pixels * (sheet.width / self.width, sheet.height / self.height)
        return [(x, y) for x, y in scaled.tolist()]

    def _develop(self, sheet: Image.Image, blur: float) -> Layer:
        soft = sheet.filter(ImageFilter.GaussianBlur(blur * self.unit * sheet.width / self.width))
        if soft.width < self.width:
            soft = soft.resize((self.width, self.height), Image.Resampling.BILINEAR)
        return np.asarray(soft, np.float32) / np.float32(255)
