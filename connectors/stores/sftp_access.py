"""How to get into an SFTP server: the host key that is pinned, the log-in, and what its refusals mean.

The key of the server is pinned by its fingerprint: nothing is ever accepted on first sight, no known_hosts
file and no agent is asked. This and sftp are the modules that import paramiko.
"""

from __future__ import annotations

import io
import logging
import socket
from typing import TYPE_CHECKING

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm

from connectors.deadlines import NIGHTLY
from connectors.errors import SourceRefused, SourceUnreachable
from infra.errors import ConfigurationError
from infra.secret_files import read_secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.deadlines import Patience
    from infra.source_settings import SftpSource

SERVER_KEYS = (("ssh-ed25519",), ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"), ("rsa-sha2-512", "rsa-sha2-256"))
# ConnectionError and TimeoutError are OSErrors; paramiko also raises bare ones.
LOST = (EOFError, OSError, paramiko.SSHException)
LOG_CHANNEL = "truong.sftp"
NETWORK_FIX = "xem máy chủ, mạng, địa chỉ và cổng, rồi chạy lại"


def place_of(settings: SftpSource) -> str:
    """The folder as messages name it."""
    return f"sftp://{settings.user}@{settings.host}:{settings.port}/{settings.path.lstrip('/')}"


def host_key_of(host: str, port: int, seconds: float = NIGHTLY.connect) -> str:
    """The fingerprint (`SHA256:…`) of the key that a server shows; nothing is trusted, nobody logs in."""
    transport = _handshake(host, port, seconds)
    try:
        return transport.get_remote_server_key().fingerprint
    finally:
        transport.close()


def _handshake(host: str, port: int, seconds: float, keys: Sequence[str] = ()) -> paramiko.Transport:
    """Speak SSH with a server as far as its host key, of one of the kinds `keys` if given."""
    where = f"{host}:{port}"
    try:
        line = socket.create_connection((host, port), timeout=seconds)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(line)
    except socket.gaierror as error:
        raise SourceUnreachable("Không tìm ra máy chủ SFTP theo tên", where=where, fix="xem lại tên máy chủ và mạng") from error
    except OSError as error:
        raise SourceUnreachable("Máy chủ SFTP không trả lời", where=where, fix=NETWORK_FIX) from error
    # paramiko logs whole tracebacks of what is told here in one line.
    transport.set_log_channel(LOG_CHANNEL)
    logging.getLogger(LOG_CHANNEL).setLevel(logging.CRITICAL + 1)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = seconds
    if keys:
        transport.get_security_options().key_types = tuple(keys)
    try:
        transport.start_client(timeout=seconds)
        transport.get_remote_server_key()  # the start only waits: whether it came to a key is told here
    except LOST as error:
        transport.close()
        if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
            fix = "nhờ quản trị máy chủ bật thuật toán mới"
            raise SourceRefused("Máy chủ SFTP chỉ có thuật toán mã hóa đã lỗi thời", where=where, fix=fix) from None
        raise SourceUnreachable("Cổng này không trả lời theo giao thức SSH", where=where, fix=NETWORK_FIX) from None
    return transport


def pinned(settings: SftpSource, seconds: float) -> paramiko.Transport:
    """A connection to the server whose key is pinned. SourceRefused when it has another key."""
    transport = _handshake(settings.host, settings.port, seconds)
    shown = transport.get_remote_server_key()
    if shown.fingerprint == settings.host_key:
        return transport
    transport.close()
    # A server has a key of each kind: one that was updated may now show another one first.
    for keys in SERVER_KEYS:
        if (other := _with_key(settings, seconds, keys)) is not None:
            return other
    raise SourceRefused(
        f"Khóa máy chủ SFTP không phải khóa đã ghim: đã ghim {settings.host_key}, máy chủ đưa ra {shown.fingerprint}",
        where=f"{settings.host}:{settings.port}",
        fix="chưa đăng nhập gì; hỏi quản trị máy chủ qua điện thoại, chỉ khi họ xác nhận đã đổi khóa mới sửa host_key trong truong.toml",
    )


def _with_key(settings: SftpSource, seconds: float, keys: Sequence[str]) -> paramiko.Transport | None:
    try:
        transport = _handshake(settings.host, settings.port, seconds, keys)
    except SourceRefused:
        return None  # the server has no key of this kind
    if transport.get_remote_server_key().fingerprint == settings.host_key:
        return transport
    transport.close()
    return None


def _secret(file: Path) -> str:
    try:
        return read_secret(file)
    except ConfigurationError as error:
        # One source's secret is that source's trouble: the other sources of the night go on.
        raise SourceRefused(error.what, where=error.where, fix=error.fix) from error


def _private_key(file: Path) -> paramiko.PKey:
    """An Ed25519 or RSA key that needs no password: nobody is there at night to type one."""
    text = _secret(file) + "\n"
    # No ECDSA: paramiko 5.1 cannot read half of the keys of that kind that OpenSSH writes.
    kinds: tuple[type[paramiko.PKey], ...] = (paramiko.Ed25519Key, paramiko.RSAKey)
    for kind in kinds:
        try:
            return kind.from_private_key(io.StringIO(text))
        except paramiko.PasswordRequiredException:
            fix = "tạo khóa riêng không mật khẩu cho việc này (ssh-keygen -N ''), giữ tệp ở chmod 600"
            raise SourceRefused("Tệp khóa SSH có đặt mật khẩu", where=str(file), fix=fix) from None
        except (paramiko.SSHException, ValueError, TypeError, IndexError, UnsupportedAlgorithm):
            continue
    fix = "tạo lại bằng: ssh-keygen -t ed25519 -N ''"
    raise SourceRefused("Tệp khóa SSH không đọc được (không phải khóa riêng ed25519 hay rsa)", where=str(file), fix=fix)


def log_in(transport: paramiko.Transport, settings: SftpSource, home: Path) -> None:
    """Prove who we are, by key or password. A SourceError says why we may not come in."""
    key = _private_key(home / settings.key_file) if settings.key_file else None
    password = _secret(home / settings.password_file) if settings.password_file else ""
    where = place_of(settings)
    named = "khóa" if key else "mật khẩu"
    try:
        further = transport.auth_publickey(settings.user, key) if key else transport.auth_password(settings.user, password)
    except paramiko.BadAuthenticationType as error:
        fix = f"máy chủ này nhận: {', '.join(error.allowed_types)}; hỏi quản trị máy chủ"
        raise SourceRefused(f"Máy chủ SFTP không nhận đăng nhập bằng {named}", where=where, fix=fix) from None
    except LOST as error:
        if not transport.is_active() or "timeout" in str(error):
            raise SourceUnreachable("Máy chủ SFTP ngừng trả lời lúc đăng nhập", where=where, fix=NETWORK_FIX) from None
        fix = f"xem user và tệp {named} trong truong.toml, hỏi quản trị máy chủ"
        raise SourceRefused(f"Máy chủ SFTP không cho vào: sai tên đăng nhập hoặc {named}", where=where, fix=fix) from None
    if further:
        fix = "nhờ quản trị cấp tài khoản chỉ cần một lớp cho việc lấy dữ liệu ban đêm"
        raise SourceRefused("Máy chủ SFTP đòi thêm một lớp xác thực", where=where, fix=fix)


def begin_sftp(transport: paramiko.Transport, patience: Patience, where: str) -> paramiko.SFTPClient:
    """SourceRefused when the account may log in and not use SFTP; SourceUnreachable when the server falls silent."""
    try:
        channel = transport.open_session(timeout=patience.connect)
        channel.settimeout(patience.stall)
        channel.invoke_subsystem("sftp")
        return paramiko.SFTPClient(channel)
    except LOST as error:
        if not transport.is_active() or isinstance(error, TimeoutError):
            raise SourceUnreachable("Máy chủ SFTP ngừng trả lời sau khi đăng nhập", where=where, fix=NETWORK_FIX) from None
        fix = "nhờ quản trị máy chủ bật SFTP (internal-sftp) cho tài khoản này"
        raise SourceRefused("Máy chủ cho đăng nhập nhưng không cho dùng SFTP", where=where, fix=fix) from None
