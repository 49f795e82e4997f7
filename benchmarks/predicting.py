"""Predicting: a cold start and a warm batch, beside plain Keras on the same model.

Cold is a process from its start to its end, for one image. Warm is a model in memory and images
of the network's size, in arrays (the bare network) or in PNG files (all of the way): once a single
batch of 32, as a service gets it, and once many in a row, where the cost of a call no longer
counts. All engines run the same weights, in one process and in turns, so that whatever else the
machine does slows all of them down alike. OpenVINO is measured where it can be imported.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from machine import PLAIN, PNEUMOSCOPE, parser, print_facts, print_table, ratio, run, sample, spread
from pneumoscope.bundle import Bundle, read_bundle
from pneumoscope.dataset import prepare

Engine = Callable[[], NDArray[np.float32]]
"""Predicts all images, and gives their probabilities (n, classes)."""

_BATCH = 32


def main() -> None:
    """Measures cold, then warm, and prints both tables."""
    options = parser(__doc__.splitlines()[0], images=256)
    options.add_argument("--bundle", type=Path, help="by default one is trained for an epoch")
    options.add_argument("--repeats", type=int, default=9, help="of each measurement")
    choices = options.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        images = sample(choices.data, choices.images, folder)
        files = [record.path for record in prepare(images, folder / "prepared").images.records]
        bundle = read_bundle(choices.bundle or _train(folder))
        print_facts(
            f"{len(files)} images ({'phantoms' if choices.data is None else choices.data.name})",
            f"medians of {choices.repeats}, in turns, with the least and the greatest",
        )
        _report_cold(bundle, next(images.rglob("*.*")), choices.repeats)
        int8 = _quantize((bundle.root / "model.onnx"), _read(files[::8]), folder / "int8.onnx")
        _report_warm("one batch", bundle, int8, files[:_BATCH], 5 * choices.repeats)
        _report_warm("many in a row", bundle, int8, files, choices.repeats)


def _train(folder: Path) -> Path:
    run(
        PNEUMOSCOPE,
        "train",
        folder / "prepared",
        "--arch",
        "baseline",
        "-o",
        folder / "run",
        "--epochs",
        "1",
    )
    return folder / "run" / "bundle"


def _report_cold(bundle: Bundle, image: Path, repeats: int) -> None:
    keras_file = bundle.root / "model.keras"
    commands = {
        "plain Keras script": (sys.executable, PLAIN / "predicting.py", keras_file, image),
        "pneumoscope predict": (PNEUMOSCOPE, "predict", bundle.root, image),
    }
    taken = {name: [run(*command)] for name, command in commands.items()}  # fills the disk cache
    for _ in range(repeats):
        for name, command in commands.items():
            taken[name].append(run(*command))
    seconds = {name: [one.seconds for one in runs[1:]] for name, runs in taken.items()}
    plain = seconds["plain Keras script"]
    rows = [
        [
            name,
            spread(values, 2),
            f"**1/{ratio(plain, values):.1f}**",
            f"{max(one.peak for one in taken[name]) / 1e9:.2f} GB",
        ]
        for name, values in seconds.items()
    ]
    print_table(["cold, one image", "seconds", "ratio", "peak memory"], rows)


def _report_warm(title: str, bundle: Bundle, int8: Path, files: list[Path], repeats: int) -> None:
    engines = _engines(bundle, int8, files)
    expected = {name: engine() for name, engine in engines.items()}  # and warms them up
    taken: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(repeats):
        for name, engine in engines.items():
            start = time.perf_counter()
            engine()
            taken[name].append(len(files) / (time.perf_counter() - start))
    plain = next(iter(engines))  # Keras
    rows = []
    for name, rates in taken.items():
        difference = np.abs(expected[name] - expected[plain])
        rows.append(
            [
                name,
                spread(rates),
                f"**{ratio(rates, taken[plain]):.2f}**",
                f"{difference.max():.1e}",
                f"{difference.mean():.1e}",
            ]
        )
    header = [
        f"warm, {len(files)} images: {title}",
        "images/s",
        "ratio",
        "greatest difference",
        "mean difference",
    ]
    print_table(header, rows)


def _engines(bundle: Bundle, int8: Path, files: list[Path]) -> dict[str, Engine]:
    """Everything that can run the network, plain Keras first."""
    arrays = _read(files)
    engines = {
        **_keras(bundle, arrays, files),
        "pneumoscope, PNG files": _predictor(bundle, files),
        "ONNX Runtime float32, arrays": _onnx((bundle.root / "model.onnx"), arrays),
        "ONNX Runtime int8, arrays": _onnx(int8, arrays),
    }
    if find_spec("openvino"):
        for precision in ("f32", "bf16"):
            engines[f"OpenVINO {precision}, arrays"] = _openvino(
                (bundle.root / "model.onnx"), arrays, precision
            )
    return engines


def _read(files: list[Path]) -> NDArray[np.uint8]:
    """Prepared images as one array, uint8 (n, height, width, 1)."""
    return np.stack([np.asarray(Image.open(file)) for file in files])[..., np.newaxis]


def _keras(bundle: Bundle, arrays: NDArray[np.uint8], files: list[Path]) -> dict[str, Engine]:
    from pneumoscope.training.backend import keras

    model = keras.models.load_model(bundle.root / "model.keras")

    def from_files() -> NDArray[np.float32]:
        images = [keras.utils.load_img(file, color_mode="grayscale") for file in files]
        stacked = np.stack([keras.utils.img_to_array(image) for image in images])
        return model.predict(stacked.astype("uint8"), batch_size=_BATCH, verbose=0)

    return {
        "Keras model.predict, arrays": lambda: model.predict(arrays, batch_size=_BATCH, verbose=0),
        "Keras model.predict, PNG files": from_files,
    }


def _predictor(bundle: Bundle, files: list[Path]) -> Engine:
    from pneumoscope.inference import Predictor

    predictor = Predictor(bundle)
    return lambda: np.array(
        [list(found.probabilities.values()) for found in predictor.predict_many(files)],
        dtype=np.float32,
    )


def _onnx(model: Path, arrays: NDArray[np.uint8]) -> Engine:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return _in_batches(lambda batch: session.run(["probabilities"], {"image": batch})[0], arrays)


def _openvino(model: Path, arrays: NDArray[np.uint8], precision: str) -> Engine:
    import openvino

    settings = {"INFERENCE_PRECISION_HINT": precision}
    compiled = openvino.Core().compile_model(model, "CPU", settings)
    return _in_batches(lambda batch: compiled({"image": batch})["probabilities"].copy(), arrays)


def _in_batches(step: Callable[[NDArray[np.uint8]], Any], arrays: NDArray[np.uint8]) -> Engine:
    starts = range(0, len(arrays), _BATCH)
    return lambda: np.concatenate([step(arrays[start : start + _BATCH]) for start in starts])


def _quantize(model: Path, examples: NDArray[np.uint8], path: Path) -> Path:
    """Static int8 (QDQ) of the convolutions, calibrated on a few images."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):
        def __init__(self) -> None:
            self._images = iter(examples)

        def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
            image = next(self._images, None)
            return None if image is None else {"image": image[np.newaxis]}

    simple = path.with_suffix(".simple.onnx")
    quantization.shape_inference.quant_pre_process(model, simple, skip_symbolic_shape=True)
    quantization.quantize_static(
        simple,
        path,
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        op_types_to_quantize=["Conv", "Relu", "MaxPool"],
    )
    return path


if __name__ == "__main__":
    main()
