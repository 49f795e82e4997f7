"""The patient of each file, by the strongest evidence (`docs/adr/0011-sources.md`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pneumoscope.dataset.manifest import Entry
from pneumoscope.dataset.placeholder import Claim, find_crowds, is_filler, says_nobody
from pneumoscope.dataset.recognise import attribute, recognise
from pneumoscope.imaging.identity import PatientIdentity, patient_of
from pneumoscope.known import Attribution, Identity, identify
from pneumoscope.names import public_name
from pneumoscope.notices import Notice
from pneumoscope.parallel import in_parallel
from pneumoscope.pseudonym import key_fingerprint, pseudonym
from pneumoscope.types import SOURCE, Evidence

STUDY = "StudyInstanceUID"
"""Issuer of the keys of studies, which keeps them from being those of patients."""


@dataclass(frozen=True, slots=True)
class Patient:
    """The patient of a file, and the evidence for it.

    Attributes:
        key: patient key, the same for all images of one patient.
        evidence: source that the patient is known from.
        subgroup: a finer kind within the class, by the file name; empty if it tells none.
    """

    key: str
    evidence: Evidence
    subgroup: str = ""


@dataclass(frozen=True)
class Patients:
    """The patients of all files of a data set.

    Attributes:
        of: the patient of each file.
        key: fingerprint of the secret that patients were hashed under; empty if none were.
        attributions: the known data sets that were recognised.
        notices: notices of what is doubtful about the patients.
    """

    of: Mapping[Path, Patient]
    key: str
    attributions: tuple[Attribution, ...]
    notices: tuple[Notice, ...]


def find_patients(root: Path, entries: Sequence[Entry], labels: Sequence[int]) -> Patients:
    """Finds the patient of each file: by a column, else by its header, else by its name.

    A PatientID that is empty or a placeholder counts for nothing; the study then stands in. A name
    counts for pictures of a known data set (`recognise`), and never for a DICOM file. Where only
    some images of a study have a PatientID, or only some of a PatientID are in the column, the
    others follow them. What a column or a header says is hashed at once (`pseudonym`).

    Args:
        root: folder of the data set.
        entries: the files.
        labels: number of the class of each file.
    """
    paths = [entry.path for entry in entries]
    found_headers = zip(paths, in_parallel(patient_of, paths), strict=True)
    headers = {path: header for path, header in found_headers if header is not None}
    pictures = [path for path in paths if path not in headers]
    names = recognise(pictures)
    claims = [
        Claim((header.patient_id, header.issuer), label, header)
        for entry, label in zip(entries, labels, strict=True)
        if (header := headers.get(entry.path)) and not _column(entry)
    ]
    words, crowds = _find_placeholders(claims)
    nobody = words | crowds
    of_studies = find_crowds([replace(claim, key=claim.header.study) for claim in claims])
    told = {
        entry.path: evidence
        for entry in entries
        if (evidence := tuple(_list_evidence(entry, headers.get(entry.path), nobody, of_studies)))
    }
    same = _same_patients(told.values())
    found = {
        path: _weigh(told.get(path, ()), names.get(path), same) or _by_itself(path, root)
        for path in paths
    }
    notices = (
        *_doubt_columns(entries),
        *_doubt_identifiers(claims, words, crowds),
        *_doubt_names(pictures, names),
        *_count_loose(list(found.values())),
    )
    hashed = any(patient.evidence.hashed for patient in found.values())
    key = key_fingerprint() if hashed else ""
    sources = ((entry.path, entry.groups.get(SOURCE, "")) for entry in entries)
    return Patients(found, key, attribute(names, sources), notices)


def _list_evidence(
    entry: Entry,
    header: PatientIdentity | None,
    placeholders: Collection[Hashable],
    shared_studies: Collection[Hashable],
) -> Iterator[Patient]:
    """Yields the patient of a file by manifest and by header, the strongest evidence first."""
    if column := _column(entry):
        yield Patient(pseudonym(column), Evidence.COLUMN)
    if header and (header.patient_id, header.issuer) not in placeholders and header.patient_id:
        yield Patient(pseudonym(header.patient_id, header.issuer), Evidence.HEADER)
    if header and header.study and header.study not in shared_studies:
        yield Patient(pseudonym(header.study, STUDY), Evidence.STUDY)


def _same_patients(told: Collection[Sequence[Patient]]) -> dict[str, str]:
    """Maps keys that occur with a single key of stronger evidence to that key, as one patient."""
    same: dict[str, str] = {}
    for evidence in (Evidence.HEADER, Evidence.STUDY):
        beside = defaultdict(set)
        for strongest, *weaker in filter(None, told):
            for patient in weaker:
                if patient.evidence is evidence:
                    beside[patient.key].add(_follow(strongest, same))
        same |= {key: others.pop() for key, others in beside.items() if len(others) == 1}
    return same


def _follow(patient: Patient, same: Mapping[str, str]) -> str:
    column = patient.evidence is Evidence.COLUMN
    return patient.key if column else same.get(patient.key, patient.key)


def _weigh(
    told: Sequence[Patient], name: Identity | None, same: Mapping[str, str]
) -> Patient | None:
    subgroup = name.subgroup if name else ""
    if told:
        return Patient(_follow(told[0], same), told[0].evidence, subgroup)
    if name:
        return Patient(name.patient, Evidence.NAME, subgroup)
    return None


def _by_itself(path: Path, root: Path) -> Patient:
    return Patient(public_name(path, f"file {path.relative_to(root)}"), Evidence.FILE)


def _column(entry: Entry) -> str:
    """Returns the patient by the manifest; empty where that holds a placeholder."""
    return "" if says_nobody(entry.patient) else entry.patient


def _find_placeholders(claims: Sequence[Claim]) -> tuple[frozenset[Hashable], frozenset[Hashable]]:
    """Finds identifiers that are no person's, by their text and by the images that carry them."""
    numbers = {claim.header.patient_id for claim in claims}
    words = frozenset(
        claim.key
        for claim in claims
        if says_nobody(claim.header.patient_id) or is_filler(claim.header.patient_id, numbers)
    )
    return words, find_crowds(claims) - words


