"""The report: all evidence of a run on one page that needs nothing else.

source.py     the run folder: model, data, history
material.py   everything that is measured, in one go
checks.py     what the measurements mean, in sentences
verdict.py    what they come to together
tables.py     the verdict as a table
sections/     material to sections of the page: a function and a template each
card.py       the model card with the figures of the held-out patients
"""

from pneumoscope.errors import extra_needed

with extra_needed("evaluate", "A report"):
    from pneumoscope.reporting.tables import tabulate_verdict
    from pneumoscope.reporting.verdict import Level, Statement, Verdict
    from pneumoscope.reporting.write import Report, report

__all__ = ["Level", "Report", "Statement", "Verdict", "report", "tabulate_verdict"]
