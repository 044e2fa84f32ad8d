"""The origin: Caddy, the one door, with a configuration made from the places.

Paths decide who answers (docs/concepts/cloud.md): core, stream, files, else web. The parts listen on Unix sockets only,
so nothing goes round the door. On localhost it speaks plain http and listens on the loopback alone; with a host name it
speaks TLS 1.3 and no older one, with a certificate that Caddy gets, or the files given.
"""

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx

from yunhai.apps.cloud.asked import ASK_SECONDS, SILENT, Answer
from yunhai.apps.cloud.errors import ORIGIN_MISSING
from yunhai.apps.cloud.places import Places
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import ORIGIN_ORDER_BYTES_MAX, PKI_BODY_BYTES_MAX, REQUEST_BYTES_MAX
from yunhai.platform.errors import BODY_TOO_LARGE, PART_AWAY
from yunhai.trading.core.errors import BODY_TOO_LARGE as ORDER_TOO_LARGE
from yunhai.trading.trust.door import DOOR_HEADER

LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

WAIT: Final = (
    '<!doctype html><html lang="zh-Hant"><meta charset="utf-8"><title>雲海</title><h1>正在啟動或重啟</h1>'
    '<p>請稍候幾秒再重新整理。</p><p lang="en">Starting or restarting. Reload in a few seconds.</p></html>'
)
"""What a visitor sees while a part is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`origin` the public address (http://localhost:8600, https://yunhai.example); `certificate` and `key` TLS files of
    one's own, else Caddy gets a certificate. `mutual` a second port, TLS 1.3 with client certificates of our CA; 0: none."""

    origin: str
    certificate: Path | None = None
    key: Path | None = None
    mutual: int = 0

    @property
    def host(self) -> str:
        return urlsplit(self.origin).hostname or "localhost"

    @property
    def local(self) -> bool:
        return self.host in LOCAL

    @property
    def port(self) -> int:
        parts = urlsplit(self.origin)
        return parts.port or (443 if parts.scheme == "https" else 80)


def program() -> str:
    """The caddy program: beside this Python, else on PATH. ORIGIN_MISSING if there is none."""
    beside = Path(sys.executable).parent / "caddy"
    found = str(beside) if beside.is_file() else shutil.which("caddy")
    if found is None:
        raise YunhaiError(ORIGIN_MISSING)
    return found


def answer(door: Door) -> Answer:
    """Whether somebody speaks HTTP, or TLS, behind the door. What is said does not matter: the parts behind it are asked
    themselves, and a certificate may still be on its way."""
    scheme = "http" if door.local else "https"
    try:
        with httpx.Client(verify=False, timeout=ASK_SECONDS, trust_env=False) as client:  # noqa: S501 - only whether it answers
            client.get(f"{scheme}://127.0.0.1:{door.port}/health", headers={"Host": door.host})
    except httpx.ConnectError as problem:
        return Answer("SSL" in str(problem), f"{SILENT}: {problem}")
    except httpx.HTTPError as problem:
        return Answer(False, f"{SILENT}: {type(problem).__name__}")
    return Answer(True)


def _refusal(code: int, **details: object) -> str:
    """What a program reads where Caddy itself has to answer."""
    mode = os.environ.get("YUNHAI_MODE", "simulated")
    return json.dumps({"error": YunhaiError(code, **details).as_json(), "mode": mode}, ensure_ascii=False)


