"""The audit of a data set, from the folder to the findings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryFile

from pneumoscope.dataset.audit.columns import look_into_columns
from pneumoscope.dataset.audit.copies import find_copies
from pneumoscope.dataset.audit.examination import Examination
from pneumoscope.dataset.audit.examine import Examined, Unreadable
from pneumoscope.dataset.audit.facts import sum_up_facts
from pneumoscope.dataset.audit.journal import examined, locate_journal
from pneumoscope.dataset.audit.page import write_page
from pneumoscope.dataset.audit.patients import count_patients
from pneumoscope.dataset.audit.result import Audit
from pneumoscope.dataset.audit.rules import (
    balance_findings,
    column_findings,
    copies_findings,
    file_findings,
    patient_findings,
    refused_findings,
    shortcut_findings,
)
from pneumoscope.dataset.audit.shortcut import shortcut
from pneumoscope.dataset.audit.thumbnails import Thumbnails
from pneumoscope.dataset.prepared import identify, is_prepared, read_prepared
from pneumoscope.dataset.refused import group_refused
from pneumoscope.dataset.scan import ImageSet, ScanSettings, scan
from pneumoscope.defaults import SEED
from pneumoscope.errors import DataError
from pneumoscope.parallel import Progress
from pneumoscope.results import digest, require_own


def audit(
    data: Path | str,
    output: Path | str | None = None,
    *,
    seed: int = SEED,
    scanning: ScanSettings | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Searches a data set for what would invalidate or bias a result, before training.

    Reads each file once. Finds unreadable files, copies, patients who cross published splits,
    rare classes, and how well facts such as the size of a file predict the label. An audit with a
    page goes on where it ended, by a journal beside the page.

    Args:
        data: class folders, the published train/val/test layout, a CSV manifest, or a prepared
            folder.
        output: page to write, with the pictures found; none by default.
        seed: seed of the search for copies, and of the folds and the bootstrap of the shortcut
            score.
        scanning: settings of how the data set is understood.
        progress: called with the number of files read and of all.

    Raises:
        DataError: if the data set cannot be used at all.
        SettingsError: if `output` holds the audit of other data, or another process is writing it.
        StorageError: if a folder may not be read, or the page not written.
    """
    data = Path(data)
    if output is not None:
        require_own(Path(output), digest(identify(data)))
    images = read_prepared(data).images if is_prepared(data) else scan(data, scanning)
    journal = None if output is None else locate_journal(Path(output))
    with examined(images.records, journal, progress) as examination:
        found = _conclude(data, images, examination, seed)
        if output is not None:
            write_page(found, Path(output))
    return found


def audit_examined(
    data: Path, images: ImageSet, files: Sequence[Examined | Unreadable], *, seed: int = SEED
) -> Audit:
    """Audits a data set whose files have been examined already.

    Args:
        data: path of the data set.
        images: images of the data set.
        files: result of the examination of each file, in the order of the data set.
        seed: seed of the search for copies, and of the folds and the bootstrap of the shortcut
            score.

    Raises:
        DataError: if none of the files could be read.
    """
    with TemporaryFile() as file:
        return _conclude(data, images, Examination.of(files, Thumbnails(file)), seed)


def _conclude(data: Path, images: ImageSet, examination: Examination, seed: int) -> Audit:
    unreadable = examination.unreadable
    if not examination.records:
        raise DataError(
            f"None of the images in {data} could be read",
            received=f"{len(unreadable)} broken files; the first: {unreadable[0].reason}",
            remedy="Check the files",
            code="data-unreadable",
            values={"path": str(data), "files": len(unreadable), "first": unreadable[0].code},
        )
    copies = find_copies(examination, seed=seed)
    patients = count_patients(images.records)
    found = shortcut(examination, seed=seed)
    columns = look_into_columns(examination, images.classes, seed=seed)
    records = {record.path: record for record, _ in examination.refused}
    groups = group_refused([(record.path, rules) for record, rules in examination.refused])
    refused = {name: tuple(records[path] for path in paths) for name, paths in groups.items()}
    findings = chain(
        copies_findings(copies),
        patient_findings(patients),
        file_findings(unreadable),
        refused_findings(refused),
        shortcut_findings(found),
        column_findings(columns),
        balance_findings(images),
    )
    return Audit(
        images=images,
        made_of=digest(identify(data)),
        unreadable=tuple(unreadable),
        refused=refused,
        copies=copies,
        patients=patients,
        facts=sum_up_facts(examination, images.classes),
        shortcut=found,
        columns=columns,
        findings=tuple(sorted(findings, key=lambda finding: -finding.severity)),
    )
