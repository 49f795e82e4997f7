"""Services of the tests, around a model that takes no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import encoded, picture, write_bundle
from tests.server.running import Running, running


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that refuses what is much darker or brighter than noise."""
    return write_bundle(tmp_path_factory.mktemp("model") / "bundle", usual=128.0)


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[Running]:
    """A service as it comes."""
    with running(model) as found:
        yield found


Serve = Callable[..., Running]


@pytest.fixture
def serve(model: Path) -> Iterator[Serve]:
    """Runs services with other settings."""
    with ExitStack() as stack:
        yield lambda **changes: stack.enter_context(running(model, **changes))


@pytest.fixture(scope="session")
def image() -> bytes:
    return encoded(picture())
