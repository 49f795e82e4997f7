"""The header of a radiograph as results carry it: what files get wrong is put right.

Nothing is invented but the UIDs that an object cannot be without. Identifiers stay as they are,
even where they are not valid: an archive files by them, and another identifier is another patient.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydicom import config
from pydicom.charset import decode_bytes
from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag
from pydicom.uid import UID, ComputedRadiographyImageStorage

from pneumoscope.derived.kinds import made_uid
from pneumoscope.derived.values import LONGEST, TIDY
from pneumoscope.imaging import Source
from pneumoscope.imaging.decode import decoding
from pneumoscope.imaging.dicom import read_header

# Of patient, study, series, equipment and image; private groups and pixels are left behind.
_GROUPS = {0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040}
_MORE = {
    "PixelSpacing",
    "LossyImageCompression",
    "LossyImageCompressionRatio",
    "LossyImageCompressionMethod",
}
_OF_FILE = {"SpecificCharacterSet", "TimezoneOffsetFromUTC"}
_TRIAL = 0x0012  # of type 2 for the most part (PS3.3 C.7.1.3): empty where nothing is known
# Type 2 in the modules Patient and General Study (PS3.3 C.7.1.1, C.7.2.1).
_EMPTY = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
    "StudyID",
    "AccessionNumber",
)
# An archive files by these.
_IDENTIFIERS = {"PatientID", "IssuerOfPatientID", "PatientName", "AccessionNumber", "StudyID"}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "PatientSex": {"M": "M", "F": "F", "O": "O", "MALE": "M", "FEMALE": "F", "OTHER": "O"},
    "PatientIdentityRemoved": {"YES": "YES", "NO": "NO"},
    "QualityControlSubject": {"YES": "YES", "NO": "NO"},
    "SmokingStatus": {"YES": "YES", "NO": "NO", "UNKNOWN": "UNKNOWN"},
    "PatientSexNeutered": {"ALTERED": "ALTERED", "UNALTERED": "UNALTERED"},
    "TypeOfPatientID": {"TEXT": "TEXT", "RFID": "RFID", "BARCODE": "BARCODE"},
}
_CODE_VALUES = {"CodeValue", "LongCodeValue", "URNCodeValue"}
_CODE = {"CodingSchemeDesignator", "CodeMeaning"}
_REFERENCE = {"ReferencedSOPClassUID", "ReferencedSOPInstanceUID"}
_ESCAPE = re.compile(r"\x1b[ -/]*[0-~]")  # PS3.5 6.1.2.5.3
_NUMBERS = {"US", "SS", "UL", "SL", "FL", "FD"}


@dataclass(frozen=True, eq=False)
class Radiograph:
    """A radiograph as its results refer to it.

    Attributes:
        header: elements of its header that are valid or identify it, in UTF-8. Its SOPClassUID is
            that of computed radiographs, whose modules all radiographs share.
        nameless: the same without names of people, some of which highdicom refuses.
        sop_class: SOPClassUID (0008,0016) of the file.
        rows: number of rows, as stored.
        columns: number of columns, as stored.
    """

    header: Dataset
    nameless: Dataset
    sop_class: UID
    rows: int
    columns: int


def read_radiograph(source: Source) -> Radiograph:
    """Reads the header of a radiograph, and puts right what results cannot carry.

    Args:
        source: DICOM file that was predicted.

    Raises:
        ImageError: if its header cannot be read.
    """
    with decoding(source, "DICOM"):
        ds = read_header(source)
        header = _tidied(ds, _carried(ds))
        _complete(header, _tidied(ds.file_meta, _tags(ds.file_meta)), source)
        sop_class = UID(header.get("SOPClassUID", ComputedRadiographyImageStorage))
        header.SOPClassUID = ComputedRadiographyImageStorage
        nameless = deepcopy(header)
        nameless.PatientName = nameless.ReferringPhysicianName = ""
        return Radiograph(header, nameless, sop_class, int(ds.Rows), int(ds.Columns))


def _carried(ds: Dataset) -> Iterable[BaseTag]:
    return [tag for tag in _tags(ds) if tag.group in _GROUPS or keyword_for_tag(tag) in _MORE]


def _tags(ds: Dataset) -> Iterable[BaseTag]:
    # Iterating over the data set would convert its values, and stop at the first that is broken.
    return ds.keys()


def _complete(header: Dataset, meta: Dataset, source: Source) -> None:
    """Adds what a result cannot be without: empty where that is allowed, and made-up UIDs."""
    for keyword in _EMPTY:
        header.setdefault(keyword, "")
    for part in ("Class", "Instance"):
        if said := meta.get(f"MediaStorageSOP{part}UID"):
            header.setdefault(f"SOP{part}UID", said)
    header.setdefault("SOPInstanceUID", made_uid(source.sha256, "instance"))
    for level in ("Series", "Study"):
        header.setdefault(f"{level}InstanceUID", made_uid(header.SOPInstanceUID, level.lower()))
    header.SpecificCharacterSet = "ISO_IR 192"


def _tidied(ds: Dataset, tags: Iterable[BaseTag]) -> Dataset:
    tidy = Dataset()
    for tag in tags:
        if tag.element and dictionary_has_tag(tag) and keyword_for_tag(tag) not in _OF_FILE:
            vr = dictionary_VR(tag)
            value = _value(ds, tag, vr)
            if value or (tag.group == _TRIAL and vr != "SQ"):
                tidy[tag] = DataElement(tag, vr, value, validation_mode=config.IGNORE)
    return tidy


def _value(ds: Dataset, tag: BaseTag, vr: str) -> Any:
    found = _read(ds, tag)
    if vr == "SQ":
        items = found if isinstance(found, Sequence) else []
        return [tidy for item in items if _is_whole(tidy := _tidied(item, _tags(item)))]
    values = found if hasattr(found, "append") else [found]
    if vr in _NUMBERS:
        return [number for number in values if isinstance(number, int | float)]
    if vr not in TIDY:
        return None
    texts = [_text(value, ds) for value in values if value is not None]
    return _chosen(keyword_for_tag(tag), vr, dictionary_VM(tag), texts)


def _read(ds: Dataset, tag: BaseTag) -> Any:
    try:
        return ds[tag].value
    except Exception:  # whatever pydicom raises where a value is not of its type
        return getattr(ds.get_item(tag, keep_deferred=True), "value", None)


def _chosen(keyword: str, vr: str, multiplicity: str, texts: list[str]) -> str | list[str]:
    """Chooses the valid values among texts: one, or as many as there may be."""
    if keyword in _IDENTIFIERS:
        return "\\".join(texts)
    if keyword in _WORDS:
        texts = [_WORDS[keyword].get(text.upper(), "") for text in texts]
    tidy = [TIDY[vr](text)[: LONGEST.get(vr)] for text in texts]
    if multiplicity == "1":
        return next(filter(None, tidy), "")
    if multiplicity.isdecimal():
        return tidy if len(tidy) == int(multiplicity) and all(tidy) else ""
    return list(filter(None, tidy))


def _text(value: object, ds: Dataset) -> str:
    if isinstance(value, bytes):
        own = ds.original_character_set
        value = decode_bytes(value, [own] if isinstance(own, str) else own, set())
    # pydicom leaves the escapes of some character sets in the text.
    text = _ESCAPE.sub("", str(value)).strip(" \0\t\r\n")
    if text.isascii() or ds.get("SpecificCharacterSet"):
        return text
    try:  # none is declared, so that pydicom took it for Latin-1: it may be UTF-8
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _is_whole(item: Dataset) -> bool:
    """Returns whether an item of a sequence holds something, and no half of a code or reference."""
    keywords = {element.keyword for element in item}
    code = keywords & (_CODE | _CODE_VALUES)
    if code and not (keywords & _CODE_VALUES and code >= _CODE):
        return False
    return bool(keywords) and (not keywords & _REFERENCE or keywords >= _REFERENCE)
