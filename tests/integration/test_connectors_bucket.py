"""Buckets on real S3 servers: versions, ranges, ETags; every refusal and fault typed, in time, with nothing half-written."""

from __future__ import annotations

import random
import shutil
import subprocess
import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from connectors.deadlines import Patience
from connectors.delivery import Places
from connectors.errors import SourceError, SourceRefused, SourceUnreachable
from connectors.files.kept import KeptFiles
from connectors.stores.bucket import BucketStore, _Bucket
from tests.integration.connector_sources import left_over
from tests.integration.fault_proxy import FaultProxy, proxied
from tests.integration.s3_servers import ACCESS, BUCKET, S3, SECRET, answering, running_moto, running_rclone, write_keys
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.stores.store import OpenStore, StoredFile
    from infra.source_settings import BucketSource

# Where a server must be given up, and where it must not be for a machine that is merely slow.
QUICK, PATIENT = Patience(connect=2, stall=1.5, overall=40), Patience(connect=30, stall=60, overall=300)
MEGABYTE = 1024**2
WITHIN_SECONDS = 2 * QUICK.overall  # a bound for what would never end, not a measure

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with running_rclone(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    with running_moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(params=["rclone", "moto"])
def server(request: pytest.FixtureRequest) -> S3:
    """Each of the two servers."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def prefix(tmp_path: Path) -> str:
    return tmp_path.name


def store(settings: BucketSource, *, recursive: bool = False, patience: Patience = PATIENT) -> BucketStore:
    return BucketStore(settings, Path("/"), "CSDL ngành", recursive, patience)


def names(settings: BucketSource, *, recursive: bool = False) -> dict[str, str]:
    """Name -> why it is not taken."""
    with store(settings, recursive=recursive).opened() as opened:
        return {file.name: file.flaw for file in opened.listed()}


def fetch(settings: BucketSource, folder: Path, patience: Patience = PATIENT) -> None:
    folder.mkdir(exist_ok=True)
    with store(settings, patience=patience).opened() as opened:
        for file in opened.listed():
            if not file.flaw:
                opened.fetch(file, folder / file.name)


def refused(settings: BucketSource, kind: type[SourceError], folder: Path) -> str:
    """The one line of a failed fetch, which ended in time and left nothing."""
    began = time.monotonic()
    with pytest.raises(SourceError) as caught:
        fetch(settings, folder, QUICK)
    assert isinstance(caught.value, kind), caught.value
    assert time.monotonic() - began < WITHIN_SECONDS
    assert list(folder.iterdir()) == []
    line = caught.value.line()
    assert "→" in line
    assert SECRET not in line
    assert ACCESS not in line
    return line


def big(megabytes: int) -> bytes:
    return random.Random(7).randbytes(megabytes * MEGABYTE)


def test_files_arrive_whole_with_their_own_time(server: S3, prefix: str, tmp_path: Path) -> None:
    contents = {"SucKhoe.xlsx": big(2) + b"end", "rong.csv": b"", "Danh sách “khối 1” 'Ước' + &.xlsx": b"ten"}
    for name, content in contents.items():
        server.put(f"{prefix}/{name}", content)
    fetch(server.settings(prefix), tmp_path / "landing")
    assert {path.name: path.read_bytes() for path in (tmp_path / "landing").iterdir()} == contents
    assert all(abs(path.stat().st_mtime - time.time()) < 60 for path in (tmp_path / "landing").iterdir())


def test_a_large_object_comes_in_ranges(server: S3, prefix: str, tmp_path: Path) -> None:
    content = big(35)
    server.put(f"{prefix}/lon.bin", content)
    fetch(server.settings(prefix), tmp_path / "landing")
    assert (tmp_path / "landing" / "lon.bin").read_bytes() == content


def test_an_object_that_was_uploaded_in_parts_arrives(moto: S3, prefix: str, tmp_path: Path) -> None:
    client, key = moto.client(), f"{prefix}/phan.bin"
    upload = client.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    parts = []
    for number, content in enumerate((big(6), big(5), b"end"), 1):
        etag = client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=content)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
    fetch(moto.settings(prefix), tmp_path / "landing")
    assert (tmp_path / "landing" / "phan.bin").read_bytes() == big(6) + big(5) + b"end"


def test_the_prefix_is_a_folder_and_folders_below_only_when_asked(server: S3, prefix: str) -> None:
    for name in ("a.xlsx", "Năm học/sâu/b.xlsx"):
        server.put(f"{prefix}/{name}", b"x")
    server.put(f"{prefix}-cu/c.xlsx", b"x")
    assert set(names(server.settings(prefix))) == {"a.xlsx"}
    assert set(names(server.settings(f"/{prefix}/"), recursive=True)) == {"a.xlsx", "Năm học/sâu/b.xlsx"}


def test_a_version_that_was_listed_is_the_one_that_is_fetched(moto: S3, prefix: str, tmp_path: Path) -> None:
    first = moto.put(f"{prefix}/a.xlsx", b"ban da liet ke")
    with store(moto.settings(prefix)).opened() as opened:
        (file,) = opened.listed()
        moto.put(f"{prefix}/a.xlsx", b"ban moi")
        opened.fetch(file, tmp_path / "a.xlsx")
        moto.client().delete_object(Bucket=BUCKET, Key=f"{prefix}/a.xlsx")
        opened.fetch(file, tmp_path / "b.xlsx")
        assert opened.listed() == [], "what was deleted is not there any more"
    assert file.version == first
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes() == b"ban da liet ke"


def test_without_versions_an_overwritten_object_is_begun_anew(rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.xlsx", big(3))
    with store(rclone.settings(prefix)).opened() as opened:
        (file,) = opened.listed()
        rclone.put(f"{prefix}/a.xlsx", b"ban moi")
        opened.fetch(file, tmp_path / "a.xlsx")
    assert (tmp_path / "a.xlsx").read_bytes() == b"ban moi"


def test_an_object_that_vanished_is_told(rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.xlsx", b"x")
    with store(rclone.settings(prefix)).opened() as opened:
        (file,) = opened.listed()
        rclone.client().delete_object(Bucket=BUCKET, Key=f"{prefix}/a.xlsx")
        with pytest.raises(SourceUnreachable, match="Không còn thấy tệp"):
            opened.fetch(file, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_more_objects_than_a_page_holds_are_all_listed(moto: S3, prefix: str) -> None:
    client = moto.client()
    for number in range(1005):
        client.put_object(Bucket=BUCKET, Key=f"{prefix}/{number:04d}.csv", Body=b"")
    assert list(names(moto.settings(prefix))) == [f"{number:04d}.csv" for number in range(1005)]


def test_keys_that_lead_out_never_leave_the_landing_folder(moto: S3, prefix: str, tmp_path: Path) -> None:
    evil = ["../x.xlsx", "../../etc/x.xlsx", "/x.xlsx", "a//x.xlsx", "./x.xlsx", "a/../../x.xlsx", "x" * 300 + ".xlsx"]
    for key in [*evil, "lanh.xlsx"]:
        moto.put(f"{prefix}/{key}", b"evil")
    found = names(moto.settings(prefix), recursive=True)
    assert len(found) == len(evil) + 1
    assert {name for name, flaw in found.items() if not flaw} == {"lanh.xlsx"}
    with store(moto.settings(prefix), recursive=True).opened() as opened:
        for file in opened.listed():
            if file.flaw:
                with pytest.raises(SourceRefused, match="tên"):
                    opened.fetch(file, tmp_path / "any.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_content_that_is_not_that_of_its_etag_is_fetched_again_and_then_refused(rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.xlsx", big(2))
    for times, folder in ((1, "once"), (None, "always")):
        with proxied(int(rclone.endpoint.rsplit(":", 1)[1]), "flip", cuts=times) as proxy:
            settings = rclone.settings(prefix, endpoint=f"http://127.0.0.1:{proxy.port}")
            if times:
                fetch(settings, tmp_path / folder)
                assert proxy.cuts == 0
            else:
                assert "ETag" in refused(settings, SourceRefused, tmp_path / folder)
    assert (tmp_path / "once" / "a.xlsx").read_bytes() == big(2)


def test_a_wrong_secret_and_an_unknown_key_are_refused(rclone: S3, tmp_path: Path) -> None:
    wrong, unknown = write_keys(tmp_path / "wrong", secret="sai" * 10), write_keys(tmp_path / "unknown", access="AKIAKHONGCO000000001")
    assert "Khóa bí mật" in refused(rclone.settings(key_file=wrong), SourceRefused, tmp_path / "landing")
    assert "không biết khóa" in refused(rclone.settings(key_file=unknown), SourceRefused, tmp_path / "landing")


def test_key_files_that_are_missing_open_to_others_or_of_one_line_are_refused(rclone: S3, tmp_path: Path) -> None:
    write_keys(tmp_path / "open").chmod(0o644)
    write_keys(tmp_path / "short").write_text(ACCESS + "\n")
    for name, told in (("open", "chmod 600"), ("short", "hai dòng"), ("none", "Không thấy")):
        assert told in refused(rclone.settings(key_file=tmp_path / name), SourceRefused, tmp_path / "landing")


def test_a_bucket_that_is_not_there_is_told(server: S3, tmp_path: Path) -> None:
    assert "bucket" in refused(server.settings(bucket="khong-co"), SourceUnreachable, tmp_path / "landing")


def test_a_clock_that_is_three_hours_off_is_told(rclone: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    real = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: real(*a, **k) + timedelta(hours=3))
    assert isinstance(botocore.auth.get_current_datetime(), datetime)
    assert "Đồng hồ" in refused(rclone.settings(), SourceRefused, tmp_path / "landing")


def test_nobody_there_no_name_and_an_address_that_is_none(rclone: S3, tmp_path: Path) -> None:
    for endpoint, kind in (
        (f"http://127.0.0.1:{free_port()}", SourceUnreachable),
        ("http://khong-co.invalid", SourceUnreachable),
        ("khong phai dia chi", SourceRefused),
    ):
        refused(rclone.settings(endpoint=endpoint), kind, tmp_path / "landing")


def test_tls_is_verified_and_an_own_authority_may_be_named(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert")
    certificate.private_key_pem.write_to_path(tmp_path / "key")
    authority.cert_pem.write_to_path(tmp_path / "ca")
    other.cert_pem.write_to_path(tmp_path / "other")
    with running_rclone(tmp_path, "--cert", str(tmp_path / "cert"), "--key", str(tmp_path / "key"), scheme="https") as server:
        server_file = tmp_path / "s3" / BUCKET / "a.xlsx"
        server_file.write_bytes(b"noi dung")
        assert set(names(server.settings(ca_file=tmp_path / "ca"))) == {"a.xlsx"}
        for trusted in (None, tmp_path / "other"):
            assert "Chứng chỉ" in refused(server.settings(ca_file=trusted), SourceRefused, tmp_path / "landing")
        assert "ca_file" in refused(server.settings(ca_file=tmp_path / "none"), SourceRefused, tmp_path / "landing")


LOG_IN_PAGES = {
    "html": b"<!DOCTYPE html><html><body><form>Dang nhap <input name=user><br></form></body></html>",
    "xhtml": b"<?xml version='1.0'?><html><body><p>Dang nhap</p></body></html>",
    "json": b'{"error": "login"}',
    "nothing": b"",
}


@pytest.mark.parametrize("name", LOG_IN_PAGES)
def test_a_log_in_page_with_200_is_no_bucket(name: str, rclone: S3, tmp_path: Path) -> None:
    with answering(200, LOG_IN_PAGES[name], "text/html") as (endpoint, _):
        assert "không trả lời như một kho tệp S3" in refused(rclone.settings(endpoint=endpoint), SourceRefused, tmp_path / "landing")


def test_a_storm_of_503_ends_after_a_few_attempts(rclone: S3, tmp_path: Path) -> None:
    with answering(503, b"<html>busy</html>", "text/html") as (endpoint, seen):
        assert "503" in refused(rclone.settings(endpoint=endpoint), SourceUnreachable, tmp_path / "landing")
        assert 2 <= len(seen) <= 5


def test_access_denied_and_other_refusals_are_told(rclone: S3, tmp_path: Path) -> None:
    for status, code, told in ((403, "AccessDenied", "quyền"), (301, "PermanentRedirect", "vùng khác"), (400, "LaLung", "400")):
        body = f"<Error><Code>{code}</Code><Message>secret words of the server</Message></Error>".encode()
        with answering(status, body) as (endpoint, _):
            line = refused(rclone.settings(endpoint=endpoint), SourceRefused, tmp_path / "landing")
        assert told in line
        assert "secret words" not in line


ENDLESS = b"""<?xml version="1.0"?><ListBucketResult><Name>kho-truong</Name><IsTruncated>true</IsTruncated>
<NextContinuationToken>x</NextContinuationToken><KeyMarker>x</KeyMarker><NextKeyMarker>x</NextKeyMarker>
<Contents><Key>a</Key><Size>1</Size><ETag>"x"</ETag><LastModified>2027-05-31T00:00:00Z</LastModified></Contents></ListBucketResult>"""


def test_endless_paging_is_noticed(rclone: S3, tmp_path: Path) -> None:
    with answering(200, ENDLESS) as (endpoint, seen):
        refused(rclone.settings(endpoint=endpoint), SourceRefused, tmp_path / "landing")
        assert len(seen) < 10


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["refuse", "black hole"])
def test_a_server_that_does_not_answer_ends_in_time(mode: str, rclone: S3, tmp_path: Path) -> None:
    with proxied(int(rclone.endpoint.rsplit(":", 1)[1]), mode) as proxy:
        refused(rclone.settings(endpoint=f"http://127.0.0.1:{proxy.port}"), SourceUnreachable, tmp_path / "landing")


@pytest.mark.parametrize("mode", ["cut", "stall"])
def test_a_body_that_breaks_off_is_asked_for_again_from_there(mode: str, rclone: S3, prefix: str, tmp_path: Path) -> None:
    content = big(20)
    rclone.put(f"{prefix}/a.bin", content)
    with proxied(int(rclone.endpoint.rsplit(":", 1)[1]), mode, after=5 * MEGABYTE, cuts=1) as proxy:
        settings = rclone.settings(prefix, endpoint=f"http://127.0.0.1:{proxy.port}")
        fetch(settings, tmp_path / "landing", QUICK if mode == "stall" else PATIENT)
        assert proxy.cuts == 0
        assert proxy.passed < 27 * MEGABYTE, "what had come must not be asked for again"
    assert (tmp_path / "landing" / "a.bin").read_bytes() == content


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["cut", "stall"])
def test_a_line_that_never_gets_through_ends_in_time_and_leaves_nothing(mode: str, rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.bin", big(10))
    with proxied(int(rclone.endpoint.rsplit(":", 1)[1]), mode, after=MEGABYTE) as proxy:
        refused(rclone.settings(prefix, endpoint=f"http://127.0.0.1:{proxy.port}"), SourceUnreachable, tmp_path / "landing")


def ends_soon(opened: OpenStore) -> None:
    """Its deadline comes now, however long it took this machine to get here."""
    assert isinstance(opened, _Bucket)
    threading.Timer(2, opened._cutoff.end).start()


def test_a_body_that_comes_byte_by_byte_is_cut_at_the_deadline(rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.bin", big(1))
    with proxied(int(rclone.endpoint.rsplit(":", 1)[1])) as proxy:
        settings = rclone.settings(prefix, endpoint=f"http://127.0.0.1:{proxy.port}")
        with store(settings).opened() as opened:
            (file,) = opened.listed()
            proxy.after = 200_000  # more than the listing and all headers: the body has begun
            proxy.mode = "drip"
            ends_soon(opened)
            with pytest.raises(SourceUnreachable, match="vẫn chưa lấy xong"):
                opened.fetch(file, tmp_path / "a.bin")
        assert proxy.passed > proxy.after
        assert proxy.dripped == 0
    assert list(tmp_path.iterdir()) == []


def assert_dripping_is_cut(proxy: FaultProxy, ask: Callable[[], object]) -> None:
    """From the first byte of the status line on: the answer never arrived whole, and the deadline is what is told."""
    proxy.mode = "drip"
    with pytest.raises(SourceUnreachable, match="vẫn chưa lấy xong") as caught:
        ask()
    assert proxy.dripped == 0, "an answer that drips was waited for to its end"
    assert "→" in caught.value.line()


BRIEF = Patience(connect=2, stall=20, overall=2.5)


def test_headers_that_come_byte_by_byte_are_cut_at_the_deadline(server: S3, prefix: str, tmp_path: Path) -> None:
    server.put(f"{prefix}/a.bin", big(1))
    with proxied(int(server.endpoint.rsplit(":", 1)[1])) as proxy:
        settings = server.settings(prefix, endpoint=f"http://127.0.0.1:{proxy.port}")
        assert_dripping_is_cut(proxy, lambda: fetch(settings, tmp_path / "landing", BRIEF))
        asked: tuple[Callable[[OpenStore, StoredFile], object], ...] = (
            lambda opened, _: opened.listed(),  # versions where the server keeps them
            lambda opened, file: opened.look(replace(file, version="")),
            lambda opened, file: opened.fetch(replace(file, version="x"), tmp_path / "landing" / "a.bin"),
        )
        for ask in asked:
            proxy.mode = "pass"
            with store(settings).opened() as opened:
                (file,) = opened.listed()
                ends_soon(opened)
                assert_dripping_is_cut(proxy, partial(ask, opened, file))
    assert list((tmp_path / "landing").iterdir()) == []


def test_headers_that_come_byte_by_byte_over_tls_leave_the_last_good_files(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    options = ("--cert", str(tmp_path / "server.pem"), "--key", str(tmp_path / "server.pem"))
    with running_rclone(tmp_path, *options, scheme="https") as server, proxied(int(server.endpoint.rsplit(":", 1)[1])) as proxy:
        (tmp_path / "s3" / BUCKET / "a.pdf").write_bytes(b"noi dung")
        settings = server.settings(endpoint=f"https://127.0.0.1:{proxy.port}", ca_file=tmp_path / "ca.pem")
        places = Places(tmp_path / "out" / "landing", tmp_path / "out" / "work")
        KeptFiles("website", store(settings), places).fetch(date(2027, 5, 30))
        before = left_over(tmp_path / "out")
        with store(settings).opened() as opened:
            opened.listed()  # TLS stands: it is the answer behind it that drips
            ends_soon(opened)
            assert_dripping_is_cut(proxy, opened.listed)
        proxy.mode = "drip"
        with pytest.raises(SourceUnreachable):
            KeptFiles("website", store(settings, patience=BRIEF), places).fetch(date(2027, 5, 31))
    assert left_over(tmp_path / "out") == before


def test_a_server_that_is_away_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    with running_rclone(tmp_path) as server:
        (tmp_path / "s3" / BUCKET / "a.xlsx").write_bytes(b"noi dung")
        with proxied(int(server.endpoint.rsplit(":", 1)[1]), "refuse", cuts=2) as proxy:
            fetch(server.settings(endpoint=f"http://127.0.0.1:{proxy.port}"), tmp_path / "landing")
            assert proxy.cuts == 0
    assert (tmp_path / "landing" / "a.xlsx").read_bytes() == b"noi dung"


def test_nothing_of_this_machines_own_aws_settings_is_used(rclone: S3, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rclone.put(f"{prefix}/a.xlsx", b"x")
    for name, value in (
        ("AWS_PROFILE", "khong-co"), ("AWS_ACCESS_KEY_ID", "AKIAKHAC"), ("AWS_SECRET_ACCESS_KEY", "khac"), ("AWS_SESSION_TOKEN", "khac"),
        ("AWS_ENDPOINT_URL", "http://khong-co.invalid"), ("AWS_CONFIG_FILE", "/khong/co"), ("AWS_DEFAULT_REGION", "xx"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    assert set(names(rclone.settings(prefix))) == {"a.xlsx"}


def test_the_bucket_is_only_read(rclone: S3, prefix: str, tmp_path: Path) -> None:
    rclone.put(f"{prefix}/a.xlsx", b"x")
    before = rclone.client().list_objects_v2(Bucket=BUCKET)["Contents"]
    fetch(rclone.settings(prefix), tmp_path / "landing")
    assert rclone.client().list_objects_v2(Bucket=BUCKET)["Contents"] == before


def test_rclone_of_the_package_is_the_one_that_serves() -> None:
    program = shutil.which("rclone", path=str(Path(shutil.sys.executable).parent))
    assert program
    assert "s3" in subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True).stdout
