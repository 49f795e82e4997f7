"""How the training went."""

from __future__ import annotations

from pneumoscope.errors import DataError
from pneumoscope.plots import training_curves
from pneumoscope.report.material import Material
from pneumoscope.report.section import Drawing, Section, draw


def training(material: Material) -> Section:
    """The curves of loss and accuracy, and what chose the epoch."""
    info, source = material.info, material.source
    return Section(
        "training",
        "Training",
        {
            "curves": _curves(material),
            "epoch": info.metrics.get("epoch"),
            "epochs": len(source.history.get("loss", [])),
            "patience": info.settings.get("patience"),
            "unfinished": source.unfinished,
        },
    )


def _curves(material: Material) -> Drawing | None:
    try:
        figure = training_curves(material.source.history, int(material.info.metrics["epoch"]))
    except (DataError, LookupError):
        return None
    losses = material.source.history["val_loss"]
    return draw(
        figure,
        "curves",
        alt=f"Loss and accuracy over {len(losses)} epochs, on training and validation images. "
        f"The validation loss goes from {losses[0]:.3f} to {losses[-1]:.3f}; its lowest is "
        f"{min(losses):.3f}.",
        caption="Loss and accuracy of each epoch. Validation patients are not training patients.",
        wide=True,
    )
