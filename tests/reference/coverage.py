"""Which outcomes there are, which a run of the generator reached, and which cannot be reached and why.

An outcome is (command, phase of its book before, code, state after); the command of a NEW carries its order
kind once the kind is known to be valid. `EXPECTED` is written from matching.md §3, §4, §6 and §7, not measured.
"""

from collections import Counter
from functools import cache

from tests.reference.state import Book
from tests.reference.wire import CONTROLS, NEW, ORDERS, PHASE, RECORD, STATUS, Command
from yunhai.kernel.records import Kind, Phase, State

TYPE_NAMES = {1: "market", 2: "limit"}
TIF_NAMES = {0: "ROD", 3: "IOC", 4: "FOK"}
NOT_LOOKED_AT = "-"

Outcome = tuple[str, str, int, str]

SESSION = ("COLLECT", "CONTINUOUS", "HALTED")
CLOSED = {"BEFORE": 1004, "AFTER": 1005, "SUSPENDED": 1006}
PHASES = tuple(phase.name for phase in Phase)
KINDS = tuple(f"NEW {order_type} {tif}" for order_type in TYPE_NAMES.values() for tif in TIF_NAMES.values())
ROD = ("NEW market ROD", "NEW limit ROD")
IMMEDIATE = tuple(kind for kind in KINDS if kind not in ROD)
CHANGES = ("CANCEL", "CUT", "REPRICE")
CONTROL_NAMES = ("PHASE", "UNCROSS", "TRIAL", "EXPIRE")


def outcome_of(record: bytes, book: Book | None, phase_before: int) -> Outcome:
    """The outcome that a command's own event record tells."""
    command = Command(*RECORD.unpack(record))
    kind = (command.order_type, command.time_in_force) if command.kind == NEW else (0, 0)
    target = command.side if command.kind == PHASE else 0
    return _outcome(command.kind, command.code, command.state, phase_before if book else -1, target, kind)


@cache
def _outcome(kind: int, code: int, state: int, phase_before: int, target: int, order_kind: tuple[int, int]) -> Outcome:
    name = Kind(kind).name if kind in (*ORDERS, *CONTROLS) else "unknown"
    if code in (1001, 1002, 1003) or phase_before < 0:
        return name, NOT_LOOKED_AT, code, State(state).name
    if kind == NEW and code not in (1004, 1005, 1006, 1007, 1008, 1009):
        name = f"NEW {TYPE_NAMES[order_kind[0]]} {TIF_NAMES[order_kind[1]]}"
    if kind == PHASE and code == 0:
        name = f"PHASE to {Phase(target).name}"
    return name, Phase(phase_before).name, code, State(state).name


def expected() -> set[Outcome]:
    """Every outcome the rules allow."""
    found: set[Outcome] = {("unknown", NOT_LOOKED_AT, code, "REFUSED") for code in (1001, 1003)}
    for name in ("NEW", *CHANGES, *CONTROL_NAMES):
        found |= {(name, NOT_LOOKED_AT, code, "REFUSED") for code in (1002, 1003)}
    for name in ("NEW", *CHANGES):
        found |= {(name, phase, code, "REFUSED") for phase, code in CLOSED.items()}
    return found | _expected_new() | _expected_changes() | _expected_controls()


def _expected_new() -> set[Outcome]:
    found: set[Outcome] = set()
    for phase in SESSION:
        found |= {("NEW", phase, code, "REFUSED") for code in (1007, 1008, 1009)}
        for kind in KINDS:
            prices = {1014} if "market" in kind else {1015, 1016, 1017}
            found |= {(kind, phase, code, "REFUSED") for code in prices | {1010, 1011, 1012, 1013, 1018, 1019, 1020}}
        found |= {(kind, phase, 1027, "REFUSED") for kind in IMMEDIATE}
        found |= {(kind, phase, 0, "RESTING") for kind in ROD}
    found |= {(kind, "CONTINUOUS", 0, "FILLED") for kind in KINDS}
    found |= {(kind, "CONTINUOUS", 1028, "REFUSED") for kind in ("NEW market ROD", *IMMEDIATE)}
    found |= {(kind, "CONTINUOUS", 0, "GONE") for kind in ("NEW market IOC", "NEW limit IOC")}
    found |= {(kind, "CONTINUOUS", 1102, "GONE") for kind in ("NEW market ROD", "NEW market IOC", "NEW limit IOC")}
    return found


