"""The node over TLS: with certificates of both sides, made here, and without them not at all."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import AE, evt

from pneumoscope.errors import SettingsError
from pneumoscope.node import dimse
from pneumoscope.node.events import Delayed, Finished
from pneumoscope.node.tls import Tls, client_context, server_context
from tests.node.conftest import Archive, make_radiograph, results_of, running_node


def openssl(*arguments: str, folder: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Makes an authority, and certificates of it for the node and for a peer, for loopback."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30")
    for name in ("authority", "stranger"):
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        openssl("req", "-x509", *key, "-subj", f"/CN={name}", *files, folder=folder)
    for name in ("node", "peer"):
        signed = ("-CA", "authority.pem", "-CAkey", "authority.key")
        alternative = ("-addext", "subjectAltName=IP:127.0.0.1")
        files = ("-keyout", f"{name}.key", "-out", f"{name}.pem")
        subject = ("-subj", f"/CN={name}")
        openssl("req", "-x509", *key, *signed, *subject, *alternative, *files, folder=folder)
    return folder


def tls_of(folder: Path, name: str = "node", **changes: object) -> Tls:
    options = {"certificate": folder / f"{name}.pem", "key": folder / f"{name}.key"}
    return Tls(**{**options, "authority": folder / "authority.pem", **changes})


@contextmanager
def archive_over_tls(certificates: Path) -> Iterator[Archive]:
    ae = AE("ARCHIVE")
    for sop_class in dimse.RESULTS.values():
        ae.add_supported_context(sop_class)
    found = Archive(0)
    server = ae.start_server(
        ("127.0.0.1", 0),
        block=False,
        ssl_context=server_context(tls_of(certificates, "peer")),
        evt_handlers=[(evt.EVT_C_STORE, found.store)],
    )
    found.port = server.server_address[1]
    try:
        yield found
    finally:
        ae.shutdown()


def send_over_tls(port: int, context: ssl.SSLContext | None) -> int | None:
    ds, ae = make_radiograph(), AE("SENDER")
    ae.acse_timeout = ae.network_timeout = 5
    ae.add_requested_context(ds.SOPClassUID, ds.file_meta.TransferSyntaxUID)
    tls = None if context is None else (context, "127.0.0.1")
    assoc = ae.associate("127.0.0.1", port, ae_title="PNEUMOSCOPE", tls_args=tls)
    if not assoc.is_established:
        return None
    status = assoc.send_c_store(ds).Status
    assoc.release()
    return int(status)


def test_there_and_back(certificates: Path, tmp_path: Path) -> None:
    tls = tls_of(certificates, destinations=("ARCHIVE",))
    with (
        archive_over_tls(certificates) as archive,
        running_node(tmp_path, archive.name, tls=tls) as running,
    ):
        context = client_context(tls_of(certificates, "peer"))
        assert send_over_tls(running.port, context) == 0x0000
        running.wait_for(Finished)
        assert {*archive.kept} == results_of(make_radiograph())


def stranger(certificates: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certificates / "authority.pem")
    context.load_cert_chain(certificates / "stranger.pem", certificates / "stranger.key")
    return context


def nobody(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / "authority.pem")


@pytest.mark.parametrize("who", [stranger, nobody, lambda _: None])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_who_has_no_certificate_is_not_heard(
    who: object, certificates: Path, archive: Archive, tmp_path: Path
) -> None:
    with running_node(tmp_path, archive.name, tls=tls_of(certificates)) as running:
        assert send_over_tls(running.port, who(certificates)) is None
        # It is not held up by who has connected and says nothing.
        with socket.create_connection(("127.0.0.1", running.port)):
            friend = client_context(tls_of(certificates, "peer"))
            assert send_over_tls(running.port, friend) == 0x0000


def test_a_destination_that_shows_no_certificate(
    certificates: Path, archive: Archive, tmp_path: Path
) -> None:
    tls = tls_of(certificates, destinations=("ARCHIVE",))
    with running_node(tmp_path, archive.name, tls=tls, timeout=2.0) as running:
        context = client_context(tls_of(certificates, "peer"))
        assert send_over_tls(running.port, context) == 0x0000
        (delayed, *_) = running.wait_for(Delayed)
        assert delayed.code == "peer-unreachable"
        assert archive.kept == []


@pytest.mark.parametrize("missing", ["certificate", "key", "authority"])
def test_files_that_are_missing(missing: str, certificates: Path, tmp_path: Path) -> None:
    tls = tls_of(certificates, **{missing: tmp_path / "nothing.pem"})
    for make in (server_context, client_context):
        with pytest.raises(SettingsError, match="cannot be loaded"):
            make(tls)


def test_a_key_of_another_certificate(certificates: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be loaded"):
        server_context(tls_of(certificates, key=certificates / "peer.key"))
