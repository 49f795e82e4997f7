"""The reference class is chosen, and names that may be misspelt are asked about."""

from __future__ import annotations

import unicodedata

import pytest

from pneumoscope.dataset.classes import doubt_names, name_classes
from pneumoscope.errors import DataError

# names, the reference
TOLD = (
    (("SANO", "NEUMONIA"), "SANO"),
    (("Healthy", "Bacterial"), "Healthy"),
    (("Normal_cases", "Malignant"), "Normal_cases"),
    (("NoFinding", "Infiltration"), "NoFinding"),
    (("no_finding", "Atelectasis", "Effusion"), "no_finding"),
    (("Uninfected", "Infected"), "Uninfected"),
    (("non-covid", "covid"), "non-covid"),
    (("COVID", "NonCOVID"), "NonCOVID"),
    (("Abnormal", "Normal Chest"), "Normal Chest"),
    (("Gesund", "Entzündung"), "Gesund"),
    (("Saudável", "Pneumonias"), "Saudável"),
    (("sin_neumonia", "con_neumonia"), "sin_neumonia"),
    (("NORM", "ABN"), "NORM"),
    (("Pneumonia_present", "Pneumonia_absent"), "Pneumonia_absent"),
    (("Sakit", "Sehat"), "Sehat"),
    (("hasta", "sa\u011fl\u0131kl\u0131"), "sa\u011fl\u0131kl\u0131"),
    (("болен", "здоров"), "здоров"),
    (("пневмония", "без патологии"), "без патологии"),
    (("0", "1"), "0"),
    (("Negative", "Positive"), "Negative"),
    (("healthy", "Control", "NORMAL", "x"), "NORMAL"),  # the published name goes first
)
NOT_TOLD = (("cat", "dog"), ("Bacterial", "Viral"), ("abnormal", "odd"), ("healthy", "control"))


@pytest.mark.parametrize(("names", "reference"), TOLD)
def test_the_name_tells_the_reference(names: tuple[str, ...], reference: str) -> None:
    found = name_classes(names)
    assert found.names[0] == reference
    assert found.told_by
    assert sorted(found.names) == sorted(names)


@pytest.mark.parametrize("names", NOT_TOLD)
def test_the_alphabet_is_the_last_resort(names: tuple[str, ...]) -> None:
    found = name_classes(names)
    assert found.names == tuple(sorted(names))
    assert not found.told_by


def test_the_user_may_choose_the_reference() -> None:
    assert name_classes(("NORMAL", "OTHER"), ["normal"]).names == ("OTHER", "NORMAL")
    assert name_classes(("a", "b", "c"), ["c", "a"]).names == ("b", "a", "c")
    for positive in (["nobody"], ["a"], ["a", "b", "c"]):
        with pytest.raises(DataError, match="do not leave one reference"):
            name_classes(("a", "b", "c"), positive)


def test_two_unicode_forms_are_one_class() -> None:
    forms = [unicodedata.normalize(form, "PNEUMONÍA") for form in ("NFC", "NFD")]
    assert forms[0] != forms[1]
    assert name_classes((*forms, "NORMAL")).names == ("NORMAL", forms[0])


# images of each class, words of the question
ASKED: tuple[tuple[dict[str, int], str], ...] = (
    ({"NORMAL": 30, "PNEUMONIA": 30, "PNEUMONA": 3}, "did you mean 'PNEUMONIA'"),
    ({"NORMAL": 30, "PNEUMONIA": 30, "NORMALS": 30}, "did you mean"),
    ({"PNEUMONIA": 30, "PNEUMONlA": 2}, "did you mean 'PNEUMONIA'"),
    ({"NORMAL": 300, "PNEUMONIA": 300, "TB": 3}, "has only 3 of 603 images"),
    ({"normal": 30, "abnormal": 30}, ""),
    ({"infected": 30, "uninfected": 30}, ""),
    ({"grade1": 30, "grade2": 30, "grade3": 30}, ""),
)


@pytest.mark.parametrize(("images", "words"), ASKED)
def test_names_that_may_be_misspelt_are_asked_about(images: dict[str, int], words: str) -> None:
    asked = list(doubt_names(images))
    assert len(asked) == bool(words)
    assert all(words in doubt.text for doubt in asked)
