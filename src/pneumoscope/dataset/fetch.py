"""Fetching of public data sets into a folder, with their attribution beside the images."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from pneumoscope.defaults import PUBLIC_DATA
from pneumoscope.download import Archive, download
from pneumoscope.errors import (
    DataError,
    DependencyError,
    FetchError,
    storage_errors,
    unknown_choice,
)
from pneumoscope.files import is_junk, temporary_name, write_text
from pneumoscope.parallel import Progress
from pneumoscope.unpack import unpack

ATTRIBUTION = "ATTRIBUTION.md"


@dataclass(frozen=True)
class PublicData:
    """A public data set: its place and its terms of use.

    Attributes:
        name: short name of the data set.
        title: title of the data set.
        attribution: names to give as the origin when it is used.
        licence: name of the licence.
        licence_url: address of the text of the licence.
        page: address of the web page of the data set.
        archive: zip archive to fetch over HTTPS; None if the data set is at Kaggle.
        kaggle: handle of the data set at Kaggle; empty where there is an archive.
    """

    name: str
    title: str
    attribution: str
    licence: str
    licence_url: str
    page: str
    archive: Archive | None = None
    kaggle: str = ""

    @property
    def terms(self) -> str:
        """Title, attribution and licence of the data set, as Markdown."""
        checksum = f"\nSHA-256 of the archive: {self.archive.sha256}\n" if self.archive else ""
        return (
            f"# {self.title}\n\n{self.attribution}\n\n"
            f"Licence: {self.licence}, {self.licence_url}\n\nFrom: {self.page}\n{checksum}"
        )


def find_public_data(name: str | None = None) -> PublicData:
    """Finds a public data set by its name, or the default one.

    Raises:
        SettingsError: if there is no public data set of this name.
    """
    sources = _sources()
    if name is None:
        return next(iter(sources.values()))
    if name not in sources:
        raise unknown_choice(
            "There is no such source of data",
            name,
            tuple(sources),
            setting="source",
            remedy="Choose one of them",
        )
    return sources[name]


def fetch(
    source: PublicData | str | None = None,
    output: Path | str = PUBLIC_DATA,
    *,
    downloading: Progress | None = None,
    unpacking: Progress | None = None,
) -> PublicData:
    """Fetches a public data set into a folder, which is complete or absent.

    An interrupted download is continued; a data set that is there already is left as it is. Whose
    the data are is written beside the images, in `ATTRIBUTION.md`.

    Args:
        source: name of the public data set, mendeley (the original, the default) or kaggle; or the
            data set itself.
        output: a new or empty folder. An unfinished download lies beside it.
        downloading: called with the number of bytes downloaded and of all; not for Kaggle, which
            shows a progress of its own.
        unpacking: called with the number of files written and of all.

    Returns:
        Whose the data are, and on what terms.

    Raises:
        SettingsError: if there is no source of this name.
        DataError: if something else is in `output`, or the archive cannot be unpacked safely.
        DependencyError: if the source is at Kaggle and `kagglehub` is not installed.
        FetchError: if the download fails.
        StorageError: if the disk is full or cannot be written.
    """
    output = Path(output)
    if not isinstance(source, PublicData):
        source = find_public_data(source)
    if not _is_there(source, output):
        if source.archive is None:
            _fetch_from_kaggle(source, output)
        else:
            _fetch_archive(source, source.archive, output, downloading, unpacking)
    return source


def _fetch_from_kaggle(source: PublicData, output: Path) -> None:
    found = _download_from_kaggle(source)
    with _whole(source, output) as folder:
        shutil.copytree(found, folder, copy_function=_link, ignore=_junk_among, dirs_exist_ok=True)


def _fetch_archive(
    source: PublicData,
    archive: Archive,
    output: Path,
    downloading: Progress | None,
    unpacking: Progress | None,
) -> None:
    target = output.with_name(f".{output.name}.{archive.sha256[:8]}.part")
    download(archive, target, downloading)
    with _whole(source, output) as folder:
        unpack(target, folder, unpacking)
    for leftover in (target, target.with_name(f"{target.name}.etag")):
        leftover.unlink(missing_ok=True)


def _is_there(source: PublicData, output: Path) -> bool:
    with storage_errors("look into", output):
        if not output.exists() or not any(output.iterdir()):
            return False
        note = output / ATTRIBUTION
        if note.is_file() and note.read_text("utf-8") == source.terms:
            return True
    raise DataError(
        f"{output} is not empty",
        remedy="Choose another output folder, or empty this one",
        code="output-occupied",
        values={"path": str(output)},
    )


@contextmanager
def _whole(source: PublicData, output: Path) -> Iterator[Path]:
    """Yields a folder to fill, which becomes `output`, with the attribution in it."""
    temporary = output.with_name(temporary_name())
    try:
        with storage_errors("write", output):
            temporary.mkdir(parents=True)
            yield temporary
            write_text(temporary / ATTRIBUTION, source.terms)
            if output.exists():
                output.rmdir()  # it is empty: `_is_there` has checked that
            temporary.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _download_from_kaggle(source: PublicData) -> Path:
    try:
        import kagglehub
    except ImportError as error:
        raise DependencyError(
            "Fetching from Kaggle needs kagglehub",
            remedy='Install it with `pip install "pneumoscope[fetch]"`, or fetch from another '
            "source",
            values={"extra": "fetch"},
        ) from error
    try:
        return Path(kagglehub.dataset_download(source.kaggle))
    except Exception as error:  # those of kagglehub and of what it is made of share no base
        raise FetchError(
            f"Kaggle does not give {source.kaggle}: {error or type(error).__name__}",
            remedy="Run the same command again: it goes on where it was. Or fetch from another "
            "source",
        ) from error


def _link(source: str, target: str) -> None:
    """Gives a file a second name, which takes no space; copies it where that cannot be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _junk_among(_: str, names: list[str]) -> set[str]:
    return {name for name in names if is_junk(name)}


@cache
def _sources() -> dict[str, PublicData]:
    text = files("pneumoscope.dataset").joinpath("sources.toml").read_text("utf-8")
    sources = {}
    for entry in tomllib.loads(text)["source"]:
        place = {name: entry.pop(name) for name in ("url", "size", "sha256") if name in entry}
        archive = Archive(**place) if place else None
        sources[entry["name"]] = PublicData(**entry, archive=archive)
    return sources