def _expected_changes() -> set[Outcome]:
    found: set[Outcome] = set()
    for phase in SESSION:
        found |= {(name, phase, code, "REFUSED") for name in CHANGES for code in (1021, 1022, 1023)}
        found |= {(name, phase, 1024, "REFUSED") for name in ("CANCEL", "CUT")}
        found |= {("CUT", phase, code, "REFUSED") for code in (1012, 1026)}
        found |= {("REPRICE", phase, code, "REFUSED") for code in (1015, 1016, 1017, 1025, 1026)}
        found |= {("CANCEL", phase, 0, "GONE"), ("CUT", phase, 0, "GONE"), ("CUT", phase, 1101, "GONE")}
        found |= {("CUT", phase, 0, "RESTING"), ("REPRICE", phase, 0, "RESTING")}
    return found | {("REPRICE", "CONTINUOUS", 0, "FILLED")}


def _expected_controls() -> set[Outcome]:
    found: set[Outcome] = set()
    for phase in PHASES:
        found |= {(f"PHASE to {after}", phase, 0, "RESTING") for after in PHASES}
        found |= {("PHASE", phase, 1201, "REFUSED"), ("PHASE", phase, 1202, "REFUSED"), ("EXPIRE", phase, 0, "RESTING")}
        auction = phase in ("COLLECT", "HALTED")
        for name in ("UNCROSS", "TRIAL"):
            found.add((name, phase, 0, "RESTING") if auction else (name, phase, 1204, "REFUSED"))
    return found | {("UNCROSS", phase, 1203, "RESTING") for phase in ("COLLECT", "HALTED")}


# (command, codes, why it never answers so). With EXPECTED this accounts for every command × code.
UNREACHABLE: tuple[tuple[tuple[str, ...], tuple[int, ...], str], ...] = (
    (("unknown",), tuple(code for code in STATUS if code not in (1001, 1003)), "an unknown kind ends at check 2"),
    (("NEW", *CHANGES, *CONTROL_NAMES), (1001,), "these are the known kinds"),
    (CONTROL_NAMES, tuple(range(1004, 1029)), "checks of orders only"),
    (("NEW", "CANCEL", "REPRICE", *CONTROL_NAMES), (1101,), "only a cut can ask for more than is left"),
    ((*CHANGES, *CONTROL_NAMES), (1102,), "a re-price stopped by the band rests and halts; the others trade nothing"),
    (("NEW", *CHANGES), (1201, 1202, 1203, 1204), "answers to controls"),
    (("UNCROSS", "TRIAL", "EXPIRE"), (1201, 1202), "checks of PHASE"),
    (("PHASE", "TRIAL", "EXPIRE"), (1203,), "only an uncross is put off; a trial shows its price"),
    (("PHASE", "EXPIRE"), (1204,), "accepted in any phase"),
    (("NEW",), tuple(range(1021, 1027)), "checks of an order that exists"),
    (CHANGES, (*range(1007, 1012), 1013, 1014, *range(1018, 1021)), "checks of a new order"),
    (("CANCEL", "REPRICE"), (1012,), "they carry no quantity"),
    (("CANCEL",), (1025, 1026), "its price and quantity are not looked at"),
    (("CUT",), (1025,), "a market order may be cut"),
    (("REPRICE",), (1024,), "where it is not allowed it says so with a code of its own, the exchange's 53"),
    (("CANCEL", "CUT"), (1015, 1016, 1017), "they carry no price"),
    (CHANGES, (1027, 1028), "a re-price is a limit ROD order: never refused for want of a match"),
)


def commands_and_codes(outcomes: set[Outcome]) -> set[tuple[str, int]]:
    return {(name.split()[0], code) for name, _, code, _ in outcomes}


def table(reached: Counter[Outcome]) -> str:
    """The coverage as text: command, phase, code, state, times reached."""
    rows = sorted(expected() | set(reached))
    return "\n".join(f"{name:18} {phase:11} {code:5} {state:8} {reached[name, phase, code, state]:9,}"
                     for name, phase, code, state in rows)  # fmt: skip
