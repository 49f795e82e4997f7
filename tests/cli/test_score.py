"""The command `pneumoscope score`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from pneumoscope.scale.pool import Pool
from tests.cli.conftest import Run
from tests.conftest import encoded, picture


def test_it_says_what_has_come_of_the_images(
    run: Run, bundle: Path, images: Path, tmp_path: Path
) -> None:
    (images / "copy.png").write_bytes((images / "0.png").read_bytes())
    (images / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
    (images / "notes.txt").write_text("no image")
    code, out, err = run("score", bundle, images, "-o", tmp_path / "scored")
    assert code == 1
    assert "5 of 5 images are scored: with a label 4, refused 0, without an answer 1." in (
        " ".join(out.split())
    )
    assert re.search(r"no answer +image-broken +1 +0.200", out)
    assert re.search(r"^5 images in \d+ s, \d+\.\d images/s$", err, re.MULTILINE)
    assert f"Without an answer: {images / 'broken.png'}\n" in err
    assert "WHERE status = '\"'\"'error'\"'\"'" in err
    assert "1 images are exact copies of others" in err
    assert "1 files that are no images were skipped" in err
    assert f"`pneumoscope drift {bundle} {tmp_path / 'scored'}`" in err


def test_as_json(run: Run, bundle: Path, images: Path, tmp_path: Path) -> None:
    code, out, _ = run("score", bundle, images, "-o", tmp_path / "scored", "--json")
    found = json.loads(out)
    assert (code, found["scored"], found["status"]["accepted"]) == (0, 3, 3)


def test_parts_say_what_is_left(
    run: Run, bundle: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pneumoscope.scale.listing.SHARD", 1)
    scored = tmp_path / "scored"
    _, _, err = run("score", bundle, images, "-o", scored, "--shard", "2/2")
    assert "2 images are left to other parts of the work" in err
    assert "Next" not in err
    _, _, err = run("score", bundle, images, "-o", scored, "--shard", "2/2")
    assert "Nothing was left to score here" in err
    (images / "new.png").write_bytes(encoded(picture(seed=8)))
    _, out, err = run("score", bundle, images, "-o", scored)
    assert "3 of 3 images" in out
    assert "1 images have come since the plan was made" in err


@pytest.mark.parametrize("shard", ["3/2", "0/2", "two", "1/"])
def test_wrong_parts(shard: str, run: Run, bundle: Path, images: Path, tmp_path: Path) -> None:
    code, out, err = run("score", bundle, images, "-o", tmp_path / "s", "--shard", shard)
    assert (code, out) == (2, "")
    assert "--shard" in err
    assert "Traceback" not in err
    assert not (tmp_path / "s").exists()


def test_other_settings_are_told_as_options(
    run: Run, bundle: Path, images: Path, tmp_path: Path
) -> None:
    run("score", bundle, images, "-o", tmp_path / "scored")
    code, _, err = run("score", bundle, images, "-o", tmp_path / "scored", "--keep-uids")
    assert code == 2
    assert (
        "whether UIDs stay as they are (--keep-uids) differs. Expected no, as in its plan.json. "
        "Received yes." in err
    )
    code, _, err = run("score", bundle, images, "-o", tmp_path / "scored", "--no-gate")
    assert code == 2
    assert (
        "whether images can be refused (--no-gate) differs. Expected yes, as in its plan.json. "
        "Received no." in err
    )


def test_ctrl_c(
    run: Run, bundle: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Pool, "score", interrupted)
    code, _, err = run("score", bundle, images, "-o", tmp_path / "scored")
    assert code == 130
    assert "No shard was whole by then. To go on, give the same command" in err
    assert err.endswith("Interrupted.\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_that_may_not_be_written(
    run: Run, bundle: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, err = run("score", bundle, images, "-o", tmp_path / "locked" / "scored")
    assert code == 4
    assert "permission was denied" in err


def test_a_file_in_the_place_of_the_folder(
    run: Run, bundle: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    code, _, err = run("score", bundle, images, "-o", tmp_path / "file")
    assert code == 2
    assert f"{tmp_path / 'file'} holds something else" in err
    assert "Received a file" in err
