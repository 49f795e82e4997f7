"""Patients are recognised under the same secret key, and under no other."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from pathlib import Path

import pytest
from platformdirs import user_data_path

from pneumoscope.errors import DataError
from pneumoscope.known import identify
from pneumoscope.pseudonym import is_own_key, key_fingerprint, pseudonym


def secret_file() -> Path:
    return user_data_path("pneumoscope") / "patient.key"


def test_same_patient_same_key_and_no_trace_of_the_identifier() -> None:
    key = pseudonym("4711")
    assert key == pseudonym("4711")
    assert key != pseudonym("4712")
    assert len(key) == len("patient ") + 32
    known = identify("person1_virus_1.jpeg")
    assert known is not None
    assert not known.patient.startswith("patient ")


def test_issuers_do_not_collide() -> None:
    keys = {pseudonym("23", "1"), pseudonym("3", "12"), pseudonym("123"), pseudonym("1", "23")}
    assert len(keys) == 4


def test_another_user_has_other_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = pseudonym("4711")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert pseudonym("4711") != here
    assert stat.S_IMODE(secret_file().stat().st_mode) == 0o600


def test_a_fingerprint_tells_one_secret_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = key_fingerprint()
    assert here == key_fingerprint()
    assert len(here) == 16
    assert here not in secret_file().read_bytes().hex()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "other"))
    assert key_fingerprint() != here


def test_identifiers_may_hold_any_bytes() -> None:
    name = b"M\xfcller".decode("utf-8", "surrogateescape")
    assert pseudonym(name) != pseudonym("Müller")


def test_who_asks_while_the_secret_is_made_gets_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []

    real = secrets.token_bytes

    def ask_meanwhile(count: int) -> bytes:
        monkeypatch.setattr(secrets, "token_bytes", real)
        keys.append(pseudonym("4711"))
        return real(count)

    monkeypatch.setattr(secrets, "token_bytes", ask_meanwhile)
    assert [pseudonym("4711")] == keys
    assert [path.name for path in secret_file().parent.iterdir()] == ["patient.key"]


def test_a_secret_on_a_disk_without_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links")

    monkeypatch.setattr(os, "link", link)
    assert pseudonym("4711") == pseudonym("4711")
    assert [path.name for path in secret_file().parent.iterdir()] == ["patient.key"]


def test_a_damaged_secret_is_not_used() -> None:
    secret_file().parent.mkdir(parents=True)
    secret_file().write_bytes(b"short")
    with pytest.raises(DataError, match="damaged"):
        pseudonym("4711")


def test_a_folder_that_cannot_be_looked_into_holds_no_own_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", f"/{'a' * 300}")  # longer than a name may be
    assert not is_own_key("0" * 16)
