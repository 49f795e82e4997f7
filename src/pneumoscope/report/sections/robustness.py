"""What is left under changes, and how far these images lie from the training."""

from __future__ import annotations

from pneumoscope.evaluation.drift import NOT_DIVIDED
from pneumoscope.evaluation.grids import Grid
from pneumoscope.evaluation.stress import grids
from pneumoscope.evaluation.stress.figure import stress_figure
from pneumoscope.report.material import Material
from pneumoscope.report.section import Section, Table, draw


def robustness(material: Material) -> Section:
    """The figure and the tables of the stress validation, and the drift."""
    found = material.stress
    worst = material.stressed.worst
    return Section(
        "robustness",
        "Robustness",
        {
            "figure": draw(
                stress_figure(found),
                "stress",
                alt="AUROC and balanced accuracy under each change, with intervals. The worst: "
                f"AUROC {worst['auroc']}, balanced accuracy {worst['balanced_accuracy']}. The "
                "numbers are in the tables below.",
                caption="Dotted: chance. One mark for each change, with its 95 % interval.",
                wide=True,
            ),
            "tables": [_table(grid) for grid in grids(found)],
            "descriptions": [(c.name, c.description) for c in found.conditions],
            "basis": found.basis,
            "images": sum(found.images.values()),
            "all": len(material.evaluation.scored.paths),
            "drift": _drift(material),
            "missing": material.evaluation.drift.missing,
        },
    )


def _table(grid: Grid) -> Table:
    return Table(grid.title, grid.columns, grid.rows)


def _drift(material: Material) -> Table | None:
    shifts = material.evaluation.drift.shifts
    if not shifts:
        return None
    rows: list[tuple[str, ...]] = []
    for name, shift in shifts.items():
        if shift is None:
            rows.append((name, "-", "-", "-", f"not computable: {NOT_DIVIDED}"))
        else:
            numbers = (f"{number:.3f}" for number in (shift.psi, shift.chance, shift.ks))
            rows.append((name, *numbers, shift.reading))
    caption = "Distance from the training images, and from the validation scores"
    return Table(caption, ("quantity", "PSI", "PSI by chance", "KS", "change"), rows)
