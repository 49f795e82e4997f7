"""Fixtures of all tests: an isolated home, small data sets, and a bundle made without training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import onnx
import pydicom
import pytest
from hypothesis import settings
from onnx import TensorProto, helper
from PIL import Image
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

from pneumoscope.bundle import BundleInfo, Seen, new_bundle, write_gate
from pneumoscope.dataset import PhantomSettings, make_phantoms
from pneumoscope.gate import GateLevel, GateLevels, TrainingDistance
from pneumoscope.imaging import decode, source
from pneumoscope.imaging.source import Source
from pneumoscope.types import Geometry, OperatingPoint

# The time of an example depends on the machine, not on the program.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

REAL = Path(__file__).parents[2] / "shared" / "data"
SIDE = 32
GATE_LEVELS = GateLevels(
    {"features": GateLevel(2.0, 0.05)}, GateLevel(4.0, 0.01), images=100, patients=90
)


@pytest.fixture(autouse=True)
def isolated_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home" / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home" / "data"))


@pytest.fixture(scope="session")
def real() -> Path:
    if not REAL.is_dir():
        pytest.skip("the real radiographs are not beside this checkout")
    return REAL


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes a small data set of class folders."""
    root = tmp_path_factory.mktemp("data") / "phantoms"
    make_phantoms(root, PhantomSettings(patients=36, seed=3, width=(96, 128)))
    return root


def picture(shape: tuple[int, ...] = (48, 40), seed: int = 0) -> np.ndarray:
    """Makes a picture of noise, uint8."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    """Encodes an image as a file in memory."""
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    stream = BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def save_dicom(path: Path, **elements: str) -> None:
    """Writes a DICOM file with a header and no pixels."""
    ds = pydicom.Dataset()
    ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID = pydicom.uid.generate_uid()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


@pytest.fixture
def class_folders(tmp_path: Path) -> Callable[..., Path]:
    """Makes a data set of noise: so many images for each class, each a patient of its own."""

    def make(name: str = "data", **counts: int) -> Path:
        for index, (folder, count) in enumerate(counts.items()):
            (tmp_path / name / folder).mkdir(parents=True)
            for number in range(count):
                data = encoded(picture(seed=1000 * index + number))
                (tmp_path / name / folder / f"{number}.png").write_bytes(data)
        return tmp_path / name

    return make


def brightness_network(
    pool: str = "GlobalAveragePool", unit: float = 16.0, side: int = SIDE
) -> onnx.ModelProto:
    """Makes a network without weights: the brighter the image, the likelier class 1.

    With `pool="GlobalMaxPool"` it is the brightest place that counts. Its features are the logits:
    less and plus the mean brightness above 128, in units of 16. An infinite unit gives all images
    the same scores, and NaN gives scores that are not finite.
    """
    size = side // 4
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["float", "shape"], ["channels_first"]),
        helper.make_node(
            "AveragePool", ["channels_first"], ["mean"], kernel_shape=[size] * 2, strides=[size] * 2
        ),
        helper.make_node("Sub", ["mean", "middle"], ["centred"]),
        helper.make_node("Div", ["centred", "scale"], ["for_1"]),
        helper.make_node("Neg", ["for_1"], ["for_0"]),
        helper.make_node("Concat", ["for_0", "for_1"], ["class_activation_maps"], axis=1),
        helper.make_node(pool, ["class_activation_maps"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["features"]),
        helper.make_node("Softmax", ["features"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", side, side, 1])],
        [
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
            helper.make_tensor_value_info(
                "class_activation_maps", TensorProto.FLOAT, ["n", 2, 4, 4]
            ),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 2]),
        ],
        [
            helper.make_tensor("shape", TensorProto.INT64, [4], [-1, 1, side, side]),
            helper.make_tensor("middle", TensorProto.FLOAT, [], [128.0]),
            helper.make_tensor("scale", TensorProto.FLOAT, [], [unit]),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def bundle_info(**changes: object) -> BundleInfo:
    return BundleInfo(
        **{
            "name": "brightness",
            "version": "0.0",
            "architecture": "none",
            "classes": ("NORMAL", "PNEUMONIA"),
            "geometry": Geometry(SIDE, SIDE),
            "operating_points": (OperatingPoint(),),
            "seed": 0,
            "command": "none",
            **changes,
        }
    )


def write_bundle(
    root: Path,
    seen: Seen | None = None,
    pool: str = "GlobalAveragePool",
    usual: float | None = None,
    unit: float = 16.0,
    **changes: object,
) -> Path:
    """Writes a bundle around `brightness_network`.

    With `usual`, its gate compares mean brightness with this one, in units of 16: it warns
    above a distance of 2, and refuses above 4.
    """
    levels = None if usual is None else GATE_LEVELS
    info = bundle_info(**{"gate": levels, **changes})
    with new_bundle(root, info) as folder:
        onnx.save(brightness_network(pool, unit, info.geometry.height), folder / "model.onnx")
        (folder / "MODEL_CARD.md").write_text(f"# {info.name}\n\nNot for patients.\n")
        if usual is not None:
            logit = (usual - 128) / 16
            means = np.array([[-logit, logit]], np.float32)
            write_gate(folder, {"features": TrainingDistance(means, np.eye(2, dtype=np.float32))})
        (seen or Seen("key", frozenset(), frozenset())).write(folder)
    return root


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "bundle")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes an installation with two models, the second of which is the default."""
    root = tmp_path / "shipped"
    counts = {"NORMAL": 1000, "PNEUMONIA": 2000}
    data = {"images": {"train": counts, "val": counts}, "attributions": [{"title": "Phantoms"}]}
    for name in ("bright-1", "bright-2"):
        metrics = {"epoch": 1, "loss": 0.125, "val_loss": 0.25}
        write_bundle(root / name, name=name, training_data=data, metrics=metrics)
    (root / "default.txt").write_text("bright-2\n")
    monkeypatch.setattr("pneumoscope.shipped.models.ROOT", root)
    return root


@pytest.fixture
def nothing_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes an installation without models."""
    (tmp_path / "nothing").mkdir()
    monkeypatch.setattr("pneumoscope.shipped.models.ROOT", tmp_path / "nothing")


def count_readings(monkeypatch: pytest.MonkeyPatch) -> tuple[Counter[str], Counter[str]]:
    """Counts from now on how often each file is read, and its picture decoded, by path."""
    read: Counter[str] = Counter()
    decoded: Counter[str] = Counter()
    real_open, real_decode = source._open_at_once, decode._decode

    def open_counted(path: str, flags: int) -> int:
        read[str(path)] += 1
        return real_open(path, flags)

    def decode_counted(found: Source, kind: str, at_least: int | None) -> Image.Image:
        decoded[found.name] += 1
        return real_decode(found, kind, at_least)

    monkeypatch.setattr(source, "_open_at_once", open_counted)
    monkeypatch.setattr(decode, "_decode", decode_counted)
    return read, decoded
