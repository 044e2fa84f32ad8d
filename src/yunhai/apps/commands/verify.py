"""`yunhai verify`: evidence files against a root certificate, with nobody's help."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from asn1crypto import pem
from rich.console import Console

from yunhai.apps.terminal import console
from yunhai.journal.files import read_up_to
from yunhai.kernel.limits import EVIDENCE_BYTES_MAX, FOREIGN_CERTIFICATE_BYTES_MAX, REVOCATION_LIST_BYTES_MAX

if TYPE_CHECKING:
    from yunhai.trading.trust.evidence import Report, Verdict

FAILED_CHECK: Final = 1
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


@click.command("verify")
@click.argument("files", metavar="FILE...", type=_FILE, nargs=-1, required=True)
@click.option("--root", type=_FILE, required=True, help="The root certificate you trust, DER or PEM 您信任的根憑證.")
@click.option(
    "--crl",
    "crls",
    type=_FILE,
    multiple=True,
    help="A newer revocation list of the issuing CA, DER or PEM 較新的憑證廢止清冊.",
)
@click.option("--quiet", is_flag=True, help="One line a file 每檔一行.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object last 最後輸出一個 JSON 物件.")
def command(files: tuple[Path, ...], root: Path, crls: tuple[Path, ...], quiet: bool, as_json: bool) -> int:
    """Verify evidence files offline 離線驗證證據檔.

    Needs the file and the root certificate, nothing else and nobody. Names each step, and where one fails the member
    of the file and its bytes. Exit code 1 if a file does not hold 有任何檔案不成立時離開碼為 1.

    With --crl the certificates of the time stamp, the checkpoint and the status answer are looked up in your list too: a key of
    theirs may have been given up since the file was made 以您手上的清冊再查時戳、檢查點與狀態回覆者的憑證.
    """
    from yunhai.trading.trust.evidence import verify

    trusted = _der(read_up_to(root, FOREIGN_CERTIFICATE_BYTES_MAX))
    lists = [_der(read_up_to(path, REVOCATION_LIST_BYTES_MAX)) for path in crls]
    out = console(stderr=as_json)
    answers = []
    for path in files:
        report = verify(read_up_to(path, EVIDENCE_BYTES_MAX), trusted, lists=lists)
        _tell(out, path, report, quiet=quiet)
        answers.append(_json(path, report))
    holds = all(answer["ok"] for answer in answers)
    if len(files) > 1:
        wrong = sum(not answer["ok"] for answer in answers)
        out.print(f"{'✓' if holds else '✗'} {len(files):,} files 檔, {wrong:,} do not hold 不成立", highlight=False)
    if as_json:
        click.echo(json.dumps({"ok": holds, "files": answers}, ensure_ascii=False))
    return 0 if holds else FAILED_CHECK


def _der(content: bytes) -> bytes:
    return pem.unarmor(content)[2] if pem.detect(content) else content


def _tell(out: Console, path: Path, report: "Report", *, quiet: bool) -> None:
    verdict = "holds 成立" if report.holds else "DOES NOT HOLD 不成立"
    out.print(f"{'✓' if report.holds else '✗'} {path}: {verdict}", markup=False, highlight=False)
    if quiet and report.holds:
        return
    for step in report.steps:
        mark = "✓" if step.holds else "✗" if step.checked else "-"
        out.print(f"  {mark} {step.zh} {step.en}", markup=False, highlight=False)
        if step.error is not None:
            where = f"{step.member}, bytes 位元組 {step.first}-{step.last}"
            out.print(
                f"      {step.error.code} {step.error.text('zh')} {step.error.text('en')} [{where}]", markup=False
            )
    if report.number and not quiet:
        out.print(
            f"  instruction 委託 {report.number} of tenant 租戶 {report.tenant}, signed by 簽署者 {report.subject or '?'};"
            f" accepted 受理 {report.accepted_at}, stamped 時戳 {report.stamped_at} ({_waited(report)}),"
            f" checkpoint 檢查點 {report.checkpoint_at}{_revoked(report)}",
            markup=False,
            highlight=False,
        )


def _revoked(report: "Report") -> str:
    return f"; revoked between the two 其間廢止 {report.revoked_at}" if report.revoked_at is not None else ""


def _waited(report: "Report") -> str:
    return "?" if report.waited is None else f"{report.waited.total_seconds():,.0f} s after 受理後秒數"


def _step(step: "Verdict") -> dict[str, Any]:
    said: dict[str, Any] = {"name": step.name, "checked": step.checked, "ok": step.holds}
    if step.error is not None:
        said |= {"error": step.error.as_json(), "member": step.member, "first": step.first, "last": step.last}
    return said


def _json(path: Path, report: "Report") -> dict[str, Any]:
    return {
        "file": str(path),
        "ok": report.holds,
        "instruction": report.number,
        "order": report.order_id,
        "tenant": report.tenant,
        "subject": report.subject,
        "accepted_at": report.accepted_at.isoformat() if report.accepted_at else "",
        "stamped_at": report.stamped_at.isoformat() if report.stamped_at else "",
        "stamp_waited_s": report.waited.total_seconds() if report.waited is not None else None,
        "checkpoint_at": report.checkpoint_at.isoformat() if report.checkpoint_at else "",
        "revoked_at": report.revoked_at.isoformat() if report.revoked_at else "",
        "lists": report.lists,
        "steps": [_step(step) for step in report.steps],
    }
