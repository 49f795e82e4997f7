"""Rules that make findings of the measurements of an audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from pneumoscope.dataset.audit.columns import Column
from pneumoscope.dataset.audit.copies import Copies
from pneumoscope.dataset.audit.examine import Unreadable
from pneumoscope.dataset.audit.findings import Finding, Severity
from pneumoscope.dataset.audit.patients import PatientCounts
from pneumoscope.dataset.audit.quantities import TITLES
from pneumoscope.dataset.audit.shortcut import Shortcut
from pneumoscope.dataset.scan import ImageSet
from pneumoscope.statistics import FEW_PATIENTS, Estimate
from pneumoscope.types import ImageRecord

# AUROC from which discrimination is called acceptable (Hosmer and Lemeshow, Applied Logistic
# Regression, 2000, section 5.2.4): too good for facts that should not predict the label.
_TELLING = 0.7
_RARE = 0.1  # a class with a smaller fraction of the images is hard to learn and to measure


# Code, severity, which groups of copies, what it means, what to do about it.
_COPIES: tuple[tuple[str, Severity, Callable[[Copies], bool], str, str], ...] = (
    (
        "copies-across-labels",
        Severity.INVALIDATING,
        lambda group: group.across_labels,
        "under two labels: one of them is wrong",
        "Find out which label is right, and remove the other file",
    ),
    (
        "copies-across-splits",
        Severity.INVALIDATING,
        lambda group: group.across_splits,
        "in two published splits: a network is tested on what it has learnt",
        "Remove each of them from all splits but one",
    ),
    (
        "copies-across-patients",
        Severity.WARNING,
        lambda group: group.harmless and group.across_patients,
        "more than once, as different patients': a split by patient may separate copies",
        "Keep one file of each",
    ),
    (
        "copies",
        Severity.WARNING,
        lambda group: group.harmless and not group.across_patients,
        "more than once, as the same patient's: copies count more than they should",
        "Keep one file of each",
    ),
)


def copies_findings(copies: Sequence[Copies]) -> Iterator[Finding]:
    """Makes findings of the copies of pictures."""
    for code, severity, belongs, text, advice in _COPIES:
        groups = [group for group in copies if belongs(group)]
        if groups:
            pairs = sum(group.pairs for group in groups)
            pictures = f"{_count(len(groups), 'picture')} ({_count(pairs, 'pair')} of files)"
            are = "is" if len(groups) == 1 else "are"
            values = {"pictures": len(groups), "pairs": pairs}
            yield Finding(code, severity, pairs, f"{pictures} {are} there {text}", advice, values)


def patient_findings(patients: PatientCounts) -> Iterator[Finding]:
    """Makes findings of patients who cross splits, and of unknown patients."""
    if crossing := len(patients.across_splits):
        yield Finding(
            "patients-across-splits",
            Severity.INVALIDATING,
            crossing,
            f"{_count(crossing, 'patient')} with images in two published splits: a network is "
            "tested on people whom it knows",
            "Move all images of a patient into one split",
            {"patients": crossing},
        )
    if unknown := patients.unknown_images:
        yield Finding(
            "patients-unknown",
            Severity.WARNING,
            unknown,
            f"{_count(unknown, 'image')} of unknown patients: nobody can check that a patient's "
            "images stay in one split",
            "Name the patients: see the documentation on your own data",
            {"images": unknown},
        )
    if several := patients.several_images:
        yield Finding(
            "several-images",
            Severity.INFO,
            several,
            f"{several} of {_count(patients.known, 'patient')} with more than one image: a split "
            "by image would leak, a split by patient does not",
            values={"patients": several, "of": patients.known},
        )


def file_findings(unreadable: Sequence[Unreadable]) -> Iterator[Finding]:
    """Makes findings of files that will be left out."""
    for empty, code in ((True, "empty"), (False, "unreadable")):
        if count := sum(file.empty is empty for file in unreadable):
            text = f"{_count(count, f'{code} file')}, which will be left out"
            advice, values = "Replace or remove them", {"files": count}
            yield Finding(code, Severity.WARNING, count, text, advice, values)


_REFUSED = {
    "blank": "nearly blank",
    "clipped": "mostly pure black or white",
    "tiny": "no more than thumbnails",
    "lateral-view": "lateral or oblique views",
    "body-part": "of other parts of the body",
    "for-processing": "raw data, not meant for viewing",
    "colour": "in strong colour, such as heatmaps and photographs",
    "own-result": "results of this program",
    "derived": "captures of screens, or drawings",
}
"""Description of the images that a rule refuses, by name of the rule."""


def refused_findings(groups: Mapping[str, Sequence[ImageRecord]]) -> Iterator[Finding]:
    """Makes findings of images that predicting would refuse, and training would not."""
    for name, records in groups.items():
        yield Finding(
            f"refused-{name}",
            Severity.WARNING,
            len(records),
            f"{_count(len(records), 'image')} that predicting would refuse: "
            f"{_REFUSED.get(name, name)}",
            "Look at them, and remove those that are no frontal chest radiographs",
            {"rule": name, "images": len(records)},
        )


def balance_findings(images: ImageSet) -> Iterator[Finding]:
    """Makes a finding of the smallest class."""
    counts = Counter(record.label for record in images.records)
    label, count = min(counts.items(), key=lambda item: item[1])
    fraction = count / len(images.records)
    rare = fraction < _RARE
    yield Finding(
        "class-balance",
        Severity.WARNING if rare else Severity.INFO,
        count,
        f"{images.classes[label]} is the smallest class: {100 * fraction:.1f} % of the images",
        "Train with class weights, and read sensitivity and specificity, not accuracy"
        if rare
        else "",
        {"class": images.classes[label], "images": count, "share": fraction},
    )


def shortcut_findings(found: Shortcut | None) -> Iterator[Finding]:
    """Makes a finding of how well facts that show no lung predict the label."""
    if found is None:
        yield Finding(
            "shortcut",
            Severity.INFO,
            0,
            f"No shortcut score: a side has fewer than {FEW_PATIENTS} patients",
            values={"auroc": None, "low": None, "high": None},
        )
        return
    telling = (found.score.low or found.score.value or 0.0) >= _TELLING
    leaks = [TITLES[name] for name, each in found.by_fact.items() if (each.low or 0) >= _TELLING]
    worst = f", most of all {' and '.join(leaks[:2])}" if telling and leaks else ""
    yield Finding(
        "shortcut",
        Severity.WARNING if telling else Severity.INFO,
        len(leaks),
        f"Size, format, brightness and the like alone predict the label: AUROC "
        f"{found.score}{worst}",
        "Expect a network to use them too: test it on images from elsewhere" if telling else "",
        {"auroc": found.score.value, "low": found.score.low, "high": found.score.high},
    )


def column_findings(columns: Mapping[str, Column]) -> Iterator[Finding]:
    """Makes findings of sources and views that hold one class, tell it, or are told by facts."""
    groups = [
        (f"{name} {value}", group)
        for name, column in columns.items()
        for value, group in column.groups.items()
    ]
    if single := [f"{name} ({group.only_class})" for name, group in groups if group.only_class]:
        yield Finding(
            "source-of-one-class",
            Severity.WARNING,
            len(single),
            f"All images are of one class in {', '.join(single)}: a network learns the source "
            "in place of the disease",
            "Add the other class of the same source, or leave the source out",
            {"found": ", ".join(single)},
        )
    if alone := _telling({name: column.alone for name, column in columns.items()}):
        yield Finding(
            "label-by-source",
            Severity.WARNING,
            len(alone),
            f"The label follows from where an image is from, or how it was taken: {_list(alone)}",
            "Read the figures of each source and view, not those of all together",
            {"found": _list(alone)},
        )
    if told := _telling({name: group.told.score if group.told else None for name, group in groups}):
        yield Finding(
            "source-by-facts",
            Severity.WARNING,
            len(told),
            f"Size, format, brightness and the like alone tell the source: {_list(told)}",
            "Expect a network to know the source too: measure it on a source left out of training",
            {"found": _list(told)},
        )
    if within := _telling(
        {name: group.within.score if group.within else None for name, group in groups}
    ):
        yield Finding(
            "shortcut-within-source",
            Severity.WARNING,
            len(within),
            "Size, format, brightness and the like alone predict the label within a source: "
            f"{_list(within)}",
            "Test on images from elsewhere",
            {"found": _list(within)},
        )


def _telling(scores: Mapping[str, Estimate | None]) -> dict[str, Estimate]:
    return {
        name: score
        for name, score in scores.items()
        if score and (score.low or score.value or 0.0) >= _TELLING
    }


def _list(scores: Mapping[str, Estimate]) -> str:
    return ", ".join(f"{name} (AUROC {score})" for name, score in scores.items())


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