def caddyfile(door: Door, places: Places) -> str:
    """Caddy's configuration. Health and metrics of the parts stay inside; Caddy's own admin address is off. No request's
    headers are logged: the door's secret is among them. Whoever gives another name in TLS than in the request, or none, is
    not answered (421): Caddy's minimum of TLS 1.3 goes by that name."""
    if door.local:
        site, listen = f"http://localhost:{door.port}, http://127.0.0.1:{door.port}", "\tbind 127.0.0.1 [::1]\n"
        tls = ""
    else:
        site, listen = f"https://{door.host}:{door.port}", ""
        files = f" {door.certificate} {door.key}" if door.certificate and door.key else ""
        tls = f"\ttls{files} {{\n\t\tprotocols tls1.3\n\t}}\n"
    return f"""{{
	admin off
	auto_https {"off" if door.local else "disable_redirects"}
	storage file_system {places.home}/caddy
	grace_period 5s
	log {{
		output stderr
		format filter {{
			request>headers delete
			wrap json
		}}
		level WARN
	}}
	servers {{
		timeouts {{
			read_header 10s
			idle 2m
		}}
		max_header_size 32KB
		strict_sni_host on
	}}
}}

(parts) {{
	handle /health {{
		respond 404
	}}
	handle /ready {{
		respond 404
	}}
	handle /metrics {{
		respond 404
	}}
	handle /trade/v1/* {{
		request_body {{
			max_size {ORIGIN_ORDER_BYTES_MAX}
		}}
		reverse_proxy unix/{places.core_socket}
	}}
	handle /stream/v1 {{
		reverse_proxy unix/{places.stream_socket}
	}}
	handle /stream/v1/* {{
		reverse_proxy unix/{places.stream_socket}
	}}
	handle_path /static/* {{
		root * {places.static}
		encode gzip
		header Cache-Control "no-cache"
		file_server
	}}
	handle /pki/* {{
		request_body {{
			max_size {PKI_BODY_BYTES_MAX}
		}}
		reverse_proxy unix/{places.run}/trust-public.sock
	}}
	handle {{
		request_body {{
			max_size {REQUEST_BYTES_MAX}
		}}
		encode gzip
		reverse_proxy unix/{places.web_socket} {{
			request_buffers {REQUEST_BYTES_MAX}
		}}
	}}
	handle_errors 413 {{
		header Content-Type "application/json; charset=utf-8"
		handle /trade/v1/* {{
			respond `{_refusal(ORDER_TOO_LARGE, bytes=ORIGIN_ORDER_BYTES_MAX)}` 413
		}}
		handle {{
			respond `{_refusal(BODY_TOO_LARGE, bytes=REQUEST_BYTES_MAX)}` 413
		}}
	}}
	@programs path /api/* /trade/* /stream/*
	handle_errors 502 503 504 {{
		handle @programs {{
			header Content-Type "application/json; charset=utf-8"
			header Retry-After 5
			respond `{_refusal(PART_AWAY)}` 503
		}}
		handle {{
			header Content-Type "text/html; charset=utf-8"
			header Retry-After 5
			respond `{WAIT}` {{err.status_code}}
		}}
	}}
}}

{site} {{
{listen}{tls}	header {{
		X-Content-Type-Options nosniff
		Referrer-Policy same-origin
		-Server
		-Via{"" if door.local else chr(10) + chr(9) + chr(9) + 'Strict-Transport-Security "max-age=31536000"'}
	}}
	request_header -{DOOR_HEADER}
	import parts
}}
{_mutual(door, places) if door.mutual else ""}"""


def _mutual(door: Door, places: Places) -> str:
    """The second site: nobody comes in without a certificate of our CA. Who came is told to the parts in one header with the
    door's secret, so that nobody else can say it; whether the certificate still holds is theirs to know."""
    folder = places.home / "trust"
    told = f"{{file.{places.credential_path('door.key')}}}:{{http.request.tls.client.fingerprint}}"
    return f"""
https://{door.host}:{door.mutual} {{
{chr(9) + "bind 127.0.0.1 [::1]" + chr(10) if door.local else ""}	tls {folder}/server.pem {folder}/server.key {{
		protocols tls1.3
		client_auth {{
			mode require_and_verify
			trust_pool file {folder}/chain.pem
		}}
	}}
	header {{
		X-Content-Type-Options nosniff
		Referrer-Policy same-origin
		-Server
		-Via
	}}
	request_header {DOOR_HEADER} "{told}"
	import parts
}}
"""
