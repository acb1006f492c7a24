"""The port of our own Prefect server is ours from the moment it is named: nobody else can be given it while the server starts."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

import pytest

from flows.embedded import EmbeddedServer
from infra.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_that_was_named_is_taken(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path / "server.log")
    assert server.api_url == f"http://127.0.0.1:{server.port}/api"
    with pytest.raises(OSError, match=str(errno.EADDRINUSE)), socket.socket() as other:
        other.bind(("127.0.0.1", server.port))


def test_a_port_that_another_program_has_is_told_at_once_with_what_to_do(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        with pytest.raises(ConfigurationError) as caught:
            EmbeddedServer(tmp_path / "server.log", port=port, with_ui=True)
    line = caught.value.line()
    assert f"127.0.0.1:{port}" in line
    assert "[server]" in line
