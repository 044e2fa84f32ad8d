"""`yunhai books import` against a core that is played here: nothing is sent while a row is wrong."""

from pathlib import Path
from typing import Any

import pytest

from yunhai.apps.cloud import books_import
from yunhai.apps.cloud.places import Places
from yunhai.client.answers import Refused
from yunhai.kernel.errors import YunhaiError
from yunhai.trading.facts import Opening

FILE = b"account,code,quantity_or_amount,cost\n101,,5,\n201,2330,1000,900\n"


class Core:
    """Takes parts; refuses those of a tenant it is told to."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, Opening]] = []
        self.refuses = 0
        self.away = False

    def __call__(self, _: Path) -> "Core":
        return self

    def __enter__(self) -> "Core":
        return self

    def __exit__(self, *_: object) -> None: ...

    def opening(self, tenant: int, part: Opening) -> None:
        if self.away:
            raise YunhaiError(7400, reason="away")
        if tenant == self.refuses:
            raise Refused(
                {"code": 6400, "name": "books-account-not-found", "en": "no account", "zh": "查無帳戶"}, status=404
            )
        self.taken.append((tenant, part))


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    core = Core()
    monkeypatch.setattr(books_import, "Inner", core)
    monkeypatch.setattr(books_import, "_tenants", lambda _: {101: 1, 201: 2})
    return core


def run(content: bytes = FILE, **options: Any) -> books_import.Imported:
    settings: dict[str, Any] = {"batch": "", "dry_run": False, "progress": lambda *_: None}
    return books_import.import_file(Places(Path("/nowhere")), content, **(settings | options))


def test_a_right_file_goes_to_the_core_in_parts(core: Core) -> None:
    done = run()
    assert (done.rows, done.parts, done.faults) == (2, 2, ())
    assert [(tenant, part.batch, part.amounts) for tenant, part in core.taken] == [
        (1, done.batch, (50_000,)),
        (2, done.batch, (1_000,)),
    ]
    assert run().batch == done.batch
    assert run(batch="mine").batch == "mine"


@pytest.mark.parametrize("wrong", [b"101,,6,\n", b"999,,6,\n", b"x,,6,\n"])
def test_one_wrong_row_and_nothing_is_sent(core: Core, wrong: bytes) -> None:
    done = run(FILE + wrong)
    assert [fault.line for fault in done.faults] == [4]
    assert core.taken == []


def test_a_dry_run_sends_nothing(core: Core) -> None:
    assert run(dry_run=True).parts == 2
    assert core.taken == []


def test_a_refusal_and_a_core_that_is_away_have_their_numbers(core: Core) -> None:
    core.refuses = 2
    with pytest.raises(YunhaiError) as refused:
        run()
    assert refused.value.code == 7207
    assert "6400" in refused.value.text()
    core.away = True
    with pytest.raises(YunhaiError) as refused:
        run()
    assert refused.value.code == 7206
