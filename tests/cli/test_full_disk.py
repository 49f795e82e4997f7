"""A full disk is one line and exit code 4, and nothing half written is taken for whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pneumoscope.dataset import read_prepared
from pneumoscope.errors import DataError
from pneumoscope.scored.shards import read_tables
from tests.cli.conftest import Run
from tests.conftest import encoded, picture


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 KiB."""
    (root := tmp_path / "disk").mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(root)]
    try:
        subprocess.run(mounting, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a disk is not allowed here")
    yield root
    # Lazily: a process that has just been ended may hold a file for a moment.
    subprocess.run(["umount", "--lazy", str(root)], check=True)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("style", ["--json", "--csv"])
def test_standard_output(style: str, bundle: Path, images: Path) -> None:
    command = [sys.executable, "-m", "pneumoscope", "predict", bundle, images, style]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 4
    *_, last = done.stderr.splitlines()
    assert last == "Error: Cannot read or write the output: no space left on device"
    assert "Traceback" not in done.stderr


def test_heatmaps(run: Run, bundle: Path, tmp_path: Path, small_disk: Path) -> None:
    (image := tmp_path / "a.png").write_bytes(encoded(picture((300, 300))))
    code, _, err = run("predict", bundle, image, "--heatmap", small_disk / "heatmaps")
    assert code == 4
    assert "a.png.heatmap.png: the disk is full" in err.splitlines()[-1]
    assert not any(path.is_file() for path in small_disk.rglob("*"))


@pytest.mark.parametrize("kind", ["html", "pdf"])
def test_pages(kind: str, run: Run, bundle: Path, tmp_path: Path, small_disk: Path) -> None:
    (image := tmp_path / "a.png").write_bytes(encoded(picture((600, 600))))
    code, out, err = run("predict", bundle, image, f"--{kind}", small_disk / f"p.{kind}")
    assert code == 4
    assert str(image) in out
    assert f"p.{kind}: the disk is full" in err.splitlines()[-1]
    assert not any(path.is_file() for path in small_disk.rglob("*"))


def test_prepared_data(run: Run, class_folders: Callable[..., Path], small_disk: Path) -> None:
    data, output = class_folders(NORMAL=8, PNEUMONIA=8), small_disk / "prepared"
    code, out, err = run("data", "prepare", data, "-o", output, "--image-size", 96)
    assert (code, out) == (4, "")
    assert "the disk is full" in err.splitlines()[-1]
    with pytest.raises(DataError):
        read_prepared(output)


def test_scored_archive(
    run: Run, bundle: Path, images: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 1)
    code, out, err = run("score", bundle, images, "-o", small_disk / "scored", "--workers", 1)
    assert (code, out) == (4, "")
    assert "the disk is full" in err.splitlines()[-1]
    shards = list((small_disk / "scored").glob("part-*.parquet"))
    assert len(shards) < 3
    assert sum(len(table) for table in read_tables(small_disk / "scored")) == len(shards)
    assert not list((small_disk / "scored").glob(".*.part"))
