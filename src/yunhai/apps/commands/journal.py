"""`yunhai journal`: prove a journal, look into it, count it, sign checkpoints, hand a tenant its own records."""

import errno
import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from yunhai.apps import journal_text
from yunhai.apps.terminal import console
from yunhai.journal import checkpoints as signed
from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.errors import NOT_FOUND, SEQUENCE_UNKNOWN, refusal
from yunhai.journal.exports import export, verify_export
from yunhai.journal.facts import FACT_KIND
from yunhai.journal.files import make_folder, new_file, read_up_to, whole_file
from yunhai.journal.reader import Group, Reader
from yunhai.journal.stats import KIND_NAMES, count
from yunhai.journal.verify import Verdict, verify
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHECKPOINT_BYTES_MAX, KEY_FILE_BYTES_MAX
from yunhai.kernel.money import price_text
from yunhai.kernel.records import FILL, HALTED, RECORD, REMOVED, TRADE, Kind

FAILED_CHECK: Final = 1
_LAYOUTS: Final = {Kind.TRADE: TRADE, Kind.FILL: FILL, Kind.REMOVED: REMOVED, Kind.HALTED: HALTED}
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output 輸出 JSON.")


class _FirmCode(click.ParamType[int]):
    """A firm's four characters, as the number they make."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = journal_text.number_of(str(value))
        if number is None:
            self.fail("a firm's code is four of A-Z and 0-9", param, ctx)
        return number


@click.group("journal")
def command() -> None:
    """The journal 日誌: prove it 驗證, look into it 查詢, count it 統計, sign 簽署 and hand out 匯出 what it holds."""


def _answer(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    errors = console(stderr=True)
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.completed:,} records 筆"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        yield bar


def _say(lines: Iterable[str], *, as_json: bool) -> None:
    """To standard output, or to standard error when that is kept for the JSON object."""
    journal_text.print_lines(lines, console(stderr=as_json))


def _load_checkpoints(places: tuple[Path, ...], key_file: Path | None, journal: Path) -> list[Checkpoint]:
    """Checkpoint files, and those of folders that were made of this journal; each must be signed by the key."""
    if not places:
        return []
    if key_file is None:
        raise click.UsageError("--checkpoints needs --public-key")
    key = _public_key(key_file)
    files = [
        file for place in places for file in (sorted(place.glob("*.checkpoint.json")) if place.is_dir() else [place])
    ]
    if not files:
        raise click.UsageError("no *.checkpoint.json in the folder given")
    loaded = [(file, _load(file, key)) for file in files]
    home = Reader(journal).journal_id().hex() if any(place.is_dir() for place in places) else ""
    return [checkpoint for file, checkpoint in loaded if file in places or checkpoint.journal == home]


def _public_key(path: Path) -> Ed25519PublicKey:
    return signed.public_key(read_up_to(path, KEY_FILE_BYTES_MAX))


def _load(path: Path, key: Ed25519PublicKey) -> Checkpoint:
    return signed.load(read_up_to(path, CHECKPOINT_BYTES_MAX), key)


@command.command("verify")
@click.argument("folder", type=_FOLDER)
@click.option(
    "--checkpoints",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="Checkpoint file or folder 檢查點.",
)
@click.option("--public-key", type=_FILE, help="PEM of the key that signed them 公鑰.")
@_JSON
def verify_command(folder: Path, checkpoints: tuple[Path, ...], public_key: Path | None, as_json: bool) -> int:
    """Prove every record, the chain and the end 驗證日誌.

    Exit code 1 if something is wrong 有誤時離開碼為 1. The end of a journal that was not closed is proved only by a
    checkpoint 未關閉的日誌須有檢查點才能證明尾端.
    """
    _require(folder)
    known = _load_checkpoints(checkpoints, public_key, folder)
    with _progress("verify 驗證") as bar:
        task = bar.add_task("", total=None)
        verdict = verify(folder, checkpoints=known, progress=lambda sequence: bar.update(task, completed=sequence))
    problems = [line for problem in verdict.problems for line in journal_text.problem_lines(problem)]
    _say([*problems, *journal_text.verdict_lines(verdict)], as_json=as_json)
    if as_json:
        _answer(_as_dict(verdict))
    return 0 if verdict.right else FAILED_CHECK


def _require(folder: Path) -> None:
    if not folder.is_dir():
        raise refusal(NOT_FOUND, "no such folder", folder=str(folder))


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    english, chinese = journal_text.verdict_texts(verdict)
    ending, ending_zh = journal_text.ending_texts(verdict)
    return {
        "right": verdict.right,
        "verdict": verdict.outcome,
        "verdict_en": english,
        "verdict_zh": chinese,
        "end_proof": verdict.end_proof,
        "journal": verdict.journal,
        "sequence": verdict.sequence,
        "groups": verdict.groups,
        "closing_marks": verdict.closing_marks,
        "segments": verdict.segments,
        "chain": verdict.chain,
        "records_chain": verdict.records_chain,
        "ending": verdict.ending,
        "ending_en": ending,
        "ending_zh": ending_zh,
        "sealed": verdict.sealed,
        "checkpoints": verdict.checkpoints,
        "proven_to": verdict.proven_to,
        "foreign_files": list(verdict.foreign),
        "problems": [problem.as_json() for problem in verdict.problems],
    }


@command.command("stats")
@click.argument("folder", type=_FOLDER)
@_JSON
def stats_command(folder: Path, as_json: bool) -> None:
    """Count kinds, groups, bytes, trades, value and tenants, proving all of it on the way 統計.

    In JSON `traded_value` is in 1/10,000 NT$ and `traded_value_nt` in NT$; `..._wall_ns` are ns since 1970 UTC.
    """
    _require(folder)
    stats = count(folder)
    answer = {name: getattr(stats, name) for name in stats.__slots__}
    _say(journal_text.stats_lines(stats), as_json=as_json)
    if as_json:
        tenants = {str(tenant): number for tenant, number in stats.tenants.items()}
        _answer(answer | {"tenants": tenants, "traded_value_nt": price_text(stats.traded_value)})


@command.command("show")
@click.argument("folder", type=_FOLDER)
@click.option("--sequence", type=click.IntRange(1), help="From this sequence on 序號.")
@click.option("--order", type=click.IntRange(0), help="One order's records 委託書編號.")
@click.option("--tenant", type=click.IntRange(0), help="One tenant's records, by number 租戶編號.")
@click.option("--firm", type=_FirmCode(), help="One firm's records, by its code 券商代號.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most this many 筆數上限."
)
@_JSON
def show_command(
    folder: Path,
    sequence: int | None,
    order: int | None,
    tenant: int | None,
    firm: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show records by sequence, order id, tenant or firm 查詢紀錄.

    In JSON prices are in 1/10,000 NT$ and `price_nt` in NT$.
    """
    _require(folder)
    if tenant is not None and firm not in (None, tenant):
        raise click.UsageError("--tenant and --firm name different tenants")
    tenant = firm if tenant is None else tenant
    found: list[dict[str, Any]] = []
    reader = Reader(folder, sequence or 0)
    for group in reader:
        found += _matching(group, sequence or 1, order, tenant, limit - len(found))
        if len(found) >= limit:
            break
    if sequence is not None and sequence > reader.last_sequence():
        raise YunhaiError(SEQUENCE_UNKNOWN, sequence=sequence, last=reader.last_sequence())
    lines = [line for row in found for line in journal_text.record_block(row)]
    _say(lines or ["no record matches 查無符合的紀錄"], as_json=as_json)
    if as_json:
        _answer({"records": found, "limit": limit})


