"""Random changes to training images that leave their class as it is.

A network learns whatever predicts the class: in hospital files also the field of view, the
exposure, the sharpness and what is in the corners. These changes make each of them uninformative,
so that what is left to learn is in the lungs. docs/adr/0015-shipped-network.md has the figures.
"""

from __future__ import annotations

import math

import numpy as np

from pneumoscope.training.backend import keras
from pneumoscope.training.network import Network, Tensor


def with_augmentation(network: Network) -> Network:
    """Puts random changes before a network, for training only; the weights are shared.

    Args:
        network: a model from uint8 (n, h, w, 1) to probabilities (n, classes).

    Returns:
        A model with the same input and output; in training the output for an image whose lungs were
        hidden is that of `EvenOdds`.
    """
    layers = keras.layers
    inputs = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    x = layers.Rescaling(1 / 255, dtype="float32")(inputs)
    x = RandomView()(x)
    x = RandomExposure()(x)
    x = RandomDetail()(x)
    x = RandomCovers()(x)
    x, hidden = HideLungs()(x)
    x = layers.Rescaling(255.0, dtype="float32")(x)
    outputs = EvenOdds()(network(x), hidden)
    augmented: Network = keras.Model(inputs, outputs, name=f"augmented_{network.name}")
    return augmented


class _Random(keras.layers.Layer):  # type: ignore[misc]
    """A layer that draws numbers for float32 images (n, h, w, 1)."""

    def __init__(self) -> None:
        super().__init__(dtype="float32")
        self._seed = keras.random.SeedGenerator()

    def _draw(self, images: Tensor, low: float, high: float) -> Tensor:
        """Draws a number for each image, (n, 1, 1, 1), uniformly between two."""
        shape = (keras.ops.shape(images)[0], 1, 1, 1)
        return keras.random.uniform(shape, low, high, seed=self._seed)

    def _draw_factor(self, images: Tensor, least: float, most: float) -> Tensor:
        """Draws a factor for each image, (n, 1, 1, 1), log-uniformly between two."""
        return keras.ops.exp(self._draw(images, math.log(least), math.log(most)))


class _RandomChange(_Random):
    """A layer that changes four in five of float32 images (n, h, w, 1) in [0, 1], in training."""

    CHANCE = 0.8

    def call(self, images: Tensor, training: bool | None = None) -> Tensor:
        """Changes the images if training; values stay in [0, 1]."""
        if not training:
            return images
        changed = keras.ops.clip(self.change(images), 0.0, 1.0)
        return keras.ops.where(self._draw(images, 0.0, 1.0) < self.CHANCE, changed, images)

    def change(self, images: Tensor) -> Tensor:
        """Changes all images."""
        raise NotImplementedError


class RandomView(_RandomChange):
    """Random position and field of view: mirror, rotation, zoom, aspect ratio, shear and shift.

    One interpolation does it all. The aspect ratio counts most: the published images were squashed
    to a square, and normal ones were squarer before. Outside of the image it is black in half of
    them, as behind a collimator, and of a random grey up to twice the mean in the others: a border
    must not predict the class either.
    """

    TURN = math.radians(12)
    FIELD = (0.7, 1.2)  # fraction of the width and height that is seen
    ASPECT = 1.5
    SHEAR = 0.1
    SHIFT = 0.1

    def change(self, images: Tensor) -> Tensor:
        """Changes position and field of view of the images."""
        mean = keras.ops.mean(images, axis=(1, 2, 3), keepdims=True)
        beyond = mean * keras.ops.maximum(0.0, self._draw(images, -2.0, 2.0))
        moved = keras.ops.image.affine_transform(
            images - beyond,
            self._transforms(images),
            fill_mode="constant",
            data_format="channels_last",
        )
        return moved + beyond

    def _transforms(self, images: Tensor) -> Tensor:
        """Draws for each image the transform from positions in the result to its own, (n, 8)."""
        ops = keras.ops
        height, width = images.shape[1:3]
        turn = self._draw(images, -self.TURN, self.TURN)
        shear = self._draw(images, -self.SHEAR, self.SHEAR)
        field = self._draw_factor(images, *self.FIELD)
        stretch = ops.sqrt(self._draw_factor(images, 1 / self.ASPECT, self.ASPECT))
        mirror = ops.sign(self._draw(images, -1.0, 1.0))
        across, down = field * stretch * mirror, field / stretch
        a, b = across * ops.cos(turn), across * (shear * ops.cos(turn) - ops.sin(turn))
        c, d = down * ops.sin(turn), down * (shear * ops.sin(turn) + ops.cos(turn))
        x, y = (width - 1) / 2, (height - 1) / 2  # all but the shift is about the centre
        to_right = x - a * x - b * y + width * self._draw(images, -self.SHIFT, self.SHIFT)
        to_bottom = y - c * x - d * y + height * self._draw(images, -self.SHIFT, self.SHIFT)
        none = ops.zeros_like(a)
        numbers = [a, b, to_right, c, d, to_bottom, none, none]
        return ops.reshape(ops.concatenate(numbers, axis=-1), (-1, 8))


class RandomExposure(_RandomChange):
    """Random exposure: uneven shading, gamma, contrast and brightness."""

    SHADE = 0.12
    GAMMA = 1.65
    CONTRAST = 1.35
    BRIGHTNESS = 0.15

    def change(self, images: Tensor) -> Tensor:
        """Changes the exposure of the images."""
        ops = keras.ops
        grid = (ops.shape(images)[0], 4, 4, 1)
        shade = keras.random.normal(grid, stddev=self.SHADE, seed=self._seed)
        shade = ops.image.resize(shade, images.shape[1:3], data_format="channels_last")
        lit = ops.clip(images * ops.exp(shade), 1e-4, 1.0)
        curved = ops.power(lit, self._draw_factor(images, 1 / self.GAMMA, self.GAMMA))
        spread = (curved - 0.5) * self._draw_factor(images, 1 / self.CONTRAST, self.CONTRAST)
        return spread + 0.5 + self._draw(images, -self.BRIGHTNESS, self.BRIGHTNESS)


