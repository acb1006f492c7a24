"""Dovecot on loopback over the demo school's Maildir, with TLS."""

from __future__ import annotations

import getpass
import grp
import os
import pwd
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connectors.demo.servers import child, free_port, program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAILER = ("nobody", "nogroup")  # Dovecot refuses to deliver as root
# Port 0 switches the listener without TLS off. By default Dovecot serves no user below 500, as those of services are.
CONFIGURATION = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login
{identity}
first_valid_uid = 1
mail_location = maildir:{maildir}:INDEX={folder}/index:CONTROL={folder}/control
mail_fsync = never
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
# Only root may change the root folder, which these do by default.
AS_OURSELVES = "\n".join(f"service {name} {{\n  chroot =\n}}" for name in ("anvil", "imap-login", "stats", "auth-worker"))


@contextmanager
def imap(folder: Path, maildir: Path, account: tuple[str, str], tls: tuple[Path, Path]) -> Iterator[int]:
    """Serve a Maildir to one account (user, password) over IMAPS with a certificate and its key; gives the port."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "users").write_text(f"{account[0]}:{{PLAIN}}{account[1]}::::::\n", encoding="utf-8")
    if os.geteuid() == 0:
        for path in [maildir, *maildir.rglob("*"), folder]:
            shutil.chown(path, *MAILER)
    settings = folder / "dovecot.conf"
    values = {"folder": folder, "maildir": maildir, "port": port, "certificate": tls[0], "key": tls[1], **_identity()}
    settings.write_text(CONFIGURATION.format(**values), encoding="utf-8")
    with child([program("dovecot", "dovecot-imapd"), "-F", "-c", str(settings)], port, folder / "start.log"):
        yield port


def _identity() -> dict[str, object]:
    """Whom Dovecot's processes run as: nobody under root, else everything as ourselves."""
    if os.geteuid() == 0:
        mailer = pwd.getpwnam(MAILER[0])
        return {"uid": mailer.pw_uid, "gid": mailer.pw_gid, "identity": ""}
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    ours = f"default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}\n{AS_OURSELVES}"
    return {"uid": os.getuid(), "gid": os.getgid(), "identity": ours}
