"""Whether the buckets that must lock what they get do so, as they say themselves: a line of their repository's status.

restic never deletes a locked version: what forget and prune take away only gets a delete marker, and lies
there until its time is over (measured on a server with versions and a default retention).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from backup.access import S3, kind_of
from backup.verdict import Topic, bad, fine
from connectors.stores.object_lock import locked_days
from infra.errors import SchoolError
from infra.source_settings import BucketSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backup.health import RepositoryHealth
    from backup.verdict import Verdict
    from flows.home import Home
    from infra.backup_settings import Place


def with_locks(home: Home, found: Sequence[RepositoryHealth]) -> list[RepositoryHealth]:
    """The repositories' health, in the order of the settings, with what each bucket says of its lock."""
    places = (home.settings.backup, *home.settings.backup.copies)
    return [replace(health, verdicts=(*health.verdicts, *_locked(home, place))) for health, place in zip(found, places, strict=True)]


def _locked(home: Home, place: Place) -> list[Verdict]:
    # Asked only where the settings promise a lock: without it nobody relies on one.
    if not (place.object_lock_days and place.key_file and kind_of(place.repository) == S3):
        return []
    try:
        days = locked_days(_bucket(place), home.root)
    except SchoolError as error:
        return [bad(Topic.LOCK, error.what, error.fix)]
    if days < place.object_lock_days:
        told = f"chỉ khóa tệp {days} ngày, cấu hình đòi {place.object_lock_days}"
        return [bad(Topic.LOCK, told, "nhờ nơi giữ kho bật Object Lock")]
    return [fine(Topic.LOCK, f"Object Lock khóa {days} ngày: tệp bị xóa vẫn lấy lại được chừng ấy ngày")]


def _bucket(place: Place) -> BucketSource:
    address = place.repository.removeprefix("s3:")
    parsed = urlsplit(address if "://" in address else f"https://{address}")
    bucket = parsed.path.strip("/").partition("/")[0]
    values = {"endpoint": f"{parsed.scheme}://{parsed.netloc}", "bucket": bucket, "key_file": place.key_file, "ca_file": place.ca_file}
    # The words of a source of the same kind: one client for S3 in the house, whichever side of it asks.
    return BucketSource.model_validate({"kind": "s3", **values, "region": place.region})
