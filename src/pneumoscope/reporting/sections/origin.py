"""The sections on the limitations of the figures, and on how to reproduce them."""

from __future__ import annotations

import shlex

from pneumoscope.errors import BundleMissingError
from pneumoscope.reporting.card import bullets
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.tables import Table
from pneumoscope.version import __version__


def limitations(material: Material) -> Section:
    """Makes the section of what the model is not for, and of what no figure can tell."""
    try:
        card = material.predictor.bundle.card()
    except BundleMissingError:
        card = ""
    return Section(
        "limitations",
        "Limitations",
        {"not_for": bullets(card, "Not for"), "own_data": material.same_collection},
    )


def reproduce(material: Material) -> Section:
    """Makes the section of commands, seed, fingerprint and versions."""
    info, found = material.info, material.evaluation
    facts = {
        "name": info.name,
        "network": f"{info.architecture}, {info.geometry.height}x{info.geometry.width} pixels",
        "seed of the training": str(info.seed),
        "fingerprint of the training data": info.training_data.get("fingerprint", "not known"),
        "data measured on": str(found.cohort.data),
        "intervals": found.cohort.resampling.interval,
        "trained with": ", ".join(
            [f"pneumoscope {info.version}", *(f"{n} {v}" for n, v in info.versions.items())]
        ),
        "report made with": f"pneumoscope {__version__}",
    }
    own = [] if material.own_data else [found.cohort.data.name]
    words = ["pneumoscope", "report", material.model.root.name, *own]
    return Section(
        "reproduce",
        "How to reproduce",
        {
            "commands": [info.command, shlex.join(words)],
            "facts": Table("Origin of these figures", ("item", "value"), tuple(facts.items())),
        },
    )
