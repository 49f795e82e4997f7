"""Headers as they come: each a change to that of a radiograph, which all results must survive."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

import numpy as np
from pydicom import DataElement, Dataset, dcmread
from pydicom.config import disable_value_validation
from pydicom.sequence import Sequence

from pneumoscope.imaging import Source
from pneumoscope.imaging.quiet import undisturbed
from tests.conftest import picture
from tests.imaging.dicoms import dicom

COMPLETE = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1",
    "SOPInstanceUID": "1.2.3.1",
    "StudyInstanceUID": "1.2.3",
    "SeriesInstanceUID": "1.2.3.2",
    "Modality": "CR",
    "StudyDate": "20190131",
    "StudyTime": "101530.25",
    "StudyID": "S1",
    "StudyDescription": "Chest PA",
    "AccessionNumber": "A1",
    "ReferringPhysicianName": "Doe^Jane",
    "PatientName": "Roe^Richard",
    "PatientID": "P1",
    "IssuerOfPatientID": "WARD",
    "PatientBirthDate": "19700228",
    "PatientSex": "M",
    "PatientAge": "048Y",
    "PatientSize": "1.8",
    "PatientWeight": "80",
    "OtherPatientNames": "Roe^Dick",
    "PatientComments": "Line one\r\nline two",
    "ClinicalTrialSponsorName": "Sponsor",
    "ClinicalTrialProtocolID": "T1",
    "ClinicalTrialProtocolName": "",
    "ClinicalTrialSiteID": "",
    "ClinicalTrialSiteName": "",
    "ClinicalTrialSubjectID": "17",
    "Manufacturer": "Maker",
    "ManufacturerModelName": "Model",
    "InstitutionName": "Hospital",
    "SeriesNumber": "4",
    "InstanceNumber": "3",
    "PatientOrientation": ["L", "F"],
    "ImagerPixelSpacing": ["0.2", "0.2"],
    "BodyPartExamined": "CHEST",
    "ViewPosition": "PA",
}


def code(**changes: str | None) -> Dataset:
    """A coded procedure; None takes an element away."""
    item = Dataset()
    elements = {"CodeValue": "1", "CodingSchemeDesignator": "99X", "CodeMeaning": "Thorax"}
    for keyword, value in {**elements, **changes}.items():
        if value is not None:
            setattr(item, keyword, value)
    return item


def reference(**changes: str) -> Dataset:
    """A reference to an object."""
    item = Dataset()
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


def of_type(tag: int, vr: str, value: object) -> DataElement:
    """An element of another type than the dictionary gives it."""
    return DataElement(tag, vr, value)


def private(ds: Dataset) -> None:
    block = ds.private_block(0x0011, "MAKER", create=True)
    block.add_new(1, "LO", "Roe^Richard")


Change = dict[str, object] | Callable[[Dataset], object]

VALID: dict[str, Change] = {
    "complete": {},
    "nothing of patient and study": dict.fromkeys(
        [k for k in COMPLETE if k not in ("SOPClassUID", "SOPInstanceUID", "Modality")]
    ),
    "empty patient and study": {
        k: ""
        for k in COMPLETE
        if k.startswith(("Patient", "Study", "Acc", "Ref"))
        and not k.endswith(("UID", "Orientation"))
    },
    "no patient": {"PatientName": None, "PatientID": None},
    "no birth date": {"PatientBirthDate": None},
    "no sex": {"PatientSex": None},
    "sex X": {"PatientSex": "X"},
    "sex in small letters": {"PatientSex": "m"},
    "sex in a word": {"PatientSex": "FEMALE"},
    "no orientation": {"PatientOrientation": None},
    "one orientation": {"PatientOrientation": "L"},
    "unknown orientation": {"PatientOrientation": ["X", "Y"]},
    "rows to the right": {"PatientOrientation": ["R", "F"]},
    "no study date": {"StudyDate": None, "StudyTime": None},
    "date with dots": {"StudyDate": "2019.01.31", "PatientBirthDate": "1970-02-28"},
    "date with a time": {"StudyDate": "20190131000000"},
    "no such date": {"StudyDate": "20190231", "PatientBirthDate": "00000000"},
    "date in words": {"StudyDate": "31 Jan 2019"},
    "time with colons": {"StudyTime": "10:15:30"},
    "time out of range": {"StudyTime": "256000"},
    "time of nine digits": {"StudyTime": "101530.123456789"},
    "age in weeks": {"PatientAge": "013W"},
    "age without unit": {"PatientAge": "13"},
    "age in words": {"PatientAge": "26 weeks"},
    "no such age": {"PatientAge": "old"},
    "no study ID": {"StudyID": None},
    "no accession number": {"AccessionNumber": None},
    "no series number": {"SeriesNumber": None, "InstanceNumber": None},
    "instance number of text": {"InstanceNumber": "1.0"},
    "great instance number": {"InstanceNumber": "99999999999"},
    "no series": {"SeriesInstanceUID": None},
    "no instance": lambda ds: ds.pop("SOPInstanceUID"),
    "no class": lambda ds: ds.pop("SOPClassUID"),
    "no study": {"StudyInstanceUID": None},
    "empty study": {"StudyInstanceUID": ""},
    "UID with spaces": {"StudyInstanceUID": "1.2.3 ", "SeriesInstanceUID": "1.2.3.2 "},
    "no pixel spacing": {"ImagerPixelSpacing": None},
    "pixel spacing": {"PixelSpacing": ["0.15", "0.15"]},
    "pixel spacing of zero": {"ImagerPixelSpacing": ["0", "0"]},
    "pixel spacing of text": lambda ds: ds.add(of_type(0x00181164, "LO", ["wide", "wide"])),
    "oblong pixels": {"ImagerPixelSpacing": ["0.2", "0.3"]},
    "one pixel spacing": {"ImagerPixelSpacing": "0.2"},
    "no laterality, no body part": {"BodyPartExamined": None, "ViewPosition": None},
    "several descriptions": {"StudyDescription": ["Chest", "PA"]},
    "several sexes": {"PatientSex": ["M", "F"]},
    "several dates": {"StudyDate": ["20190131", "20190201"]},
    "long description": {"StudyDescription": "Chest " * 20},
    "control characters": {"StudyDescription": "Chest\x1b[31m\tPA\n"},
    "code string not ASCII": {"PatientSex": "männlich", "SpecificCharacterSet": "ISO_IR 100"},
    "name of five components": {"PatientName": "Roe^Richard^R^Dr^Jr"},
    "two referring physicians": {"ReferringPhysicianName": ["Doe^Jane", "Poe^Ann"]},
    "name without components": {"PatientName": "Roe"},
    "size with a comma": lambda ds: ds.add(of_type(0x00101020, "LO", "1,80")),
    "no weight": {"PatientWeight": "nan"},
    "long weight": {"PatientWeight": "80.000000000000000001"},
    "unknown words": {"SmokingStatus": "OFTEN", "PatientIdentityRemoved": "SURE"},
    "private elements": private,
    "sex as bytes": lambda ds: ds.add(of_type(0x00100040, "UN", b"M ")),
    "name as bytes": lambda ds: ds.add(of_type(0x00100010, "OB", b"Roe^Richard ")),
    "date as text": lambda ds: ds.add(of_type(0x00080020, "LO", "20190131")),
    "sequence as text": lambda ds: ds.add(of_type(0x00081032, "LO", "Thorax")),
    "text as sequence": lambda ds: ds.add(of_type(0x00081030, "SQ", Sequence([code()]))),
    "coded procedure": {"ProcedureCodeSequence": [code()]},
    "half a code": {"ProcedureCodeSequence": [code(CodeMeaning=None)]},
    "empty item": {"ProcedureCodeSequence": [Dataset()], "ReferencedStudySequence": []},
    "half a reference": {"ReferencedStudySequence": [reference(ReferencedSOPInstanceUID="1.2.3")]},
    "Latin-1": {"PatientName": "Müller^Jörg", "SpecificCharacterSet": "ISO_IR 100"},
    "UTF-8": {"PatientName": "Łukasz^Şule", "SpecificCharacterSet": "ISO_IR 192"},
    "UTF-8 without a word": lambda ds: ds.add(of_type(0x00100010, "PN", "Şule^Łu".encode())),
    "unknown character set": {"SpecificCharacterSet": "ISO_IR 999"},
    "scanned film": {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "ConversionType": "DF"},
    "digital radiograph": {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
        "Modality": "DX",
        "PresentationIntentType": "FOR PRESENTATION",
    },
    "secondary capture of several frames": {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2",
        "NumberOfFrames": 1,
    },
    "private class": {"SOPClassUID": "1.2.276.0.7230010.3.1.0.1"},
    "place of its own": {
        "FrameOfReferenceUID": "1.2.3.9",
        "ImagePositionPatient": [1, 2, 3],
        "ImageOrientationPatient": [1, 0, 0, 0, 0, -1],
    },
    "no directions": {
        "FrameOfReferenceUID": "1.2.3.9",
        "ImagePositionPatient": [1, 2, 3],
        "ImageOrientationPatient": [0, 0, 0, 0, 0, 0],
    },
}
"""Of each, `dciodvfy` finds no error in any result."""

KEPT: dict[str, dict[str, object]] = {
    "long patient ID": {"PatientID": "P" * 70},
    "two patient IDs": {"PatientID": ["P1", "P2"]},
    "two names": {"PatientName": ["Roe^Richard", "Doe^John"]},
    "long name": {"PatientName": "Roe" * 30 + "^Richard"},
    "name of six components": {"PatientName": "Roe^Richard^R^Dr^Jr^Sr"},
    "long accession number": {"AccessionNumber": "A" * 20},
    "long study ID": {"StudyID": "S" * 20},
    "UID with leading zeros": {"StudyInstanceUID": "1.2.003", "SOPInstanceUID": "1.2.003.1"},
    "UID of letters": {"SeriesInstanceUID": "1.2.x"},
    "long UID": {"SeriesInstanceUID": "1." * 40 + "1"},
}
"""Identifiers that are not valid, and that results keep as they are."""

NAMES: dict[str, tuple[object, str]] = {
    "Latin-1": ("ISO_IR 100", "Müller^Jörg"),
    "Latin-2": ("ISO_IR 101", "Łukasz^Żaneta"),
    "Cyrillic": ("ISO_IR 144", "Щукин^Юлия"),
    "Greek": ("ISO_IR 126", "Διονυσιος^Νίκη"),
    "Arabic": ("ISO_IR 127", "قباني^لنزار"),
    "Hebrew": ("ISO_IR 138", "שרון^דבורה"),
    "Thai": ("ISO_IR 166", "สมชาย^ใจดี"),
    "Japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "half-width katakana": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "Korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "UTF-8": ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
}
"""By script, a character set and a name in it."""


# PS3.5 K.2: pydicom writes no escapes for this character set.
SIMPLIFIED = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab"


def radiograph(change: Change | None = None, grey: int = 128, **changes: object) -> Source:
    """A radiograph with a changed header; its mean grey decides on its prediction."""
    coarse = picture((12, 10)) // 4 + np.uint8(grey - 32)
    pixels = np.kron(coarse, np.ones((8, 8), np.uint8))
    elements = {**COMPLETE, **(change if isinstance(change, dict) else {}), **changes}
    with disable_value_validation(), undisturbed():
        data = dicom(pixels, **elements)
        if callable(change):
            ds, stream = dcmread(BytesIO(data)), BytesIO()
            change(ds)
            ds.save_as(stream)
            data = stream.getvalue()
    return Source("cr.dcm", data)
