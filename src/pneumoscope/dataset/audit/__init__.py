"""The audit of a data set: the search for what would invalidate or bias a result."""

from pneumoscope.errors import extra_needed

with extra_needed("evaluate", "An audit"):
    from pneumoscope.dataset.audit.copies import Copies
    from pneumoscope.dataset.audit.examine import Examined, Unreadable, examine_source
    from pneumoscope.dataset.audit.findings import Finding, Severity
    from pneumoscope.dataset.audit.page import write_page
    from pneumoscope.dataset.audit.patients import PatientCounts
    from pneumoscope.dataset.audit.result import Audit
    from pneumoscope.dataset.audit.run import audit, audit_examined
    from pneumoscope.dataset.audit.shortcut import Shortcut
    from pneumoscope.dataset.audit.tables import tabulate_audit

__all__ = [
    "Audit",
    "Copies",
    "Examined",
    "Finding",
    "PatientCounts",
    "Severity",
    "Shortcut",
    "Unreadable",
    "audit",
    "audit_examined",
    "examine_source",
    "tabulate_audit",
    "write_page",
]
