"""The mail plan (Điều 10.1b), as a plain function over a home: what would be pruned, counted; nothing is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backup.mail_archive import plan_pruning
from connectors.errors import SourceError
from connectors.mail.imap import read_imap
from connectors.mail.maildir import read_maildir
from flows.night_record import StepResult
from infra.clock import vietnamese_date
from infra.errors import ConfigurationError, ExitCode, SchoolError
from infra.vietnamese import number, size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from backup.mail_archive import PruningPlan
    from connectors.records.mail import Message
    from flows.home import Home
    from infra.settings import Mail


class MailFailed(SchoolError):
    """The mail store could not be read: there is no plan, and nothing was touched."""

    exit_code = ExitCode.MAIL


def mail_plan(home: Home, day: date) -> PruningPlan:
    """Read every message's headers and sort out what is old enough to go.

    ConfigurationError when no mail store is set, MailFailed when it does not give its messages.
    """
    settings = home.settings.mail
    if settings is None:
        fix = "thêm mục [mail] với maildir, hoặc mục [mail.imap], vào truong.toml"
        raise ConfigurationError("Chưa đặt kho thư", where=str(home.file), fix=fix)
    try:
        return plan_pruning(_messages(home, settings), day, settings)
    except SourceError as error:
        raise MailFailed(error.what, where=error.where, fix=error.fix) from error


def _messages(home: Home, settings: Mail) -> Iterator[Message]:
    if settings.imap:
        return read_imap(settings.imap, home.root)
    return read_maildir(home.settings.path(settings.maildir or "."))


def plan_step(home: Home) -> StepResult:
    """The plan in counts, for the yearly flow."""
    plan = mail_plan(home, home.today)
    told = f"{number(plan.count)} thư ({size(plan.total_bytes)}) trước {vietnamese_date(plan.cutoff)} đề nghị dọn; chưa xóa thư nào"
    counts = {"đã xem": plan.examined, "đề nghị dọn": plan.count, "phải xem lại": len(plan.review), **plan.held}
    return StepResult("", "", told, counts)
