"""The command line as its users meet it: what it prints, where, and how it leaves."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pneumoscope import __version__
from pneumoscope.bundle import SCHEMA_VERSION
from pneumoscope.cli.main import main
from pneumoscope.types import OperatingPoint
from tests.cli.conftest import Run
from tests.conftest import encoded, picture, write_bundle


def test_version_and_help(run: Run) -> None:
    assert run("--version") == (0, f"pneumoscope {__version__}\n", "")
    commands = (
        "train",
        "evaluate",
        "compare",
        "stress",
        "check-heatmaps",
        "predict",
        "models",
    )
    for command in ((), *((name,) for name in commands), ("data", "prepare")):
        code, out, _ = run(*command, "--help")
        assert code == 0
        assert "pneumoscope " + " ".join(command) in out  # usage and examples


def test_unknown_operating_point_is_answered_with_those_there_are(
    run: Run, bundle: Path, images: Path
) -> None:
    for words in (("predict", bundle, images), ("evaluate", bundle, images)):
        code, out, err = run(*words, "--operating-point", "none")
        assert (code, out) == (2, "")
        assert "Expected default. Received none." in err


def test_predict_prints_a_table(run: Run, bundle: Path, images: Path) -> None:
    code, out, err = run("predict", bundle, images / "0.png")
    assert code == 0
    head, row = out.splitlines()
    assert head.split() == ["label", "p(PNEUMONIA)", "file"]
    label, probability, file = row.split()
    assert label in ("NORMAL", "PNEUMONIA")
    assert 0 <= float(probability) <= 1
    assert file == str(images / "0.png")
    assert "research tool" in err


def test_predict_json_is_one_record_a_line(run: Run, bundle: Path, images: Path) -> None:
    code, out, _ = run("predict", bundle, images, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [Path(record["path"]).name for record in records] == ["0.png", "1.png", "2.png"]
    assert all(record["status"] == "accepted" for record in records)


def test_predict_goes_on_after_bad_files_and_exits_1(run: Run, bundle: Path, images: Path) -> None:
    (images / "1.png").write_text("text")
    code, out, err = run("predict", bundle, images, images / "none.png", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 1
    assert [row["status"] for row in rows] == ["accepted", "error", "accepted", "error"]
    assert rows[1]["probability"] == ""
    assert "2 of 4 files could not be read" in err
    code, out, err = run("predict", bundle, images)
    assert code == 1
    assert "error" in out
    assert "1.png is not an image" in err


def test_predict_counts_what_it_steps_over(run: Run, bundle: Path, images: Path) -> None:
    for number in range(5):
        (images / f"{number}.csv").write_text("text")
    _, _, err = run("predict", bundle, images)
    said = "5 files that are no images were skipped: 0.csv, 1.csv, 2.csv, and 2 more"
    assert said in err.splitlines()


def test_predict_reads_standard_input(
    run: Run, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(encoded(picture())))
    monkeypatch.setattr(sys, "stdin", stream)
    code, out, _ = run("predict", bundle, "-", "--json")
    assert code == 0
    assert json.loads(out)["path"] == "-"


def test_predict_writes_heatmaps(run: Run, bundle: Path, images: Path, tmp_path: Path) -> None:
    code, _, _ = run("predict", bundle, images, "--heatmap", tmp_path / "heat")
    assert code == 0
    assert len(list((tmp_path / "heat").glob("*.heatmap.png"))) == 3


def test_predict_names_no_folder_of_heatmaps_that_is_empty(
    run: Run, bundle: Path, images: Path, tmp_path: Path
) -> None:
    said = f"Heatmaps in {tmp_path / 'heat'}"
    for image, drawn in ((tmp_path / "gone.png", False), (images / "0.png", True)):
        err = run("predict", bundle, image, "--heatmap", tmp_path / "heat")[2]
        assert (said in err) == drawn


def test_evaluate(run: Run, bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    out_folder = tmp_path / "evaluation"
    code, out, _ = run(
        "evaluate", bundle, phantoms, "-o", out_folder, "--resamples", "100", "--json"
    )
    assert code == 0
    assert json.loads(out) == json.loads((out_folder / "metrics.json").read_text())
    shutil.copytree(phantoms, phantoms_copy := tmp_path / "copy")
    code, _, err = run("evaluate", bundle, phantoms_copy, "-o", out_folder, "--resamples", "100")
    assert code == 2
    assert "was made of something else" in err
    command = ("evaluate", bundle, phantoms, "-o", out_folder, "--resamples", "100", "--full")
    code, out, err = run(*command)
    assert code == 0
    for word in ("balanced accuracy", "AUROC", "consolidation", "PNEUMONIA", str(out_folder)):
        assert word in out
    assert "research tool" in err


def test_tables_are_whole_in_a_narrow_terminal(
    run: Run, bundle: Path, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    code, out, _ = run("evaluate", bundle, phantoms, "-o", tmp_path, "--resamples", "100")
    assert code == 0
    assert "…" not in out


def test_stress(run: Run, phantoms: Path, tmp_path: Path) -> None:
    roots = [write_bundle(tmp_path / name, name=name) for name in ("[one]", "two\n|x")]
    command = ("stress", *roots, phantoms, "-o", tmp_path / "out", "--resamples", 100, "--full")
    code, out, err = run(*command)
    assert code == 0
    for word in ("[one]", r"two\n|x", "worst", "AUROC", "lungs-hidden", "100 resamples"):
        assert word in out
    assert "…" not in out
    assert r"two\\n\|x" in (tmp_path / "out" / "stress.md").read_text()
    assert "research tool" in err
    code, out, _ = run("stress", roots[0], phantoms, "--json", "--resamples", 100)
    assert code == 0
    models = json.loads((tmp_path / "out" / "stress.json").read_text())["models"]
    assert json.loads(out)["models"] == models[:1]


def test_stress_at_all_severities(
    run: Run, bundle: Path, class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=3, PNEUMONIA=3)
    options = ("--severities", "--full", "-o", tmp_path / "out", "--resamples", 100)
    code, out, _ = run("stress", bundle, data, *options)
    assert code == 0
    for words in (
        "Mean over the changes by severity",
        "labels unchanged",
        "activation map correlation",
    ):
        assert words in out
    assert (tmp_path / "out" / "severities_auroc.png").is_file()


def test_check_heatmaps(run: Run, bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    out_folder = tmp_path / "out"
    words = ("check-heatmaps", bundle, phantoms, "--images", 6, "-o", out_folder)
    code, out, err = run(*words)
    assert code == 0
    for word in ("deletion", "insertion", "better than random", "2,000 resamples"):
        assert word in " ".join(out.split())
    for word in ("Not drawn:", "cannot be shuffled", "research tool"):
        assert word in err
    code, out, _ = run(*words, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((out_folder / "heatmap_check.json").read_text())
    code, out, err = run(*words, "--masks", tmp_path / "nowhere")
    assert (code, out) == (2, "")
    assert "no readable mask" in err


def test_evaluate_tells_what_it_leaves_out(
    run: Run, bundle: Path, class_folders: Callable[..., Path], tmp_path: Path
) -> None:
    data = class_folders(NORMAL=4, PNEUMONIA=4)
    (data / "NORMAL" / "bad.png").write_text("text")
    code, _, err = run("evaluate", bundle, data, "-o", tmp_path / "out", "--resamples", "100")
    assert code == 1
    assert "Left out:" in err
    assert "bad.png" in err
    assert "patient of 9 of 9 images" in err


def test_compare(run: Run, bundle: Path, phantoms: Path, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", pool="GlobalMaxPool", name="peak")
    command = ("compare", bundle, other, phantoms, "-o", tmp_path / "out", "--resamples", "100")
    code, out, _ = run(*command, "--json")
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "comparison.json").read_text())
    code, out, err = run(*command, "--full")
    assert code == 0
    for word in ("peak less brightness", "AUROC", "consolidation", "DeLong", "McNemar", "adjusted"):
        assert word in out
    assert "research tool" in err


def test_compare_bundles_of_other_classes_exits_3(
    run: Run, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    other = write_bundle(tmp_path / "other", classes=("NORMAL", "[b]TB\n"))
    code, out, err = run("compare", bundle, other, phantoms)
    assert (code, out) == (3, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


def test_evaluate_tells_how_far_images_lie(
    run: Run, bundle: Path, phantoms: Path, tmp_path: Path
) -> None:
    code, out, _ = run("evaluate", bundle, phantoms, "-o", tmp_path / "out", "--resamples", "100")
    assert code == 0
    assert "Drift not computable" in out


def test_data_prepare(run: Run, class_folders: Callable[..., Path], tmp_path: Path) -> None:
    data = class_folders(NORMAL=6, PNEUMONIA=6)
    (data / "NORMAL" / "bad.png").write_text("text")
    command = ("data", "prepare", data, "-o", tmp_path / "out", "--image-size", "32")
    code, out, err = run(*command)
    assert code == 1
    assert "left out    1" in out
    assert "bad.png" in err
    code, out, _ = run(*command, "--json")
    assert json.loads(out)["left_out"] == 1
    assert sum(json.loads(out)["images"]["train"].values()) > 0


ODD_NAMES = (b"two\nNORMAL 0.9 lines\r.png", b"name\xe9.png", b"\x1b[31m $a$.png", b"[bold].png")


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """Class folders of files whose names are no text, or more than one line."""
    root = tmp_path / "odd"
    for index, folder in enumerate(("NORMAL", "PNEUMONIA")):
        (root / folder).mkdir(parents=True)
        for number, name in enumerate((*ODD_NAMES, b"0.png", b"1.png")):
            path = root / folder / os.fsdecode(name)
            path.write_bytes(encoded(picture(seed=10 * index + number)))
        (root / folder / os.fsdecode(b"bad\n\xe9.png")).write_text("text")
    return root


@pytest.mark.parametrize("style", ["--json", "--csv", None])
def test_predict_with_odd_names(style: str | None, bundle: Path, odd: Path) -> None:
    command = [sys.executable, "-m", "pneumoscope", "predict", bundle, odd]
    done = subprocess.run([*command, *([style] if style else [])], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 14 + (style != "--json")
    if style == "--json":
        paths = [json.loads(line)["path"] for line in done.stdout.splitlines()]
        assert all(Path(path).is_file() for path in paths)


@pytest.mark.parametrize("style", ["--csv", None])
def test_predict_prints_no_codes_of_a_stranger(
    style: str | None, run: Run, images: Path, tmp_path: Path
) -> None:
    code = "\x1b[31m\n"
    points = (OperatingPoint(f"default{code}", 0.5),)
    names = (f"NORMAL{code}", f"PNEUMONIA{code}")
    root = write_bundle(tmp_path / "b", classes=names, operating_points=points)
    done, out, err = run("predict", root, images, *([style] if style else []))
    assert done == 0
    assert "\x1b" not in out + err
    assert r"NORMAL\x1b[31m\n" in out or r"PNEUMONIA\x1b[31m\n" in out
    assert len(out.splitlines()) == 4


def test_evaluate_and_prepare_with_odd_names(
    run: Run, bundle: Path, odd: Path, tmp_path: Path
) -> None:
    lines = ["path,label,ward"]
    for path in sorted(odd.rglob("*.png")):
        lines.append(f'"{path.relative_to(odd)}",{path.parent.name},"[/red] $x$"')
    (odd / "list.csv").write_bytes(os.fsencode("\n".join(lines)))
    for number, data in enumerate((odd, odd / "list.csv")):
        out_folder = tmp_path / f"e{number}"
        command = ("evaluate", bundle, data, "-o", out_folder, "--resamples", "100", "--full")
        code, out, err = run(*command)
        assert code == 1, err
        assert err.count("Left out: ") == 2
        assert ("ward=[/red] $x$" in out) == (number == 1)
        text = (out_folder / "predictions.csv").read_bytes().decode("utf-8", "surrogateescape")
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len(rows) == 12
        assert all(Path(row["path"]).is_file() for row in rows)
        code, out, err = run(
            "data", "prepare", data, "-o", tmp_path / f"p{number}", "--json", "--seed", 3
        )
        assert code == 1, err
        assert json.loads(out)["left_out"] == 2


def test_data_phantoms(run: Run, tmp_path: Path) -> None:
    code, out, err = run("data", "phantoms", tmp_path / "new", "--patients", "4")
    assert code == 0
    assert f"in {tmp_path / 'new'}" in out
    assert "research tool" in err


def test_a_greater_lesion_strength_makes_pneumonia_brighter_and_nothing_else(
    run: Run, tmp_path: Path
) -> None:
    for strength in (0.3, 2):
        options = ("--patients", "4", "--lesion-strength", strength)
        assert run("data", "phantoms", tmp_path / str(strength), *options)[0] == 0
    for faint in (tmp_path / "0.3").rglob("*.png"):
        plain = tmp_path / "2" / faint.relative_to(tmp_path / "0.3")
        gain = np.asarray(Image.open(plain), int) - np.asarray(Image.open(faint))
        assert gain.min() >= 0
        assert gain.any() == (faint.parent.name == "PNEUMONIA")
    code, _, err = run("data", "phantoms", tmp_path / "no", "--lesion-strength", "0")
    assert (code, "more than 0" in err) == (2, True)


@pytest.mark.keras
def test_train_and_resume(run: Run, phantoms: Path, tmp_path: Path) -> None:
    root = tmp_path / "run"
    options = ("--image-size", "32", "--epochs", "1", "--precision", "float32")
    code, out, err = run("train", phantoms, "-o", root, *options)
    assert code == 0
    assert f"bundle  {root / 'bundle'}  (epoch 1 of 1)" in out
    assert "images/s" in err
    code, out, _ = run("train", "--resume", root, "--json")
    assert code == 0
    assert json.loads(out)["best_epoch"] == 1
    assert {"code", "text", "values"} == set(json.loads(out)["notices"][0])
    code, _, err = run("train", phantoms, "-o", root, *options)
    assert code == 2
    assert "not empty" in err


@pytest.mark.keras
def test_interrupted_training_exits_130(
    run: Run, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumoscope.training import fit

    def interrupted(reporter: object, epoch: int, logs: object = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fit._Reporter, "on_epoch_end", interrupted)
    options = ("--image-size", "32", "--epochs", "2", "--precision", "float32")
    code, out, err = run("train", phantoms, "-o", tmp_path / "run", *options)
    assert code == 130
    assert "(epoch 1 of 1)" in out
    assert f"pneumoscope train --resume {tmp_path / 'run'}" in err


def break_bundle(bundle: Path, how: str) -> None:
    if how == "byte":
        content = bytearray((bundle / "model.onnx").read_bytes())
        content[-1] ^= 1
        (bundle / "model.onnx").write_bytes(content)
    elif how == "file":
        (bundle / "model.onnx").unlink()
    else:
        manifest = json.loads((bundle / "bundle.json").read_text())
        manifest["schema_version"] = SCHEMA_VERSION + 1
        (bundle / "bundle.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("how", ["byte", "file", "schema"])
def test_bad_bundle_exits_3_with_one_line(how: str, run: Run, bundle: Path, images: Path) -> None:
    break_bundle(bundle, how)
    code, out, err = run("predict", bundle, images)
    assert (code, out) == (3, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1


USAGE = {
    "no data": ("train",),
    "missing folder": ("train", "nowhere"),
    "resume with data": ("train", "data", "--resume", "run"),
    "resume nothing": ("train", "--resume", "nowhere"),
    "one bundle": ("compare", "bundle", "data"),
    "no bundle": ("compare", "data"),
    "json and csv": ("predict", "bundle", "image.png", "--json", "--csv"),
    "stress without data": ("stress", "bundle"),
    "heatmaps of no image": ("check-heatmaps", "bundle", "data", "--images", "0"),
    "odd precision": ("train", "data", "--precision", "float8"),
    "odd network": ("train", "data", "--arch", "resnet999"),
    "odd size": ("data", "prepare", "data", "--image-size", "7"),
    "missing data": ("data", "prepare", "nowhere"),
}


@pytest.mark.parametrize("case", USAGE)
def test_bad_input_exits_2_without_traceback(
    case: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*USAGE[case])
    assert (code, out) == (2, "")
    assert "Error" in err
    assert "Traceback" not in err


def test_missing_folder_leaves_no_run_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("train", "nowhere", "-o", "run")
    assert not (tmp_path / "run").exists()


def test_other_classes_exit_3(run: Run, bundle: Path, class_folders: Callable[..., Path]) -> None:
    code, _, err = run("evaluate", bundle, class_folders(cat=1, dog=1))
    assert code == 3
    assert "Expected NORMAL, PNEUMONIA. Received cat, dog" in err


def test_output_below_a_file_exits_4(run: Run, phantoms: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, _, err = run("data", "prepare", phantoms, "-o", tmp_path / "file" / "out")
    assert code == 4
    assert "a file stands where a folder is needed" in err


def test_bug_is_one_line_unless_debugging(
    run: Run, bundle: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pneumoscope.inference import Predictor

    monkeypatch.setattr(Predictor, "predict_many", lambda *_: 1 / 0)
    code, _, err = run("predict", bundle, images)
    assert code == 70
    assert err.startswith("Error: Internal error: ZeroDivisionError")
    monkeypatch.setenv("PNEUMOSCOPE_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["pneumoscope", "predict", str(bundle), str(images)])
    with pytest.raises(ZeroDivisionError):
        main()


def test_progress_is_shown_on_a_terminal(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "pneumoscope", "data", "phantoms", str(tmp_path / "new")]
    process = subprocess.Popen(
        [*command, "--patients", "4"], stderr=theirs, stdout=subprocess.DEVNULL
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:  # Linux's way of saying that the other side has closed
        pass
    os.close(ours)
    assert process.wait() == 0
    assert b"drawing" in shown
    assert b"images/s" in shown


def test_closed_pipe_is_no_error(bundle: Path, images: Path) -> None:
    for number in range(3, 400):
        (images / f"{number}.png").symlink_to(images / "0.png")
    command = f"{sys.executable} -m pneumoscope predict {bundle} {images} --json | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert "Error" not in done.stderr


def test_a_manifest_and_its_images_in_two_places(run: Run, bundle: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    lines = ["path,label"]
    for number in range(12):
        (archive / f"{number}.png").write_bytes(encoded(picture(seed=number)))
        lines.append(f"{number}.png,{('NORMAL', 'PNEUMONIA')[number % 2]}")
    (tmp_path / "tables").mkdir()
    manifest = tmp_path / "tables" / "list.csv"
    manifest.write_text("\n".join(lines))
    for *words, output in (
        ("data", "prepare", manifest, "-o", "prepared"),
        ("data", "audit", manifest, "-o", "audit.html"),
        ("evaluate", bundle, manifest, "--resamples", "100", "-o", "evaluation"),
    ):
        assert run(*words, tmp_path / f"no-{output}")[0] == 2
        code, _, err = run(*words, tmp_path / output, "--root", archive)
        assert code == 0, err
