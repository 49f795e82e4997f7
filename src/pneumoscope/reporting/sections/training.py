"""The section on the training of the network."""

from __future__ import annotations

from pneumoscope.errors import DataError
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Drawing, Section, draw
from pneumoscope.run.curves import draw_curves


def training(material: Material) -> Section:
    """Makes the section of the curves of loss and accuracy, and of the choice of the epoch."""
    info, model = material.info, material.model
    return Section(
        "training",
        "Training",
        {
            "curves": _curves(material),
            "epoch": info.metrics.get("epoch"),
            "epochs": len(model.history.get("loss", [])),
            "patience": info.settings.get("patience"),
            "unfinished": model.unfinished,
        },
    )


def _curves(material: Material) -> Drawing | None:
    try:
        figure = draw_curves(material.model.history, int(material.info.metrics["epoch"]))
    except (DataError, LookupError):
        return None
    losses = material.model.history["val_loss"]
    return draw(
        figure,
        "curves",
        alt=f"Loss and accuracy over {len(losses)} epochs, on training and validation images. "
        f"The validation loss goes from {losses[0]:.3f} to {losses[-1]:.3f}; its lowest is "
        f"{min(losses):.3f}.",
        caption="Loss and accuracy of each epoch. No validation patient is a training patient.",
        wide=True,
    )
