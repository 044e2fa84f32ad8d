"""`yunhai journal`: prove a journal, look into it, count it, sign checkpoints, hand a tenant its own records."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from yunhai.journal import checkpoints as signed
from yunhai.journal.checkpoints import Checkpoint
from yunhai.journal.errors import NOT_FOUND
from yunhai.journal.exports import export, verify_export
from yunhai.journal.facts import FACT_KIND
from yunhai.journal.files import make_folder, new_file, read_up_to, whole_file
from yunhai.journal.reader import Group, Reader
from yunhai.journal.stats import KIND_NAMES, count
from yunhai.journal.verify import Verdict, verify
from yunhai.kernel.errors import YunhaiError
from yunhai.kernel.limits import CHECKPOINT_BYTES_MAX, KEY_FILE_BYTES_MAX
from yunhai.kernel.records import FILL, HALTED, RECORD, REMOVED, TRADE, Kind

FAILED_CHECK: Final = 1
_LAYOUTS: Final = {Kind.TRADE: TRADE, Kind.FILL: FILL, Kind.REMOVED: REMOVED, Kind.HALTED: HALTED}
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object last.")


@click.group("journal")
def command() -> None:
    """The journal: verify, show, stats, checkpoint, export, import-verify 日誌."""


def _answer(answer: dict[str, Any]) -> None:
    click.echo(json.dumps(answer, ensure_ascii=False))


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.completed:,} records"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield bar


def _facts_table(rows: dict[str, object]) -> None:
    table = Table(show_header=False)
    for name, value in rows.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))
    Console().print(table)


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
    """Prove every record, the chain and the end 驗證日誌. Exit code 1 if something is wrong."""
    _require(folder)
    known = _load_checkpoints(checkpoints, public_key, folder)
    with _progress("verify 驗證") as bar:
        task = bar.add_task("", total=None)
        verdict = verify(folder, checkpoints=known, progress=lambda sequence: bar.update(task, completed=sequence))
    _tell(verdict)
    if as_json:
        _answer(_as_dict(verdict))
    return 0 if verdict.right else FAILED_CHECK


def _require(folder: Path) -> None:
    if not folder.is_dir():
        raise YunhaiError(NOT_FOUND, folder=str(folder))


def _tell(verdict: Verdict) -> None:
    console = Console()
    for problem in verdict.problems:
        console.print(f"✗ {problem.code} {problem.text('zh')}\n  {problem.text('en')}", style="red", markup=False)
    _facts_table(
        {
            "journal 日誌": verdict.journal,
            "last good sequence 最後正確序號": verdict.sequence,
            "groups 批次": verdict.groups,
            "segments 區段": verdict.segments,
            "chain 雜湊鏈": verdict.chain,
            "end 尾端": f"{verdict.ending}{', closed 已關閉' if verdict.sealed else ''}",
            "checkpoints 檢查點": f"{verdict.checkpoints} (to sequence {verdict.proven_to:,})",
            "verdict 結論": "right 正確" if verdict.right else "WRONG 有誤",
        }
    )


def _as_dict(verdict: Verdict) -> dict[str, Any]:
    return {
        "right": verdict.right,
        "journal": verdict.journal,
        "sequence": verdict.sequence,
        "groups": verdict.groups,
        "segments": verdict.segments,
        "chain": verdict.chain,
        "ending": verdict.ending,
        "sealed": verdict.sealed,
        "checkpoints": verdict.checkpoints,
        "proven_to": verdict.proven_to,
        "problems": [problem.as_json() for problem in verdict.problems],
    }


@command.command("stats")
@click.argument("folder", type=_FOLDER)
@_JSON
def stats_command(folder: Path, as_json: bool) -> None:
    """Count kinds, groups, bytes, trades and tenants, proving all of it on the way 統計."""
    _require(folder)
    stats = count(folder)
    answer = {name: getattr(stats, name) for name in stats.__slots__}
    _facts_table({name: value for name, value in answer.items() if name not in ("kinds", "tenants")})
    table = Table("kind 種類", "records 筆數")
    for kind, number in stats.kinds.items():
        table.add_row(kind, f"{number:,}")
    Console().print(table)
    if as_json:
        _answer(answer | {"tenants": {str(tenant): number for tenant, number in stats.tenants.items()}})


@command.command("show")
@click.argument("folder", type=_FOLDER)
@click.option("--sequence", type=click.IntRange(1), help="From this sequence on 序號.")
@click.option("--order", type=click.IntRange(0), help="One order's records 委託書編號.")
@click.option("--tenant", type=click.IntRange(0), help="One tenant's records 租戶.")
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, help="At most this many 筆數上限."
)
@_JSON
def show_command(
    folder: Path, sequence: int | None, order: int | None, tenant: int | None, limit: int, as_json: bool
) -> None:
    """Show records by sequence, order id or tenant 查詢紀錄."""
    _require(folder)
    found: list[dict[str, Any]] = []
    for group in Reader(folder, sequence or 0):
        found += _matching(group, sequence or 1, order, tenant, limit - len(found))
        if len(found) >= limit:
            break
    for row in found:
        click.echo("  ".join(f"{name}={value}" for name, value in row.items()))
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
    reader = Reader(folder)
    for _ in reader:
        reader.absorb_tenants()
    if new_key:
        _make_key(key_file)
    checkpoint = signed.at_position(signed.position_of(reader), wall_ns=time.time_ns())
    file = signed.sign(checkpoint, signed.private_key(read_up_to(key_file, KEY_FILE_BYTES_MAX)))
    path = signed.save(file, checkpoint, folder=target, journal=folder)
    facts = {"file": str(path), "sequence": checkpoint.sequence, "group": checkpoint.group, "chain": checkpoint.chain}
    _facts_table(facts)
    if as_json:
        _answer(facts | {"tenants": len(checkpoint.tenants)})


def _make_key(path: Path) -> None:
    """A new key pair, both files or none; an existing file is never written over."""
    private, public = signed.new_key()
    make_folder(path.parent)
    new_file(path, private, mode=0o600)
    try:
        new_file(path.with_name(path.name + ".pub"), public, mode=0o644)
    except OSError:
        path.unlink()
        raise


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
    _facts_table(facts)
    if as_json:
        _answer(facts)


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
    _facts_table(facts)
    if as_json:
        _answer(facts)