def _doubt_columns(entries: Sequence[Entry]) -> Iterator[Notice]:
    if lines := sum(bool(entry.patient) and not _column(entry) for entry in entries):
        text = (
            f"The patient of {lines} lines of the manifest is a placeholder, such as 'unknown', "
            "and counts as not given"
        )
        yield Notice("patient-not-given", text, {"lines": lines})


def _doubt_identifiers(
    claims: Sequence[Claim], words: Collection[Hashable], crowds: Collection[Hashable]
) -> Iterator[Notice]:
    # Which identifier it is stays unsaid: it may be somebody's after all.
    counts = Counter(claim.key for claim in claims)
    if empty := sum(counts[key] for key in words):
        text = (
            f"PatientID is empty or a placeholder, such as ANONYMOUS, in {empty} of {len(claims)} "
            "DICOM files: they are not taken for one person"
        )
        yield Notice("patient-id-of-nobody", text, {"files": empty, "of": len(claims)})
    for key in sorted(crowds, key=str):
        text = (
            f"One PatientID is in {counts[key]} of {len(claims)} DICOM files, more than one "
            "person's: it is taken for a placeholder. If it is one person, say so in the column "
            "'patient' of a CSV manifest"
        )
        yield Notice("patient-id-of-many", text, {"files": counts[key], "of": len(claims)})


def _doubt_names(pictures: Sequence[Path], names: Mapping[Path, Identity]) -> Iterator[Notice]:
    """Makes notices of pictures that could be of a known data set, and were not taken for it."""
    doubtful = Counter(
        identity.dataset.title
        for path in pictures
        if path not in names and (identity := identify(path.name))
    )
    for title, count in doubtful.items():
        text = (
            f"{count} pictures are named as in {title}, as others name theirs too, and do not lie "
            "among other images of it: their names tell no patient"
        )
        yield Notice("names-tell-no-patient", text, {"images": count, "dataset": title})


def _count_loose(found: Sequence[Patient]) -> Iterator[Notice]:
    """Makes notices of images whose patient is not known for certain."""
    if studies := sum(patient.evidence is Evidence.STUDY for patient in found):
        text = (
            f"In {studies} of {len(found)} images the study stands in for the patient: two "
            "studies of one person may be separated. A CSV manifest with a column 'patient' "
            "keeps them together"
        )
        yield Notice("patients-by-study", text, {"images": studies, "of": len(found)})
    if files := sum(patient.evidence is Evidence.FILE for patient in found):
        yield patients_by_file(files, len(found))


def patients_by_file(files: int, images: int) -> Notice:
    """Makes the notice of images whose patient cannot be told.

    Args:
        files: number of these images.
        images: number of all images.
    """
    text = (
        f"The patient of {files:,} of {images:,} images cannot be told: "
        "each of them counts as a patient of its own. If several are of one person, name it in "
        "the column 'patient' of a CSV manifest"
    )
    return Notice("patients-by-file", text, {"images": files, "of": images})
