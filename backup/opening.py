"""The school's repositories as the settings name them; opening touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.access import LOCAL, Access, Terms, kind_of
from backup.repository import Repository

if TYPE_CHECKING:
    from pathlib import Path

    from infra.backup_settings import Place
    from infra.settings import Settings


def open_repositories(settings: Settings) -> tuple[Repository, ...]:
    """The first repository, then its copies in the order of the settings."""
    return (open_repository(settings), *(_opened(settings, place) for place in settings.backup.copies))


def open_repository(settings: Settings) -> Repository:
    """The first repository, which the sources are saved into."""
    return _opened(settings, settings.backup)


def _opened(settings: Settings, place: Place) -> Repository:
    url = place.repository.removeprefix("local:")

    def file(named: Path | None) -> Path | None:
        return settings.path(named) if named else None

    return Repository(
        place.name,
        str(settings.path(url)) if kind_of(url) == LOCAL else url,
        settings.path(place.password_file),
        settings.data / "backups",
        access=Access(file(place.key_file), file(place.known_hosts_file), file(place.ca_file), place.region),
        terms=Terms(place.append_only, place.removable, place.max_absent_days, place.object_lock_days),
    )
