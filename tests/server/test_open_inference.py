"""A program that knows nothing but the protocol finds that the service keeps to it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.server.open_inference import document
from tests.server.running import Running
from tests.server.schemathesis import run_schemathesis


def test_schemathesis_finds_no_fault(server: Running, tmp_path: Path) -> None:
    path = tmp_path / "protocol.json"
    path.write_text(json.dumps(document(("brightness", "brightness-records"), "0.0")))
    run_schemathesis(str(path), tmp_path, examples=5, options=("--url", server.url))