def _matching(group: Group, sequence: int, order: int | None, tenant: int | None, room: int) -> list[dict[str, Any]]:
    records = group.records()
    chosen = np.arange(group.first_sequence, group.first_sequence + group.count) >= sequence
    if tenant is not None:
        chosen &= records["tenant"] == tenant
    if order is not None:
        chosen &= _concerns(records, order)
    facts = dict(group.facts())
    rows = []
    for place in np.flatnonzero(chosen)[:room].tolist():
        number = group.first_sequence + place
        segment, offset = group.place_of(number)
        row: dict[str, Any] = {"sequence": number, "wall_ns": group.wall_ns} | _fields(records[place : place + 1])
        if number in facts:
            row |= {"fact": facts[number].number, "bytes": len(facts[number].content)}
        if "price" in row:
            row["price_nt"] = price_text(row["price"])
        row["firm"] = journal_text.code_of(row["tenant"])
        rows.append(row | {"segment": segment, "offset": offset})
    return rows


def _concerns(records: Any, order: int) -> Any:
    """Which records are about an order: its commands, fills and removal, and trades on either side."""
    kind = records["kind"]
    plain = (kind <= Kind.REPRICE) | (kind == Kind.FILL) | (kind == Kind.REMOVED)
    trades = np.ascontiguousarray(records).view(TRADE)
    either = (trades["buy_id"] == order) | (trades["sell_id"] == order)
    return (plain & (records["order_id"] == order)) | ((kind == Kind.TRADE) & either)


def _fields(record: Any) -> dict[str, Any]:
    """One record's fields under the names of its kind."""
    kind = int(record["kind"][0])
    if kind == FACT_KIND:
        return {"kind": "FACT", "tenant": int(record["tenant"][0]), "time": int(record["time"][0])}
    layout = np.ascontiguousarray(record).view(_LAYOUTS.get(Kind(kind), RECORD) if kind in KIND_NAMES else RECORD)
    names = layout.dtype.names or ()
    values = {name: int(layout[name][0]) for name in names if name not in ("kind", "version", "reserved", "crc")}
    return {"kind": KIND_NAMES.get(kind, str(kind))} | values


