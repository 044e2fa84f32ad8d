"""The example files of deploy/: understood by the programs they are for, and naming what is there."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from yunhai.apps.cli import COMMANDS
from yunhai.apps.cloud.origin import program


@pytest.fixture
def deploy(repository: Path) -> Path:
    return repository / "deploy"


def test_caddy_understands_its_file(deploy: Path) -> None:
    done = subprocess.run(
        [program(), "adapt", "--adapter", "caddyfile", "--config", str(deploy / "caddy/Caddyfile")], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    made = json.loads(done.stdout)
    for server in made["apps"]["http"]["servers"].values():
        named = [one for one in server["tls_connection_policies"] if "match" in one]
        assert [one["protocol_min"] for one in named] == ["tls1.3"]
        assert server["strict_sni_host"] is True
    assert made["logging"]["logs"]["default"]["encoder"]["fields"] == {"request>headers": {"filter": "delete"}}


def test_nginx_takes_tls_1_3_and_no_older(deploy: Path) -> None:
    assert re.findall(r"ssl_protocols ([^;]*);", (deploy / "nginx/yunhai.conf").read_text()) == ["TLSv1.3"]


@pytest.mark.skipif(
    shutil.which("nginx") is None or shutil.which("openssl") is None, reason="nginx or openssl is not here"
)
def test_nginx_understands_its_file(deploy: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    ]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    text = (deploy / "nginx/yunhai.conf").read_text().replace("/etc/yunhai/tls", str(tmp_path))
    (tmp_path / "yunhai.conf").write_text(text)
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; events {{}} http {{ include {tmp_path}/yunhai.conf; }}")
    done = subprocess.run(
        ["nginx", "-t", "-e", str(tmp_path / "log"), "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
def test_systemd_understands_its_units(deploy: Path, tmp_path: Path) -> None:
    """The units run a program that is not installed here: another stands in its place."""
    for unit in sorted((deploy / "systemd").glob("*.service")):
        text = unit.read_text().replace("/opt/yunhai/bin/yunhai", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    files = [str(path) for path in sorted(tmp_path.glob("*.service"))]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "yunhai" in line]
    assert ours == []


def test_units_run_commands_that_are_there(deploy: Path) -> None:
    run = {
        found.group(1)
        for unit in (deploy / "systemd").glob("*.service")
        for found in re.finditer(r"^ExecStart=/opt/yunhai/bin/yunhai (\w+)", unit.read_text(), re.MULTILINE)
    }
    assert run == {"core", "stream", "web", "reader", "migrate", "trust"}
    assert run <= set(COMMANDS)


def test_only_web_holds_the_key_that_makes_tokens_and_only_migrate_the_migrators_address(deploy: Path) -> None:
    units = {unit.stem: unit.read_text() for unit in (deploy / "systemd").glob("*.service")}
    assert {name for name, text in units.items() if "token.key" in text} == {"yunhai-web"}
    assert {name for name, text in units.items() if "migrate.env" in text} == {"yunhai-migrate"}
