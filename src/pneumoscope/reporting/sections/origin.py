"""What the figures cannot say, and how to get them again."""

from __future__ import annotations

import shlex

from pneumoscope.errors import BundleMissingError
from pneumoscope.reporting.card import bullets
from pneumoscope.reporting.material import Material
from pneumoscope.reporting.section import Section
from pneumoscope.tables import Table
from pneumoscope.version import __version__


def limitations(material: Material) -> Section:
    """What the model is not for, from its card, and what no figure here can tell."""
    try:
        card = material.predictor.bundle.card()
    except BundleMissingError:
        card = ""
    return Section(
        "limitations",
        "Limitations",
        {"not_for": bullets(card, "Not for"), "own_data": material.own_data},
    )


def reproduce(material: Material) -> Section:
    """The commands, the seed, the fingerprint and the versions."""
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
            "facts": Table("What these figures come from", ("what", "value"), tuple(facts.items())),
        },
    )
