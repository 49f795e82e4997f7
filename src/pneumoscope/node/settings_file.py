"""The settings file of the node: TOML, whose keys are the fields of `Settings`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from pneumoscope.errors import SettingsError, unknown_choice
from pneumoscope.files import read_toml
from pneumoscope.node.access import DicomWeb
from pneumoscope.node.settings import Settings, default_spool
from pneumoscope.node.tls import Tls


def read_settings(path: Path | None, *, archive: str | None = None, **given: Any) -> Settings:
    """Reads the settings from a file, and puts those that are given in their place.

    Args:
        path: TOML file whose keys are the fields of `Settings`; paths in it are relative to its
            folder. None for the defaults.
        archive: address of the archive that is polled, in place of that of the file.
        given: further settings, of the types of `Settings`; None for what is not given.

    Raises:
        SettingsError: if the file is missing or not valid TOML, or a setting is unknown, of the
            wrong type or out of range.
        StorageError: if the file may not be read.
    """
    content = {} if path is None else _read(path)
    content |= {name: value for name, value in given.items() if value is not None}
    if archive is not None:
        known = content.get("dicomweb")
        content["dicomweb"] = replace(known, url=archive) if known else DicomWeb(archive)
    return Settings(**content)


def read_spool(path: Path | None) -> Path:
    """Reads where the spool is, whatever else is set.

    Args:
        path: TOML file as of `read_settings`; None for the default.

    Raises:
        SettingsError, StorageError: as `read_settings`.
    """
    content = {} if path is None else _read(path)
    return Path(content.get("spool", default_spool()))


def _read(path: Path) -> dict[str, Any]:
    content = read_toml(path, "settings file", 'to = ["ORTHANC@127.0.0.1:4242"]')
    read = _Reader(path)
    tables = {name: content.pop(name, None) for name in _TABLES}
    found = read.fields(content, Settings, "")
    for name, table in tables.items():
        if table is not None:
            found[name] = read.table(name, table)
    return found


_TABLES: dict[str, tuple[type, tuple[str, ...]]] = {
    "tls": (Tls, ("certificate", "key")),
    "dicomweb": (DicomWeb, ("url",)),
}
"""Tables of the settings file: what each is made into, and what it has to hold."""
_SECRETS = {"dicomweb.token", "dicomweb.password"}


_EXPECTED: dict[str, tuple[type | tuple[type, ...], str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "float": ((int, float), "a number"),
    "bool": (bool, "true or false"),
    "Path": (str, "a path"),
    "Mapping[str, str]": (dict, 'a table of lines such as ORTHANC = "127.0.0.1:4242"'),
    "tuple[str, ...]": (list, "a list of texts"),
    "tuple[Kind, ...]": (list, "a list of kinds"),
}


@dataclass(frozen=True)
class _Reader:
    """Converts the values of a TOML file to those of settings."""

    path: Path

    def fields(self, content: Mapping[str, Any], kind: type, prefix: str) -> dict[str, Any]:
        types = {each.name: str(each.type).removesuffix(" | None") for each in fields(kind)}
        for name in content:
            if name not in types:
                raise unknown_choice(
                    f"The settings file {self.path} has an unknown setting",
                    name,
                    list(types),
                    setting=f"{prefix}{name}",
                    remedy="Rename it, or delete the line",
                )
        return {
            name: self.value(f"{prefix}{name}", types[name], value)
            for name, value in content.items()
        }

    def table(self, name: str, content: Any) -> Any:
        kind, needed = _TABLES[name]
        if not isinstance(content, dict) or not {*needed} <= {*content}:
            found = sorted(content) if isinstance(content, dict) else content
            raise self.malformed(name, f"a table with {' and '.join(needed)}", found)
        return kind(**self.fields(content, kind, f"{name}."))

    def value(self, name: str, kind: str, value: Any) -> Any:
        expected, words = _EXPECTED[kind]
        fits = isinstance(value, expected) and (kind == "bool" or not isinstance(value, bool))
        within = value.values() if isinstance(value, dict) else value
        if not fits or (isinstance(value, list | dict) and not all(map(_is_text, within))):
            raise self.malformed(name, words, value)
        if kind == "Path":
            return self.path.parent / Path(value).expanduser()
        return tuple(value) if isinstance(value, list) else value

    def malformed(self, name: str, expected: str, received: Any) -> SettingsError:
        return SettingsError(
            f"The settings file {self.path} has an invalid value for {name}",
            expected=expected,
            received="another type" if name in _SECRETS else repr(received),
            values={"setting": name},
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