@command.command("checkpoint")
@click.argument("folder", type=_FOLDER)
@click.option("--to", "target", required=True, type=_FOLDER, help="Where to keep it: outside the journal 存放處.")
@click.option(
    "--key",
    "key_file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Ed25519 private key, PEM 私鑰.",
)
@click.option("--new-key", is_flag=True, help="Make the key first; its public half is put beside it (.pub).")
@_JSON
def checkpoint_command(folder: Path, target: Path, key_file: Path, new_key: bool, as_json: bool) -> None:
    """Prove the journal and sign what it has come to 簽署檢查點."""
    _require(folder)
    signed.require_outside(target, journal=folder)
    private = None if new_key else signed.private_key(read_up_to(key_file, KEY_FILE_BYTES_MAX))
    if new_key:
        _require_free(key_file, _public_half(key_file))
    reader = Reader(folder)
    for _ in reader:
        reader.absorb_tenants()
    make_folder(target)
    if private is None:
        private = _make_key(key_file)
    checkpoint = signed.at_position(signed.position_of(reader), wall_ns=time.time_ns())
    try:
        path = signed.save(signed.sign(checkpoint, private), checkpoint, folder=target, journal=folder)
    except OSError:
        if new_key:
            _forget_key(key_file)
        raise
    facts = {"file": str(path), "sequence": checkpoint.sequence, "group": checkpoint.group, "chain": checkpoint.chain}
    names = ("file 檔案", "last sequence 最後序號", "number of the last group 末批次編號", "chain of records 紀錄雜湊")
    _say(journal_text.table(dict(zip(names, facts.values(), strict=True))), as_json=as_json)
    if as_json:
        _answer(facts | {"tenants": len(checkpoint.tenants)})


def _public_half(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + ".pub")


def _require_free(*files: Path) -> None:
    for file in files:
        if file.is_symlink() or file.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))


def _make_key(path: Path) -> Ed25519PrivateKey:
    """A new key pair, both files or none; an existing file is never written over."""
    private, public = signed.new_key()
    make_folder(path.parent)
    new_file(path, private, mode=0o600)
    try:
        new_file(_public_half(path), public, mode=0o644)
    except OSError:
        path.unlink()
        raise
    return signed.private_key(private)


def _forget_key(path: Path) -> None:
    """Take back a key that has signed nothing."""
    path.unlink(missing_ok=True)
    _public_half(path).unlink(missing_ok=True)


def _tell_export(facts: dict[str, Any], *, as_json: bool) -> None:
    names = {
        "tenant": "tenant 租戶",
        "records": "records 筆數",
        "groups": "groups 批次",
        "sequence": "up to sequence 至序號",
        "head": "tenant's chain 租戶雜湊",
        "file": "file 檔案",
        "right": "verdict 結論",
    }
    shown = {names[name]: value for name, value in facts.items()}
    if "right" in facts:
        shown["verdict 結論"] = "right, fits the checkpoint 正確，與檢查點相符"
    _say(journal_text.table(shown), as_json=as_json)
    if as_json:
        _answer(facts)


@command.command("export")
@click.argument("folder", type=_FOLDER)
@click.option("--tenant", required=True, type=click.IntRange(0, 2**32 - 1), help="Whose records 租戶.")
@click.option("--checkpoint", "checkpoint_file", required=True, type=_FILE, help="Up to this checkpoint 檢查點.")
@click.option("--public-key", required=True, type=_FILE, help="PEM of the key that signed it 公鑰.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write 輸出檔.")
@_JSON
def export_command(
    folder: Path, tenant: int, checkpoint_file: Path, public_key: Path, out: Path, as_json: bool
) -> None:
    """Write one tenant's records as a file that verifies alone 匯出租戶紀錄."""
    _require(folder)
    signed.require_outside(out.parent, journal=folder)
    checkpoint = _load(checkpoint_file, _public_key(public_key))
    with whole_file(out, mode=0o600) as file:
        exported = export(folder, checkpoint, tenant, file)
    facts = {name: getattr(exported, name) for name in exported.__slots__} | {"file": str(out)}
    _tell_export(facts, as_json=as_json)


@command.command("import-verify")
@click.argument("file", type=_FILE)
@click.option("--checkpoint", "checkpoint_file", required=True, type=_FILE, help="The signed checkpoint 檢查點.")
@click.option("--public-key", required=True, type=_FILE, help="PEM of the key that signed it 公鑰.")
@_JSON
def import_verify_command(file: Path, checkpoint_file: Path, public_key: Path, as_json: bool) -> None:
    """Prove an exported file against a checkpoint, without the journal 驗證匯出檔."""
    checkpoint = _load(checkpoint_file, _public_key(public_key))
    with file.open("rb") as export_file:
        exported = verify_export(export_file, checkpoint)
    facts = {name: getattr(exported, name) for name in exported.__slots__} | {"right": True}
    _tell_export(facts, as_json=as_json)
