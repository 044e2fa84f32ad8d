"""Where packages come from, and the first one: uv, fetched without pip.

The machine's own settings are honoured in this order: uv's variables, pip's variables, pip's files. The one address
known here is the public default. Whatever answers, a file is used only if its SHA-256 stands in
`requirements/bootstrap.lock`.
"""

import configparser
import hashlib
import io
import json
import os
import platform
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from tools.dev.console import SetupError, say

DEFAULT_INDEX = "https://pypi.org/simple"
SYSTEM_CERTIFICATES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
_JSON = "application/vnd.pypi.simple.v1+json"
_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Settings:
    """Package sources of this machine: index addresses, link folders, certificate file."""

    index: str
    extra: tuple[str, ...]
    links: tuple[str, ...]
    certificates: str | None


def pip_files(environment: Mapping[str, str]) -> list[Path]:
    """pip's configuration files, least important first."""
    home = Path(environment.get("HOME") or "/nonexistent")
    configured = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    system = [
        Path(folder) / "pip" / "pip.conf"
        for folder in environment.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
        if folder
    ]
    files = [*system, Path("/etc/pip.conf"), home / ".pip" / "pip.conf", configured / "pip" / "pip.conf"]
    named = environment.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    return [*files, Path(named)] if named else files


def read_settings(environment: Mapping[str, str], files: list[Path] | None = None) -> Settings:
    """The package sources that the variables and files name."""
    pip: dict[str, str] = {}
    for file in pip_files(environment) if files is None else files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue  # an unreadable pip.conf is pip's to complain about
        for section in ("global", "install"):
            if parser.has_section(section):
                pip.update(parser.items(section))

    def setting(name: str) -> str:
        return environment.get("PIP_" + name.upper().replace("-", "_")) or pip.get(name, "")

    index = (
        environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL") or setting("index-url") or DEFAULT_INDEX
    )
    certificates = environment.get("SSL_CERT_FILE") or setting("cert") or environment.get("REQUESTS_CA_BUNDLE")
    if not certificates:
        certificates = next((file for file in SYSTEM_CERTIFICATES if Path(file).exists()), None)
    return Settings(
        index.rstrip("/"), tuple(setting("extra-index-url").split()), tuple(setting("find-links").split()), certificates
    )


