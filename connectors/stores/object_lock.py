"""Whether a bucket locks what is put into it: a backup there cannot be deleted early, not even with the school's own keys."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from connectors.deadlines import NIGHTLY, Cutoff, cut_after
from connectors.stores.bucket_access import code_of, open_client, told

if TYPE_CHECKING:
    from pathlib import Path

    from infra.source_settings import BucketSource

DAYS_A_YEAR = 365
# What stores answer whose bucket has no lock, or that know none.
UNLOCKED = ("ObjectLockConfigurationNotFoundError", "MethodNotAllowed", "NotImplemented", "404", "NoSuchObjectLockConfiguration")


def locked_days(bucket: BucketSource, home: Path) -> int:
    """For how many days the bucket keeps a new object from being deleted; 0 when it does not. SourceError when it does not answer."""
    cutoff, where = Cutoff(), f"{bucket.endpoint}/{bucket.bucket}"
    with closing(cutoff), cut_after(NIGHTLY.overall, cutoff.end), told(where):
        client = open_client(bucket, home, NIGHTLY, cutoff)
        try:
            answer = client.get_object_lock_configuration(Bucket=bucket.bucket)
        except ClientError as error:
            if code_of(error) in UNLOCKED:
                return 0
            raise
    rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {}).get("DefaultRetention", {})
    return int(rule.get("Days", 0)) + int(rule.get("Years", 0)) * DAYS_A_YEAR
