"""A server that has no room for more than so many bytes: it answers as it is told to, and takes nothing.

restic's own REST server (--max-size), MinIO, Ceph and Garage are in no package index that a test may ask. So a server in
front of rclone's refuses what is too much, by the size that the request declares (restic/rest-server quota.go), in the words
of the one that it stands for, and hands everything else on.
"""

from __future__ import annotations

import http.client
import http.server
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_ROOM = (507, b"Insufficient Storage\n")
NOT_HANDED_ON = {"connection", "transfer-encoding", "content-length", "date", "server"}


@dataclass
class Quota:
    """How many bytes may lie in `folder`, and the status and content of the refusal; may be changed while the server runs."""

    folder: Path
    most: int
    url: str = ""
    refused: int = 0
    answer: tuple[int, bytes] = NO_ROOM

    def takes(self, size: int) -> bool:
        stored = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        return stored + size <= self.most


@contextmanager
def with_quota(url: str, folder: Path, most: int) -> Iterator[Quota]:
    """The server at `url`, which stores into `folder`, behind one that keeps a quota."""
    behind, quota = urlsplit(url), Quota(folder, most)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.command in {"POST", "PUT"} and not quota.takes(len(content)):
                quota.refused += 1
                self._answer(quota.answer[0], {}, quota.answer[1])
                return
            connection = http.client.HTTPConnection(behind.hostname or "", behind.port)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}  # the host is signed
            connection.request(self.command, self.path, content, headers)
            answer = connection.getresponse()
            self._answer(answer.status, dict(answer.getheaders()), answer.read())
            connection.close()

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815 - the names that http.server calls

        def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in NOT_HANDED_ON:
                    self.send_header(name, value)
            size = headers.get("Content-Length", "0") if self.command == "HEAD" else str(len(content))
            self.send_header("Content-Length", size)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    quota.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield quota
    finally:
        server.shutdown()
        server.server_close()