def installer_environment(environment: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """`environment` with pip's settings said in uv's words. What uv's own variables say is left alone."""
    result = dict(environment)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX"):
        result.pop(name, None)
    if "UV_INDEX_URL" not in result and settings.index != DEFAULT_INDEX:
        result.setdefault("UV_DEFAULT_INDEX", settings.index)
    if settings.extra and "UV_EXTRA_INDEX_URL" not in result:
        result.setdefault("UV_INDEX", " ".join(settings.extra))
        # Safe because every install is checked against the lock's hashes, whichever index answers.
        result.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")
    if settings.links:
        result.setdefault("UV_FIND_LINKS", ",".join(settings.links))
    if settings.certificates:
        result.setdefault("SSL_CERT_FILE", settings.certificates)
    result.setdefault("UV_HTTP_TIMEOUT", "180")
    result.setdefault("UV_PYTHON_DOWNLOADS", "never")
    return result


def locked(lock: str, package: str) -> tuple[str, frozenset[str]]:
    """Version and permitted SHA-256 sums of `package` in a lock's text."""
    match = re.search(rf"^{re.escape(package)}==(\S+)((?:[^\n]*\\\n)+[^\n]*)", lock, re.MULTILINE)
    if not match:
        raise SetupError(f"{package} is not in the lock")
    return match[1], frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", match[2]))


def wheel_suits(name: str, *, package: str, version: str, machine: str, libc: str) -> bool:
    """Whether wheel file `name` is `package` at `version` for Linux on `machine` with `libc` (glibc or musl)."""
    if not name.startswith(f"{package}-{version}-") or not name.endswith(".whl"):
        return False
    kind = "musllinux" if libc == "musl" else "manylinux"
    return any(
        tag.startswith(kind) and tag.endswith(machine) for tag in name.removesuffix(".whl").split("-")[-1].split(".")
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            clean, _, fragment = target.partition("#")
            digest = fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""
            self.found.append((clean, digest))


def project_files(body: bytes, content_type: str, page: str) -> list[tuple[str, str, str]]:
    """(file name, address, SHA-256 or '') of one project page of the simple API, as JSON or as HTML."""
    if "json" in content_type:
        entries = json.loads(body)["files"]
        return [
            (entry["filename"], urllib.parse.urljoin(page, entry["url"]), entry["hashes"].get("sha256", ""))
            for entry in entries
        ]
    parser = _Links()
    parser.feed(body.decode("utf-8", "replace"))
    return [
        (urllib.parse.unquote(target.rsplit("/", 1)[-1]), urllib.parse.urljoin(page, target), digest)
        for target, digest in parser.found
    ]


def _open(address: str, certificates: str | None, accept: str = "*/*") -> tuple[bytes, str]:
    context = ssl.create_default_context(cafile=certificates) if address.startswith("https:") else None
    request = urllib.request.Request(address, headers={"Accept": accept, "User-Agent": "yunhai-dev"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as response:
        total = int(response.headers.get("Content-Length") or 0)
        parts: list[bytes] = []
        received = shown = 0
        while chunk := response.read(1 << 18):
            parts.append(chunk)
            received += len(chunk)
            if total > 8_000_000 and received - shown >= total // 4:
                shown = received
                say(f"  … {received // 1_000_000} of {total // 1_000_000} MB")
        return b"".join(parts), response.headers.get("Content-Type") or ""


def _wheel_by_index(settings: Settings, version: str, sums: frozenset[str]) -> bytes:
    libc = "glibc" if platform.libc_ver()[0] == "glibc" else "musl"
    problems: list[str] = []
    for index in (settings.index, *settings.extra):
        page = f"{index.rstrip('/')}/uv/"
        try:
            body, content_type = _open(page, settings.certificates, f"{_JSON}, text/html;q=0.5")
            for name, address, digest in project_files(body, content_type, page):
                suits = wheel_suits(name, package="uv", version=version, machine=platform.machine(), libc=libc)
                if suits and (not digest or digest in sums):
                    data, _ = _open(address, settings.certificates)
                    if hashlib.sha256(data).hexdigest() in sums:
                        return data
                    problems.append(f"{name}: its SHA-256 is not in requirements/bootstrap.lock")
            problems.append(f"index {index}: no uv {version} for {platform.machine()} ({libc})")
        except (urllib.error.URLError, OSError, ValueError, KeyError) as problem:
            problems.append(f"index {index}: {problem}")
    hint = ""
    if not settings.certificates:
        hint = "\nNo certificates found. On Debian as root: apt-get install ca-certificates (or set SSL_CERT_FILE)."
    raise SetupError(f"uv {version} could not be fetched:\n  " + "\n  ".join(problems) + hint)


def _wheel_by_pip(lock: Path, folder: Path) -> bytes | None:
    """The locked wheel through pip, if this Python has a pip that can: the ordinary client knows its machine best."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
    ]
    result = subprocess.run([*command, "--require-hashes", "-r", lock, "-d", folder], capture_output=True, check=False)
    wheels = sorted(folder.glob("uv-*.whl"))
    return wheels[0].read_bytes() if result.returncode == 0 and wheels else None


def fetch_uv(lock: Path, settings: Settings, folder: Path) -> Path:
    """Put the locked uv into `folder`, by pip or else straight from the index; returns its path.

    The wheel stays in the folder: what runs is each time held against it, and it against the lock's hashes.
    """
    version, sums = locked(lock.read_text(encoding="utf-8"), "uv")
    target, kept = folder / f"uv-{version}", folder / f"uv-{version}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    data = kept.read_bytes() if kept.exists() else b""
    if hashlib.sha256(data).hexdigest() not in sums:
        data = _wheel_by_pip(lock, folder) or _wheel_by_index(settings, version, sums)
        _replace(kept, data, mode=0o644)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        program = archive.read(member)
    if not target.exists() or target.read_bytes() != program or not os.access(target, os.X_OK):
        _replace(target, program, mode=0o755)
    for leftover in folder.glob("uv-*.whl"):
        leftover.unlink()
    return target


def _replace(target: Path, data: bytes, *, mode: int) -> None:
    partial = target.with_name(f"{target.name}-{os.getpid()}.partial")
    partial.write_bytes(data)
    partial.chmod(mode)
    partial.replace(target)