class RandomDetail(_RandomChange):
    """Random sharpness and noise: a blurred image must not be taken for pneumonia."""

    NOISE = 0.12

    def change(self, images: Tensor) -> Tensor:
        """Sharpens the images, or blurs them by up to 2.2 pixels, and adds noise, mostly little."""
        ops = keras.ops
        blurred = self._blur(images, 1)
        soft = self._blur(blurred, 2)
        amount = self._draw(images, -1.0, 2.0)
        mixed = images + ops.minimum(amount, 1.0) * (blurred - images)
        mixed = mixed + ops.maximum(amount - 1.0, 0.0) * (soft - blurred)
        noise = keras.random.normal(ops.shape(images), seed=self._seed)
        return mixed + noise * self.NOISE * ops.square(self._draw(images, 0.0, 1.0))

    def _blur(self, images: Tensor, step: int) -> Tensor:
        """Blurs the images by a binomial kernel with a standard deviation of `step` pixels."""
        binomial = np.array([1, 4, 6, 4, 1], dtype=np.float32) / 16
        kernel = np.outer(binomial, binomial)[..., np.newaxis, np.newaxis]
        return keras.ops.conv(
            images, kernel, padding="same", dilation_rate=step, data_format="channels_last"
        )


class RandomCovers(_RandomChange):
    """Random covers: at most two grey rectangles anywhere, and in half of the images a frame.

    Random erasing: Zhong et al. 2020, arXiv:1708.04896. (`keras.layers.RandomErasing` fills with
    one value for all images or with noise: either would show what was covered.) The frame hides
    shoulders, neck, abdomen and markers, which predict the class of these images all too well.
    """

    SIDE = (0.1, 0.4)
    FRAME = 0.2  # largest fraction of the image on each side

    def change(self, images: Tensor) -> Tensor:
        """Covers parts of the images."""
        ops = keras.ops
        down, across = _find_places(images)
        for _ in range(2):
            inside = self._draw(images, 0.0, 1.0) < 0.6
            for axis in (down, across):
                half = self._draw(images, *self.SIDE) / 2
                inside = inside & (ops.abs(axis - self._draw(images, 0.0, 1.0)) < half)
            images = ops.where(inside, self._draw(images, 0.0, 1.0), images)
        framed = self._draw(images, 0.0, 1.0) < 0.5
        grey = ops.maximum(0.0, self._draw(images, -1.0, 1.0))  # black in half of them
        for axis in (down, across):
            for from_edge in (axis, 1.0 - axis):
                hidden = framed & (from_edge < self._draw(images, 0.0, self.FRAME))
                images = ops.where(hidden, grey, images)
        return images


class HideLungs(_Random):
    """Hides the lungs of one in four of float32 images (n, h, w, 1) in [0, 1], in training.

    What is left, the margins, must not tell the class: see `EvenOdds`. The cover is one grey
    rectangle, alike in all but its grey and a little of its size, so that it tells nothing itself.
    """

    CHANCE = 0.25
    HEIGHT = (0.6, 0.8)  # fractions of those of the image
    WIDTH = (0.66, 0.86)

    def call(self, images: Tensor, training: bool | None = None) -> tuple[Tensor, Tensor]:
        """Returns the images, and 1 for each whose lungs are hidden, else 0, float32 (n, 1)."""
        ops = keras.ops
        if not training:
            return images, ops.zeros((ops.shape(images)[0], 1), dtype="float32")
        down, across = _find_places(images)
        covered = ops.abs(down - 0.5) < self._draw(images, *self.HEIGHT) / 2
        covered = covered & (ops.abs(across - 0.5) < self._draw(images, *self.WIDTH) / 2)
        hidden = self._draw(images, 0.0, 1.0) < self.CHANCE
        changed = ops.where(hidden & covered, self._draw(images, 0.0, 1.0), images)
        return changed, ops.cast(ops.reshape(hidden, (-1, 1)), "float32")


class EvenOdds(keras.layers.Layer):  # type: ignore[misc]
    """Makes the loss of some images that of even odds, whatever their class.

    It gives each class of such an image the geometric mean of all probabilities. The cross-entropy
    of any class is then the mean of those of all, which is least where all are equally probable.
    These outputs add up to less than 1, and the loss must not scale them up to it.
    """

    def __init__(self) -> None:
        super().__init__(dtype="float32")

    def call(self, probabilities: Tensor, even: Tensor) -> Tensor:
        """Returns outputs (n, classes) for probabilities, and 1 for even odds, else 0, (n, 1)."""
        ops = keras.ops
        least = float(np.finfo(np.float32).tiny)
        logs = ops.log(ops.maximum(probabilities, least))
        return ops.exp(logs + even * (ops.mean(logs, axis=-1, keepdims=True) - logs))


def _find_places(images: Tensor) -> tuple[Tensor, Tensor]:
    """Finds how far down, (1, h, 1, 1), and across, (1, 1, w, 1), pixels lie, in (0, 1)."""
    ops = keras.ops
    height, width = images.shape[1:3]
    down = ops.reshape((ops.arange(height, dtype="float32") + 0.5) / height, (1, -1, 1, 1))
    across = ops.reshape((ops.arange(width, dtype="float32") + 0.5) / width, (1, 1, -1, 1))
    return down, across
