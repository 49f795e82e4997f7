"""The command `pneumoscope models`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pneumoscope.cli.console import print_json, say, say_notice
from pneumoscope.cli.options import AsJson
from pneumoscope.files import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pneumoscope.bundle import Bundle
    from pneumoscope.types import OperatingPoint


def models(
    model: Annotated[
        str | None,
        typer.Argument(help="Model whose card to print: a name, a bundle or a run folder."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models that ship with Pneumoscope, or print a model card.

    \b
    pneumoscope models
    pneumoscope models runs/first
    """
    from pneumoscope.shipped import list_models, read_model

    if model is not None:
        found = read_model(model)
        if as_json:
            print_json({**_facts(found), "card": found.card()})
        else:
            print("\n".join(map(printable, found.card().splitlines())))
        return
    shipped = list_models()
    if as_json:
        print_json([_facts(bundle) for bundle in shipped])
    elif shipped:
        print("\n\n".join("\n".join(_lines(bundle)) for bundle in shipped))
    else:
        say("No model ships with this installation")
    say_notice()


def _facts(bundle: Bundle) -> dict[str, Any]:
    from pneumoscope.shipped import is_default

    return {
        **asdict(bundle.info),
        "default": is_default(bundle),
        "path": str(bundle.root),
        "network_bytes": len(bundle.network),
    }


def _lines(bundle: Bundle) -> Iterator[str]:
    from pneumoscope.shipped import is_default

    info = bundle.info
    size = f"{info.geometry.height}x{info.geometry.width} pixels"
    megabytes = f"{len(bundle.network) / 1e6:.1f} MB"
    images = sum(info.training_data["images"]["train"].values())
    titles = [known["title"] for known in info.training_data["attributions"]]
    rows = {
        "made by": f"Pneumoscope {info.version}",
        "network": f"{info.architecture}, {size}, {megabytes}",
        "classes": ", ".join(info.classes),
        "trained on": f"{images:,} images: {'; '.join(titles) or 'origin not known'}",
        **{point.name: _expectation(point) for point in info.operating_points},
    }
    yield f"{info.name} (default)" if is_default(bundle) else info.name
    width = max(map(len, rows))
    for name, value in rows.items():
        yield printable(f"  {name:<{width}}  {value}")


def _expectation(point: OperatingPoint) -> str:
    """Words its threshold, and its sensitivity and specificity on the validation images."""
    if point.sensitivity is None or point.specificity is None:
        return f"positive from {point.threshold:.3g} up"
    return (
        f"positive from {point.threshold:.3g} up: sensitivity {point.sensitivity}, "
        f"specificity {point.specificity}"
    )
