"""The work on one shard: its images to rows, the same whatever starts it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pneumoscope.dataset.patients import STUDY
from pneumoscope.dataset.placeholder import says_nobody
from pneumoscope.errors import ImageError, SettingsError
from pneumoscope.imaging import Source, read_bytes
from pneumoscope.imaging.identity import PatientIdentity, patient_in
from pneumoscope.inference import BATCH, Judged, Predictor, Read
from pneumoscope.inference.images import Found
from pneumoscope.known import identify
from pneumoscope.names import hashed_names, public_name
from pneumoscope.parallel import in_stream
from pneumoscope.pseudonym import key_fingerprint, pseudonym, uid_pseudonym
from pneumoscope.scale.journal import Journal, journal_of
from pneumoscope.scale.listing import FrozenList
from pneumoscope.scored.plan import read_plan, require_model
from pneumoscope.scored.rows import make_row
from pneumoscope.scored.schema import GROUPS
from pneumoscope.scored.shards import shard_path, write_shard
from pneumoscope.shipped import read_model

if TYPE_CHECKING:
    from pneumoscope.scale.fetch import Fetcher

READY = "ready"
"""What a process says once it has the model in memory."""

_AHEAD = 4  # files that are read while others are decoded
_UIDS = ("study", "series", "instance")

Tell = Callable[[int], None]
"""Function that is told the number of images of a batch, when they are scored."""


@dataclass(frozen=True)
class Job:
    """What to score, in types that every process takes.

    Attributes:
        folder: the scored folder, which has its plan and its list.
        model: path of the model.
        policy: path of the policy of the plan; None for the usual one.
    """

    folder: Path
    model: Path
    policy: Path | None = None


class Outcome(Enum):
    """What has come of the work on a shard."""

    DONE = auto()
    BUSY = auto()
    """Another process is at it."""


@dataclass(frozen=True, eq=False)
class _Image:
    """An image of a shard that was opened, and not judged yet.

    Attributes:
        name: its name in its record.
        identity: what identifies it, by column of its row.
        found: what was found in it, or the error; None of a copy, which has what its original has.
    """

    name: str
    identity: Mapping[str, str | None]
    found: Read | None


class Scorer:
    """A model in memory that scores the shards of a folder, on one thread.

    Args:
        job: what to score.

    Raises:
        BundleError: if the model cannot be used.
        DataError: if the plan is of another model, or damaged.
        SettingsError: if patients of the plan were hashed under another key than this user has, or
            it is unclear how to log in to the archive.
        StorageError: if the folder cannot be read.
    """

    def __init__(self, job: Job) -> None:
        self._folder = job.folder
        self._plan = plan = read_plan(job.folder)
        bundle = read_model(job.model)
        require_model(job.folder, plan, bundle)
        if plan.key_fingerprint != key_fingerprint():
            raise _another_key(job.folder)
        self._predictor = Predictor(
            bundle,
            threads=1,
            operating_point=plan.operating_point,
            prevalence=plan.prevalence,
            gate=plan.gate,
            policy=job.policy,
        )
        self._list = FrozenList(job.folder)
        self._fetcher = _open_archive(self._list.archive)

    def score(self, number: int, tell: Tell = lambda _: None) -> Outcome:
        """Scores a shard, unless it is there already or another process is at it.

        Args:
            number: number of the shard.
            tell: function that is told of each batch.

        Raises:
            BundleError: if the network cannot be run.
            DataError: if the list is damaged.
            PeerError: if the archive is away, or denies access.
            StorageError: if the shard cannot be written; then it is not there.
        """
        names = hashed_names() if self._plan.hashed else nullcontext()
        with journal_of(self._folder, number) as journal, names:
            if journal is None:
                return Outcome.BUSY
            if not shard_path(self._folder, number).is_file():
                write_shard(self._folder, number, self._rows(number, journal, tell))
        return Outcome.DONE

    def _rows(self, number: int, journal: Journal, tell: Tell) -> list[dict[str, Any]]:
        listed = self._list.shard(number)
        rows: list[dict[str, Any]] = []
        last: tuple[_Image, Judged] | None = None
        with ThreadPoolExecutor(1) as reader:
            sources = in_stream(reader, self._read, listed, _AHEAD)
            for batch in journal.batches(len(listed), BATCH):
                journal.begin(batch)
                images: list[_Image] = []
                original = last and last[0]
                for row in batch:
                    source = next(sources)
                    if journal.is_aside(row):
                        source = _set_aside(self._name(listed[row]))
                    images.append(self._open(listed[row], source, original))
                    original = original if images[-1].found is None else images[-1]
                read = [(image.name, image.found) for image in images if image.found is not None]
                judged = iter(self._predictor.judge(read))
                for image in images:
                    last = last if image.found is None else (image, next(judged))
                    assert last is not None  # a copy follows its original
                    rows.append(self._row(image, *last))
                tell(len(batch))
        return rows

    def _read(self, listed: Mapping[str, Any]) -> Source | ImageError:
        name = self._name(listed)
        try:
            if self._fetcher is None:
                return read_bytes(self._path(listed), name=name)
            return self._fetcher.fetch(os.fsdecode(listed["file"]), name)
        except ImageError as error:
            return error

    def _open(
        self, listed: Mapping[str, Any], source: Source | ImageError, original: _Image | None
    ) -> _Image:
        """Opens an image, unless it is a copy of the one that was opened before."""
        name = self._name(listed)
        if isinstance(source, ImageError):
            return _Image(name, _identify(listed, None, self._plan.keep_uids), source)
        identity = _identify(listed, source, self._plan.keep_uids)
        if listed["copy"] and original and self._is_copy(source, original):
            return _Image(name, identity, None)
        return _Image(name, identity, self._predictor.read(source)[1])

    def _is_copy(self, source: Source, original: _Image) -> bool:
        """Tells whether bytes are those of an image that could be read, and warn of the same."""
        if not isinstance(original.found, Found) or original.identity["sha256"] != source.sha256:
            return False
        # which depends on the name of the file, too
        return self._predictor.recall(source) == original.found.warnings

    def _row(self, image: _Image, original: _Image, judged: Judged) -> dict[str, Any]:
        prediction = self._predictor.record(replace(judged, name=image.name)).prediction
        copy_of = None if image is original else original.name
        return make_row(self._plan, {**image.identity, "duplicate_of": copy_of}, judged, prediction)

    def _path(self, listed: Mapping[str, Any]) -> Path:
        return self._list.base / os.fsdecode(listed["file"])

    def _name(self, listed: Mapping[str, Any]) -> str:
        file = os.fsdecode(listed["file"])
        if self._fetcher is not None:
            keep = self._plan.keep_uids and not self._plan.hashed
            return file if keep else uid_pseudonym(os.path.basename(file))
        shown = self._list.shown / file
        return public_name(self._path(listed), str(shown))


def _identify(
    listed: Mapping[str, Any], source: Source | None, keep_uids: bool
) -> dict[str, str | None]:
    """Returns what identifies an image, by column: patients and UIDs as keyed hashes."""
    known = {name: listed[name] for name in ("true_label", "patient", *GROUPS)}
    header = None if source is None else _header(source)
    if header is None:
        told = _by_name(listed)
    else:
        uids = {name: uid for name in _UIDS if (uid := getattr(header, name))}
        kept = uids if keep_uids else {name: uid_pseudonym(uid) for name, uid in uids.items()}
        told = {**kept, "patient": _by_header(header)}
    found = {**told, **{name: value for name, value in known.items() if value}}
    return {**found, "sha256": None if source is None else source.sha256}


def _header(source: Source) -> PatientIdentity | None:
    try:
        return patient_in(source)
    except ImageError:  # of no known format, as its record tells
        return None


def _by_name(listed: Mapping[str, Any]) -> dict[str, str | None]:
    """Returns what the name of a picture of a known data set tells: its patient and subgroup."""
    named = identify(os.path.basename(os.fsdecode(listed["file"]))) if listed["named"] else None
    return {"patient": named.patient, "subgroup": named.subgroup or None} if named else {}


def _by_header(header: PatientIdentity) -> str | None:
    """Returns the key of the patient by the header, or else by the study."""
    if not says_nobody(header.patient_id):
        return pseudonym(header.patient_id, header.issuer)
    return pseudonym(header.study, STUDY) if header.study else None


def _set_aside(name: str) -> ImageError:
    return ImageError(
        f"{name} has ended the program twice, and is not read any more",
        remedy="Leave it out, and report it: no file should do that",
        code="image-ends-program",
        values={"path": name},
    )


def _another_key(folder: Path) -> SettingsError:
    return SettingsError(
        f"{folder} was begun under another secret key of patients",
        expected="the same key in the data folder of every user and machine that scores",
        remedy="Copy the file patient.key of whoever has begun, or score into another folder",
        code="key-differs",
        values={"path": str(folder)},
    )


def _open_archive(url: str) -> Fetcher | None:
    """Opens the archive that has the images; None where they are files."""
    if not url:
        return None
    from pneumoscope.scale.fetch import Fetcher  # loads its client

    return Fetcher(url)
