"""The report: all evidence of a run on one page that needs nothing else.

model.py      the model and its run folder: bundle, data, history
material.py   all measurements, made in one go
checks.py     the checks: each judges the measurements, and words what was measured
groups.py     the two subgroups that differ most
heatmaps.py   the check of the heatmaps, in sentences
verdict.py    the results of all checks together
acceptance.py the acceptance test of a site
tables.py     the verdict and the acceptance test as tables
section.py    a section of the page, and a figure in it
sections/     the sections: a function and a template each
card.py       the model card with the figures of the held-out patients
write.py      the report itself: everything measured, judged and written
"""

from pneumoscope.errors import extra_needed

with extra_needed("evaluate", "A report"):
    from pneumoscope.reporting.acceptance import Acceptance, Outcome, Reached
    from pneumoscope.reporting.tables import tabulate_acceptance, tabulate_verdict
    from pneumoscope.reporting.verdict import Level, Statement, Verdict
    from pneumoscope.reporting.write import Report, report

__all__ = [
    "Acceptance",
    "Level",
    "Outcome",
    "Reached",
    "Report",
    "Statement",
    "Verdict",
    "report",
    "tabulate_acceptance",
    "tabulate_verdict",
]
