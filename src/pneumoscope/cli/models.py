"""The commands `pneumoscope models`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pneumoscope.cli.commands import FirstUnlessNamed
from pneumoscope.cli.console import add_bar, leave, print_json, progress_bars, say, say_notice
from pneumoscope.cli.options import AsJson, Model
from pneumoscope.files import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pneumoscope.bundle import Bundle
    from pneumoscope.shipped import ListedModel
    from pneumoscope.types import OperatingPoint


app = typer.Typer(
    cls=FirstUnlessNamed, help="List, add, export and remove models, and print model cards."
)


@app.command()
def show(
    model: Annotated[
        str | None,
        typer.Argument(help="Model whose card to print: a name, a bundle or a run folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models that ship with Pneumoscope or were added, or print a model card.

    \b
    pneumoscope models
    pneumoscope models runs/first

    The word `show` can be left out. A model that cannot be used is listed with what to do about
    it; the exit code is then 1.
    """
    from pneumoscope.bundle.card_head import without_head
    from pneumoscope.shipped import list_models, read_model

    if model is not None:
        found = read_model(model)
        if as_json:
            print_json({**_facts(found), "card": found.card()})
        else:
            print("\n".join(map(printable, without_head(found.card()).splitlines())))
        return
    listed = list_models()
    if as_json:
        print_json([_listed_facts(model) for model in listed])
    elif listed:
        print("\n\n".join("\n".join(_lines(model)) for model in listed))
    else:
        say("No model ships with this installation")
    leave(sum(model.problem is not None for model in listed))


@app.command()
def add(
    source: Annotated[
        str,
        typer.Argument(help="File of `models export`, bundle or run folder, or https://…#sha256=…"),
    ],
    name: Annotated[
        str | None, typer.Option(help="Name of the model; by default that in the bundle.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a model, so that its name stands wherever a bundle does.

    \b
    pneumoscope models add first.zip
    pneumoscope models add runs/first --name first

    Every file of it is checked first. An address must be of HTTPS, and end in # and the SHA-256 of
    the file. The checks find damage, not malice: add models of people you trust.
    """
    from pneumoscope.shipped.elsewhere import add_model

    with progress_bars() as bars:
        progress = add_bar(bars, "downloading", unit="MB", size=1e6)
        bundle = add_model(source, name=name, progress=progress)
    if as_json:
        print_json(_facts(bundle))
    else:
        print(f"{bundle.root.name} in {bundle.root}")
    say_notice()


@app.command()
def export(
    model: Model,
    output: Annotated[Path, typer.Argument(help="Zip file to write.")],
    as_json: AsJson = False,
) -> None:
    """Pack a model into one file, for `models add` on another machine.

    \b
    pneumoscope models export runs/first first.zip
    """
    from pneumoscope.files import sha256_of
    from pneumoscope.shipped.elsewhere import export_model

    sha256 = sha256_of(export_model(model, output))
    if as_json:
        print_json({"path": str(output), "sha256": sha256})
    else:
        print(f"{output} with SHA-256 {sha256}")
    say_notice()


@app.command()
def remove(
    model: Annotated[str, typer.Argument(help="Name of a model that was added.")],
) -> None:
    """Remove a model that was added.

    \b
    pneumoscope models remove first
    """
    from pneumoscope.shipped.elsewhere import remove_model

    remove_model(model)
    print(f"removed {model}")


def _listed_facts(model: ListedModel) -> dict[str, Any]:
    facts = _facts(model.bundle) if model.bundle else {"name": model.name, **_place(model.path)}
    return {**facts, "problem": model.problem and model.problem.to_dict()}


def _facts(bundle: Bundle) -> dict[str, Any]:
    network = {"network_bytes": len(bundle.network)}
    return {**asdict(bundle.info), **_place(bundle.root), **network}


def _place(root: Path) -> dict[str, Any]:
    from pneumoscope.shipped import is_added, is_default

    return {
        "added_as": root.name if is_added(root) else None,
        "default": is_default(root),
        "path": str(root),
    }


def _lines(model: ListedModel) -> Iterator[str]:
    from pneumoscope.shipped import is_added, is_default

    rows = _rows(model.bundle) if model.bundle else {"problem": str(model.problem)}
    mark = "added" * is_added(model.path) or "default" * is_default(model.path)
    yield printable(f"{model.name} ({mark})" if mark else model.name)
    width = max(map(len, rows))
    for name, value in rows.items():
        yield printable(f"  {name:<{width}}  {value}")


def _rows(bundle: Bundle) -> dict[str, str]:
    info = bundle.info
    size = f"{info.geometry.height}x{info.geometry.width} pixels"
    megabytes = f"{len(bundle.network) / 1e6:.1f} MB"
    images = sum(info.training_data.get("images", {}).get("train", {}).values())
    titles = [known["title"] for known in info.training_data.get("attributions", ())]
    patients = {"patients": info.population()} if info.population() else {}
    return {
        "made by": f"Pneumoscope {info.version}",
        "network": f"{info.architecture}, {size}, {megabytes}",
        "classes": ", ".join(info.classes),
        "trained on": f"{images:,} images: {'; '.join(titles) or 'origin not known'}",
        **patients,
        **{point.name: _expectation(point) for point in info.operating_points},
    }


def _expectation(point: OperatingPoint) -> str:
    """Words its threshold, and its sensitivity and specificity on the validation images."""
    if point.sensitivity is None or point.specificity is None:
        return f"positive from {point.threshold:.3g} up"
    return (
        f"positive from {point.threshold:.3g} up: sensitivity {point.sensitivity}, "
        f"specificity {point.specificity}"
    )
