"""Files in an S3-compatible bucket: listed, and fetched by ranges.

Where the bucket keeps versions, the version that was listed is the one that is fetched; elsewhere the ETag
must still be that of the listing. This, bucket_access and object_lock are the modules that import boto3.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from botocore.exceptions import ClientError

from connectors.deadlines import NIGHTLY, Cutoff, Patience, cut_after
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.stores.bucket_access import NETWORK_FIX, NO_STORE, NO_STORE_FIX, code_of, open_client, told
from connectors.stores.store import RESTARTS, StoredFile, fetch_settled, listing, readable, write_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connectors.stores.store import OpenStore
    from infra.source_settings import BucketSource

CUTS = 3  # per file: a body that breaks off is asked for again from there
RANGE = 16 * 1024**2  # bytes per request
BLOCK = 64 * 1024
PLAIN_MD5 = re.compile(r"[0-9a-f]{32}")
NO_VERSIONS = ("NotImplemented", "AccessDenied", "MethodNotAllowed", "501", "403", "405")  # a store that cannot or will not list them
MOVED = ("PreconditionFailed", "412")
SEALED = ("aws:kms", "aws:kms:dsse")  # their ETags are no MD5


@dataclass(frozen=True, slots=True)
class BucketStore:
    """The objects below a prefix. Relative files start at `home`; `label`: the system, for messages."""

    settings: BucketSource
    home: Path
    label: str
    recursive: bool = False
    patience: Patience = NIGHTLY
    newest_wins: ClassVar[bool] = True  # exports pile up where the school may only read

    @property
    def where(self) -> str:
        endpoint = re.sub(r"//[^/@]*@", "//", self.settings.endpoint).rstrip("/")
        return f"{endpoint}/{self.settings.bucket}/{self.prefix}"

    @property
    def prefix(self) -> str:
        """The prefix as a folder: `csdl` does not mean `csdl-cu/…`."""
        plain = self.settings.prefix.strip("/")
        return f"{plain}/" if plain else ""

    @contextmanager
    def opened(self) -> Iterator[OpenStore]:
        cutoff = Cutoff()
        bucket = _Bucket(self, cutoff)
        with closing(cutoff), cut_after(self.patience.overall, cutoff.end), closing(bucket):
            bucket.try_key()
            yield bucket


class _Bucket:
    """An open bucket."""

    def __init__(self, store: BucketStore, cutoff: Cutoff) -> None:
        self._store, self.where, self._cutoff = store, store.where, cutoff
        with told(self.where):
            self._client = open_client(store.settings, store.home, store.patience, cutoff)

    def close(self) -> None:
        self._client.close()

    def try_key(self) -> None:
        """One small question, so that a wrong key or name is told at once, as a SourceError."""
        with self._asking(self.where):
            answer = self._client.list_objects_v2(Bucket=self._store.settings.bucket, Prefix=self._store.prefix, MaxKeys=1)
        if "Name" not in answer:  # a log-in page that happens to be XML
            raise SourceRefused(NO_STORE, where=self.where, fix=NO_STORE_FIX)

    def listed(self) -> list[StoredFile]:
        with self._asking(self.where):
            try:
                return listing(self._found("list_object_versions", "Versions"), self.where)
            except ClientError as error:
                if code_of(error) not in NO_VERSIONS:
                    raise
            return listing(self._found("list_objects_v2", "Contents"), self.where)

    def _found(self, operation: str, part: str) -> Iterator[StoredFile]:
        level = {} if self._store.recursive else {"Delimiter": "/"}
        pages = self._client.get_paginator(operation).paginate(Bucket=self._store.settings.bucket, Prefix=self._store.prefix, **level)
        for page in pages:
            self._refuse_late()
            for entry in page.get(part, ()):
                if entry.get("IsLatest", True) and not entry["Key"].endswith("/"):
                    yield self._stored(entry)

    def _stored(self, entry: Mapping[str, Any]) -> StoredFile:
        key = entry["Key"].removeprefix(self._store.prefix)
        version = entry.get("VersionId", "")
        return StoredFile(
            readable(key),
            key,
            entry["Size"],
            entry["LastModified"].timestamp(),
            # What was stored while versions were off: it can be overwritten, so its ETag is asked.
            version="" if version == "null" else version,
            etag=entry["ETag"].strip('"'),
        )

    def fetch(self, file: StoredFile, target: Path) -> None:
        fetch_settled(self, file, target)

    def look(self, file: StoredFile) -> StoredFile:
        if file.version:
            return file  # a version never changes
        with self._asking(f"{self.where}{file.name}"):
            head = self._client.head_object(**self._named(file))
        etag = head.get("ETag", "").strip('"')
        if not etag or "LastModified" not in head or "ContentLength" not in head:
            raise SourceRefused(NO_STORE, where=self.where, fix=NO_STORE_FIX)
        # The listing may tell milliseconds, the head never does: what is the same by its ETag is the same.
        return (
            file if etag == file.etag else replace(file, size=head["ContentLength"], modified=head["LastModified"].timestamp(), etag=etag)
        )

    def copy(self, file: StoredFile, part: Path) -> None:
        """Bring the object to `part` by ranges, and compare it with its ETag where that is an MD5. SourceRefused when it stays another."""
        where = f"{self.where}{file.name}"
        for _ in range(1 + RESTARTS):
            try:
                sealed = self._download(file, part, where)
            except _MovedError:
                return part.unlink()  # fetch_settled looks what is there now
            if sealed or not file.size or not PLAIN_MD5.fullmatch(file.etag) or _md5(part) == file.etag:
                return None
        raise SourceRefused(
            "Nội dung tải về không khớp ETag của kho tệp", where=where, fix="tải thử tệp này bằng công cụ khác, báo quản trị kho"
        )

    def _download(self, file: StoredFile, part: Path, where: str) -> bool:
        """All ranges of an object; one that breaks off is asked for again from there. Whether its ETag cannot be an MD5."""
        sealed, cuts = False, 0
        with part.open("wb") as target:
            while target.tell() < file.size:
                try:
                    with self._asking(where):
                        sealed |= self._range(file, target)
                except SourceUnreachable:
                    cuts += 1
                    if cuts > CUTS or self._cutoff.over:
                        raise
        return sealed

    def _range(self, file: StoredFile, target: BinaryIO) -> bool:
        start = target.tell()
        answer = self._ask(file, start)
        if answer.get("ETag", "").strip('"') != file.etag:
            raise _MovedError
        if start and "ContentRange" not in answer:
            raise SourceRefused("Kho tệp không cho tải từng phần", where=self.where, fix="dùng kho tệp S3 có hỗ trợ Range")
        self._write(answer["Body"], target, min(start + RANGE, file.size))
        if target.tell() == start:
            raise SourceUnreachable("Kho tệp S3 trả lời mà không gửi dữ liệu", where=self.where, fix=NETWORK_FIX)
        return answer.get("ServerSideEncryption") in SEALED or "SSECustomerAlgorithm" in answer

    def _ask(self, file: StoredFile, start: int) -> dict[str, Any]:
        asked = {**self._named(file), "Range": f"bytes={start}-{min(start + RANGE, file.size) - 1}", "IfMatch": file.etag}
        try:
            answer: dict[str, Any] = self._client.get_object(**asked)
        except ClientError as error:
            if code_of(error) in MOVED:
                raise _MovedError from None
            raise
        return answer

    def _write(self, body: Any, target: BinaryIO, end: int) -> None:  # noqa: ANN401 - a stream of botocore
        with closing(body):
            while (left := end - target.tell()) > 0 and (block := body.read(min(BLOCK, left))):
                write_block(target, block)

    def _named(self, file: StoredFile) -> dict[str, str]:
        named = {"Bucket": self._store.settings.bucket, "Key": self._store.prefix + file.key}
        return {**named, "VersionId": file.version} if file.version else named

    @contextmanager
    def _asking(self, where: str) -> Iterator[None]:
        """A question to the store. An answer that was cut off at the deadline may look whole, or like any refusal: it is neither."""
        try:
            with told(where):
                yield
        except SourceError:
            self._refuse_late()
            raise
        self._refuse_late()

    def _refuse_late(self) -> None:
        if self._cutoff.over:
            minutes = round(self._store.patience.overall / 60)
            raise SourceUnreachable(f"Quá {minutes} phút vẫn chưa lấy xong", where=self.where, fix=NETWORK_FIX)


class _MovedError(Exception):
    """The object is not the one that was listed any more."""


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
