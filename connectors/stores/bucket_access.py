"""How to get into an S3-compatible store: keys, time-outs, TLS, and what its refusals mean.

Nothing of this machine's own AWS settings is used but what truong.toml says. This, bucket and object_lock are the
modules that import boto3.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError, ResponseStreamingError, SSLError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.parsers import ResponseParserError

from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from connectors.deadlines import Cutoff, Patience
    from infra.source_settings import BucketSource

ATTEMPTS = 4  # per request, some seconds in all, botocore's own back-off between them
NETWORK_FIX = "xem máy chủ, mạng và endpoint trong truong.toml, rồi chạy lại"
NO_STORE, NO_STORE_FIX = "Địa chỉ này không trả lời như một kho tệp S3", "xem endpoint và bucket trong truong.toml"
KEY_FIX = "xem hai dòng (khóa truy cập, khóa bí mật) của key_file, hỏi quản trị kho tệp"
GONE = ("NoSuchKey", "NoSuchVersion", "404")
# Error code -> what it means, what to do.
REFUSALS: Mapping[str, tuple[str, str]] = {
    "InvalidAccessKeyId": ("Kho tệp S3 không biết khóa truy cập này", KEY_FIX),
    "SignatureDoesNotMatch": ("Khóa bí mật của kho tệp S3 sai", KEY_FIX),
    "AccessDenied": ("Khóa này không có quyền đọc kho tệp S3", "nhờ quản trị cấp quyền ListBucket và GetObject"),
    "403": ("Khóa này không có quyền đọc kho tệp S3", "nhờ quản trị cấp quyền ListBucket và GetObject"),
    "RequestTimeTooSkewed": ("Đồng hồ máy này lệch giờ máy chủ kho tệp", "chỉnh giờ máy này (bật đồng bộ NTP) rồi chạy lại"),
    "InvalidObjectState": ("Tệp đã chuyển vào kho lạnh, không đọc ngay được", "nhờ quản trị kho tệp đưa tệp ra khỏi kho lạnh"),
}
OK, BAD_REQUEST, SERVER_FAULT = 200, 400, 500
REDIRECTS = (301, 302, 303, 307, 308)
ELSEWHERE = ("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException")
# botocore's own names: (setting, variable, default, conversion).
NO_SETTINGS_OF_OTHERS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def open_client(settings: BucketSource, home: Path, patience: Patience, cutoff: Cutoff) -> Any:  # noqa: ANN401 - boto3 makes its classes when it runs
    """A client of boto3 whose connections all end with `cutoff`. SourceRefused when the key file cannot be used."""
    access, secret = _keys(home / settings.key_file)
    config = Config(
        connect_timeout=patience.connect,
        read_timeout=patience.stall,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        # A school's own server has no host name for each bucket.
        s3={"addressing_style": "path"},
        signature_version="s3v4",
        # Checksums that only Amazon knows make other servers refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    verify = str(home / settings.ca_file) if settings.ca_file else True
    keys = {"aws_access_key_id": access, "aws_secret_access_key": secret, "region_name": settings.region}
    session = boto3.session.Session(**keys, botocore_session=botocore.session.Session(NO_SETTINGS_OF_OTHERS))
    client = session.client("s3", endpoint_url=settings.endpoint, verify=verify, config=config)
    client.meta.events.register_first("needs-retry.s3", _refuse_detours)
    client.meta.events.register_first("needs-retry.s3", partial(_refuse_late, cutoff))
    # The client has no setting for this: here is where its connections come from, with and without a proxy.
    pools = client._endpoint.http_session._pool_classes_by_scheme  # noqa: SLF001
    pools.update({scheme: _watched(pool, cutoff) for scheme, pool in pools.items()})
    return client


def _watched(pool: Any, cutoff: Cutoff) -> Any:  # noqa: ANN401 - a class of botocore
    """The same kind of pool, its connections under the deadline from their first byte on: TLS, status line, headers, body."""
    plain = pool.ConnectionCls

    def connected(self: object) -> Any:  # noqa: ANN401 - a socket
        cutoff.watch(connection := plain._new_conn(self))  # noqa: SLF001 - where urllib3 makes the socket
        return connection

    return type(pool.__name__, (pool,), {"ConnectionCls": type(plain.__name__, (plain,), {"_new_conn": connected})})


def _refuse_late(cutoff: Cutoff, **_: object) -> None:
    """After the deadline nothing is asked again, and no answer is believed: a cut in the headers looks like their end."""
    if cutoff.over:
        raise HTTPClientError(error="deadline")


def _refuse_detours(response: tuple[Any, dict[str, Any]] | None, operation: Any, **_: object) -> None:  # noqa: ANN401 - botocore's
    """Where a server says that the bucket is elsewhere botocore would follow, again and again, to whatever host is named.

    A log-in page with status 200 it would ask for again and then call it the server's fault.
    """
    if response is None:
        return
    answer, parsed = response
    status, code = _status(parsed), parsed.get("Error", {}).get("Code", "")
    if status in REDIRECTS or code in ELSEWHERE or (status == BAD_REQUEST and operation.name.startswith("Head")):
        raise ClientError(parsed, operation.name)
    # What came over the wire: by now botocore has changed the status of its own answer.
    if answer.raw.status == OK and status >= SERVER_FAULT and b"<Error" not in answer.content:
        raise ResponseParserError(NO_STORE)


def _status(parsed: Mapping[str, Any]) -> int:
    return int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _keys(file: Path) -> tuple[str, str]:
    try:
        lines = [line.strip() for line in read_secret(file).splitlines() if line.strip()]
    except ConfigurationError as error:
        # One source's secret is that source's trouble: the other sources of the night go on.
        raise SourceRefused(error.what, where=error.where, fix=error.fix) from error
    if len(lines) != 2:  # noqa: PLR2004 - access key, secret
        raise SourceRefused("Tệp khóa S3 phải có đúng hai dòng", where=str(file), fix="dòng 1 khóa truy cập, dòng 2 khóa bí mật")
    return lines[0], lines[1]


@contextmanager
def told(where: str) -> Iterator[None]:
    """What a failure means, as a SourceError. The server's own words are left out: they may quote keys and pages."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error, where) from None
    except SSLError:
        fix = "đặt ca_file là chứng chỉ gốc của đơn vị quản lý kho tệp; không bao giờ tắt kiểm tra chứng chỉ"
        raise SourceRefused("Chứng chỉ TLS của kho tệp S3 không tin được", where=where, fix=fix) from None
    except (NoConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError, OSError):
        raise SourceUnreachable("Kho tệp S3 không trả lời hoặc mất kết nối", where=where, fix=NETWORK_FIX) from None
    except (BotoCoreError, ResponseParserError, ValueError):
        raise SourceRefused(NO_STORE, where=where, fix=NO_STORE_FIX) from None


def _refusal(error: ClientError, where: str) -> SourceError:
    code, status = code_of(error), _status(error.response)
    if code in GONE:
        return SourceUnreachable("Không còn thấy tệp trong kho tệp S3", where=where, fix="xem hệ thống giao tệp rồi chạy lại")
    if code == "NoSuchBucket":
        return SourceUnreachable("Không có kho (bucket) này", where=where, fix="sửa bucket trong truong.toml, hỏi quản trị kho tệp")
    if code in REFUSALS:
        what, fix = REFUSALS[code]
        return SourceRefused(what, where=where, fix=fix)
    if status in REDIRECTS or code in ELSEWHERE:
        return SourceRefused("Kho tệp S3 ở vùng khác hoặc ở địa chỉ khác", where=where, fix="sửa region và endpoint trong truong.toml")
    if status >= SERVER_FAULT:
        return SourceUnreachable(f"Máy chủ kho tệp S3 đang báo lỗi ({status})", where=where, fix="đợi máy chủ ổn định rồi chạy lại")
    return SourceRefused(f"Kho tệp S3 từ chối ({status})", where=where, fix="xem endpoint, bucket và quyền của khóa")


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
