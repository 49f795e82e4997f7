"""The audit of a data set, from the folder to the findings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from pneumoscope.dataset.audit.copies import find_copies
from pneumoscope.dataset.audit.examine import Examined, Unreadable, examine
from pneumoscope.dataset.audit.facts import sum_up_facts
from pneumoscope.dataset.audit.page import write_page
from pneumoscope.dataset.audit.patients import count_patients
from pneumoscope.dataset.audit.result import Audit
from pneumoscope.dataset.audit.rules import (
    balance_findings,
    copies_findings,
    file_findings,
    patient_findings,
    refused_findings,
    shortcut_findings,
)
from pneumoscope.dataset.audit.shortcut import shortcut
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
    rare classes, and how well facts such as the size of a file predict the label.

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
        SettingsError: if `output` holds the audit of other data.
        StorageError: if a folder may not be read, or the page not written.
    """
    data = Path(data)
    if output is not None:
        require_own(Path(output), digest(identify(data)))
    images = read_prepared(data).images if is_prepared(data) else scan(data, scanning)
    found = audit_examined(data, images, examine(images.records, progress), seed=seed)
    if output is not None:
        write_page(found, Path(output))
    return found


def audit_examined(
    data: Path, images: ImageSet, examined: Sequence[Examined | Unreadable], *, seed: int = SEED
) -> Audit:
    """Audits a data set whose files have been examined already.

    Args:
        data: path of the data set.
        images: images of the data set.
        examined: result of the examination of each file, in the order of the data set.
        seed: seed of the search for copies, and of the folds and the bootstrap of the shortcut
            score.

    Raises:
        DataError: if none of the files could be read.
    """
    readable = [each for each in examined if isinstance(each, Examined)]
    unreadable = [each for each in examined if isinstance(each, Unreadable)]
    if not readable:
        raise DataError(
            f"None of the images in {data} could be read",
            received=f"{len(unreadable)} broken files; the first: {unreadable[0].reason}",
            remedy="Check the files",
            code="data-unreadable",
            values={"path": str(data), "files": len(unreadable), "first": unreadable[0].code},
        )
    copies = find_copies(readable, seed=seed)
    patients = count_patients(images.records)
    found = shortcut(readable, seed=seed)
    records = {each.record.path: each.record for each in readable}
    groups = group_refused([(each.record.path, each.refused) for each in readable])
    refused = {name: tuple(records[path] for path in paths) for name, paths in groups.items()}
    findings = chain(
        copies_findings(copies),
        patient_findings(patients),
        file_findings(unreadable),
        refused_findings(refused),
        shortcut_findings(found),
        balance_findings(images),
    )
    return Audit(
        images=images,
        made_of=digest(identify(data)),
        unreadable=tuple(unreadable),
        refused=refused,
        copies=copies,
        patients=patients,
        facts=sum_up_facts(readable, images.classes),
        shortcut=found,
        findings=tuple(sorted(findings, key=lambda finding: -finding.severity)),
    )
