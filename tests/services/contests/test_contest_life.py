"""A contest from its draft to its final ranking, a personal account, and what each person may see; past the API too."""

import random
from typing import Any

import pytest
from django.db import connection

from tests.platform import factories as make
from tests.services.conftest import Read
from tests.services.contests.classroom import DAY, FIELDS, RUNNING, Classroom, ask, code, join, order
from yunhai.kernel.clock import SECOND
from yunhai.kernel.errors import YunhaiError
from yunhai.platform.tenancy import rls
from yunhai.services.contests import api, papers
from yunhai.services.contests.floors import floors
from yunhai.services.contests.models import Paper, PaperOrder
from yunhai.services.contests.rules import Ask


@pytest.fixture
def room(read_market: Read, db: None, monkeypatch: Any) -> Classroom:
    return Classroom(monkeypatch)


def account(student: Any, paper: int) -> dict[str, Any]:
    answer = ask(student, "GET", f"/papers/{paper}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def rows() -> tuple[int, int]:
    with rls.acting(tenant=make.BROKER):
        return Paper.objects.count(), PaperOrder.objects.count()


def test_from_draft_to_final_ranking(room: Classroom) -> None:
    contest = room.made()
    anne, ben = room.student(), room.student()
    assert code(ask(anne, "POST", "/join", {"code": contest["join_code"]})) == (404, 7542)  # a draft is not joined
    assert room.step(contest, "open").json()["state"] == "open"
    mine, his = join(anne, contest, "安"), join(ben, contest)
    assert join(anne, contest, "again") == mine
    assert order(anne, mine).status_code == 201
    assert room.clock(contest, to="09:30:00").status_code == 200
    found = account(anne, mine)
    assert found["simulated"] is True
    assert (found["orders"][0]["state"], found["students"]) in ((state, 2) for state in ("filled", "resting", "gone"))
    assert [one["code"] for one in found["quotes"]] == ["2330", "2317"]
    assert order(ben, his, code="2317", price="40").status_code == 201  # far from the market: it waits
    room.clock(contest, to="10:00:00")
    waiting = account(ben, his)["orders"][0]
    assert waiting["state"] in ("resting", "refused")
    assert code(room.step(contest, "end", confirm="no")) == (422, 7557)
    ended = room.end(contest)
    assert ended["state"] == "ended"
    ranking = ask(anne, "GET", f"/{contest['id']}/ranking").json()
    assert (ranking["hash"], ranking["final"], len(ranking["rows"])) == (ended["final_hash"], True, 2)
    assert ask(room.watcher, "POST", f"/{contest['id']}/ranking/verify").json() == {
        "same": True,
        "hash": ended["final_hash"],
    }
    assert code(order(anne, mine)) == (409, 7546)
    assert code(room.step(contest, "open")) == (409, 7543)
    assert account(anne, mine)["digest"] == next(one["digest"] for one in ranking["rows"] if one["name"] == "安")
    steps = [one["step"] for one in ask(room.watcher, "GET", f"/{contest['id']}/steps").json()]
    assert steps == ["made", "opened", "clock-moved", "clock-moved", "ended"]


def test_an_order_comes_where_the_clock_is_and_never_looks_ahead(room: Classroom) -> None:
    contest = room.opened()
    anne = room.student()
    paper = join(anne, contest)
    order(anne, paper, price="104")
    room.clock(contest, speed="60")
    room.wall += SECOND
    order(anne, paper, price="104")
    with rls.acting(tenant=make.BROKER):
        first, second = PaperOrder.objects.filter(paper=paper).order_by("number")
    assert second.market_ns - first.market_ns == 60 * SECOND
    assert first.position < second.position
    assert account(anne, paper)["orders"][0]["state"] == "sent"  # what is shown while a clock runs is a second old
    room.wall += 2 * SECOND
    shown = account(anne, paper)
    assert [one["number"] for one in shown["orders"]] == [2, 1]
    filled = [one for one in shown["fills"] if one["number"] == 1]
    assert filled
    assert all(one["time"] >= shown["orders"][1]["at"] for one in filled)


def test_a_refusal_changes_nothing(room: Classroom) -> None:
    contest = room.opened(kinds=["limit-rod"])
    anne = room.student()
    paper = join(anne, contest)
    before = rows()
    for fields, expected in (
        ({"code": "00878"}, (422, 7549)),
        ({"order_type": "market", "price": ""}, (422, 7548)),
        ({"price": "1e3"}, (422, 2101)),
        ({"quantity": 0}, (422, 7104)),
        ({"quantity": 4_294_967_295, "price": "99999"}, None),
    ):
        answer = order(anne, paper, **fields)
        assert expected is None or code(answer) == expected, fields
    assert room.step(contest, "freeze").status_code == 200
    assert code(order(anne, paper)) == (409, 7546)
    assert code(ask(anne, "DELETE", f"/papers/{paper}/orders/1")) == (409, 7546)
    room.step(contest, "resume")
    assert code(ask(anne, "DELETE", f"/papers/{paper}/orders/77")) == (404, 7552)
    room.clock(contest, to="13:30:00")
    assert code(order(anne, paper)) == (409, 7547)
    assert code(room.clock(contest, to="10:00:00")) == (422, 7555)
    assert code(ask(room.teacher, "PUT", f"/{contest['id']}", FIELDS)) == (409, 7543)
    assert rows()[0] == before[0]


@pytest.mark.full
def test_no_contest_of_that(room: Classroom) -> None:
    for fields, expected in (
        ({"source": "journal/2020-01-01"}, (422, 7554)),
        ({"source": "../x"}, (422, 7554)),
        ({"codes": ["9999"]}, (422, 7544)),
        ({"begins": "14:00:00", "ends": "13:00:00"}, (422, 7544)),
        ({"begins": "25:00:00"}, (422, 7544)),
        ({"cash": "x"}, (422, 2101)),
        ({"weights": {"gain": 50, "drawdown": 20, "sharpe": 20}}, (422, 7544)),
    ):
        assert code(ask(room.teacher, "POST", "", FIELDS | fields)) == expected, fields
    assert ask(room.teacher, "GET", "").json() == []


def test_nobody_sees_what_is_not_theirs(room: Classroom) -> None:
    contest = room.opened()
    anne, ben, outside = room.student(), room.student(), room.student(make.OTHER_BROKER)
    paper = join(anne, contest)
    join(ben, contest)
    order(anne, paper)
    number = contest["id"]
    for browser, expected in ((ben, 7541), (outside, 7541)):
        for method, path, body in (
            ("GET", f"/papers/{paper}", None),
            ("POST", f"/papers/{paper}/orders", {"code": "2330", "side": "buy", "quantity": 1, "price": "1"}),
            ("DELETE", f"/papers/{paper}/orders/1", None),
        ):
            assert code(ask(browser, method, path, body)) == (404, expected), (method, path)
    assert code(ask(outside, "GET", f"/{number}")) == (404, 7540)
    assert code(ask(outside, "POST", "/join", {"code": contest["join_code"]})) == (404, 7542)
    assert code(ask(ben, "GET", f"/{number}/ranking")) == (404, 7540)  # not before its end
    assert ask(ben, "GET", f"/{number}").json()["join_code"] == ""
    for path in ("", "/ranking", "/steps", f"/students/{paper}"):
        assert code(ask(room.stranger, "GET", f"/{number}{path}")) == (404, 7540), path
    assert code(ask(room.stranger, "POST", f"/{number}/steps", {"do": "freeze"})) == (404, 7540)
    assert ask(room.stranger, "GET", "").json() == []
    assert code(ask(room.watcher, "POST", f"/{number}/steps", {"do": "freeze"})) == (403, 7102)
    shown = ask(room.watcher, "GET", f"/{number}/students/{paper}").json()
    assert [one["number"] for one in shown["orders"]] == [1]


def test_the_database_shows_a_paper_account_to_its_person_and_the_staff(room: Classroom) -> None:
    contest = room.opened()
    people = [room.person(), room.person()]
    for person in people:
        paper = join(make.browser(person, number=make.BROKER), contest)
        order(make.browser(person, number=make.BROKER), paper)

    def counted() -> tuple[int, ...]:
        with connection.cursor() as cursor:
            found = []
            for table in ("contests_paper", "contests_paperorder", "contests_contest", "contests_step"):
                cursor.execute(f"SELECT count(*) FROM {table}")
                found.append(cursor.fetchone()[0])
        return tuple(found)

    with room.acting(people[0]):
        assert counted() == (1, 1, 1, 2)
    with rls.acting(tenant=make.BROKER):
        assert counted() == (2, 2, 1, 2)
    with rls.acting(tenant=make.OTHER_BROKER):
        assert counted() == (0, 0, 0, 0)


def test_a_personal_account_runs_over_the_running_day_and_is_kept_when_it_is_begun_anew(room: Classroom) -> None:
    anne = room.student()
    paper = ask(anne, "POST", "/papers", {"cash": "500000"}).json()["paper"]
    shown = account(anne, paper)
    assert (shown["source"], shown["takes_orders"], shown["equity"]) == (RUNNING, True, "500000")
    assert order(anne, paper, price="101").status_code == 201
    assert code(order(anne, paper, code="9999")) == (422, 7549)
    shown = account(anne, paper)
    assert [one["code"] for one in shown["orders"]] == ["2330"]
    assert shown["orders"][0]["state"] in ("filled", "resting", "pending", "refused")
    again = ask(anne, "POST", "/papers", {}).json()["paper"]
    assert again != paper
    assert code(order(anne, paper)) == (409, 7546)
    assert account(anne, paper)["orders"] == shown["orders"]
    listed = ask(anne, "GET", "/papers").json()
    assert [(one["id"], one["closed"]) for one in listed] == [(again, False), (paper, True)]


def test_a_contest_over_the_running_day_follows_the_market(room: Classroom) -> None:
    contest = room.opened(source=RUNNING, begins="09:00:00")
    assert contest["live"] is True
    anne = room.student()
    paper = join(anne, contest)
    assert order(anne, paper, price="101").status_code == 201
    assert code(room.clock(contest, speed="10")) == (422, 7555)
    assert len(account(anne, paper)["orders"]) == 1
    room.end(contest)
    assert ask(room.teacher, "POST", f"/{contest['id']}/ranking/verify").json()["same"] is True


@pytest.mark.full
def test_pages_for_both_rooms(room: Classroom) -> None:
    contest = room.opened(text="請各位同學加入")
    anne = room.student()
    paper = join(anne, contest, "=安")
    order(anne, paper)
    room.clock(contest, to="09:30:00")
    assert "期中競賽" in anne.get("/pocket/paper/").content.decode()
    page = anne.get(f"/pocket/paper/{paper}/").content.decode()
    assert "PAPER" in page or "模擬" in page
    assert anne.get(f"/pocket/paper/{paper}/", headers={"HX-Request": "true"}).status_code == 200
    sent = {
        "code": "2330",
        "side": "buy",
        "order_type": "limit",
        "time_in_force": "rod",
        "price": "x",
        "quantity": "1000",
    }
    assert anne.post(f"/pocket/paper/{paper}/orders/", sent).status_code == 422
    assert anne.post(f"/pocket/paper/{paper}/orders/", sent | {"price": "99"}).status_code == 302
    number = contest["id"]
    for path in ("", f"{number}/", f"{number}/students/{paper}/", f"{number}/ranking.csv"):
        assert room.watcher.get(f"/control/contests/{path}").status_code == 200, path
        assert room.stranger.get(f"/control/contests/{path}").status_code == (404 if path else 200), path
    assert room.teacher.get("/control/contests/new/").status_code == 200
    told = room.watcher.get(f"/control/contests/{number}/ranking.csv").content.decode("utf-8-sig").splitlines()
    assert told[0].startswith("place,name,points")
    assert told[1].startswith("1,'=安,100")
    assert told[-1].startswith("hash,")


# -- a whole class -----------------------------------------------------------------------------------------------------------


def trade(room: Classroom, students: int, rounds: int) -> dict[str, Any]:
    """A class that joins and trades by seeded dice while the clock runs; the open contest."""
    contest = room.opened(kinds=["limit-rod", "limit-ioc", "market-ioc"])
    dice = random.Random(7)
    members = []
    for _ in range(students):
        person = room.person()
        with room.acting(person):
            members.append((person, api.join(room.caller(person), contest["join_code"])))
    room.clock(contest, speed="0.1")
    for _ in range(rounds):
        for person, paper in members:
            room.wall += dice.randint(0, 100_000_000 // students)
            with room.acting(person):
                papers.order(room.caller(person), paper, ticket(dice))
                if dice.random() < 0.2:
                    papers.alter(room.caller(person), paper, 1)
        if dice.random() < 0.5:  # somebody looks on, so that floors go forward in steps
            ask(room.teacher, "GET", f"/{contest['id']}/ranking")
    return contest


def ticket(dice: random.Random) -> Ask:
    listed, nt, step = dice.choice((("2330", 100, 0.5), ("2317", 50, 0.1)))
    market = dice.random() < 0.3
    return Ask(
        code=listed,
        odd=False,
        side=dice.choice(("buy", "buy", "sell")),
        order_type="market" if market else "limit",
        time_in_force="ioc" if market else dice.choice(("rod", "ioc")),
        quantity=1_000 * dice.randint(1, 4),
        price="" if market else f"{nt + step * dice.randint(-6, 6):.1f}",
    )


def the_same_ranking(room: Classroom, students: int, rounds: int) -> None:
    contest = trade(room, students, rounds)
    room.wall += 3_600 * SECOND
    room.clock(contest, to="13:30:00")
    path = f"/{contest['id']}/ranking"
    live = ask(room.teacher, "GET", path).json()
    assert len(live["rows"]) == students
    assert len({one["digest"] for one in live["rows"]}) > students // 2, "they all did the same"
    assert sum(one["trades"] for one in live["rows"]) > students // 2
    floors.clear()  # a restart: only the rows are left
    again = ask(room.teacher, "GET", path).json()
    assert again == live
    ended = room.end(contest)
    final = ask(room.teacher, "GET", path).json()
    assert final["rows"] == live["rows"]
    for _ in range(2):
        floors.clear()
        assert ask(room.teacher, "POST", path + "/verify").json() == {"same": True, "hash": ended["final_hash"]}


def test_a_class_ranks_the_same_on_every_evaluation(room: Classroom) -> None:
    the_same_ranking(room, 6, 3)


@pytest.mark.full
def test_a_hundred_students_rank_the_same_on_every_evaluation_and_after_a_restart(room: Classroom) -> None:
    the_same_ranking(room, 100, 5)


def test_an_order_that_slipped_in_late_is_counted(room: Classroom) -> None:
    """Somebody looked further on while an order was being written: the floor begins again and says what it would have said."""
    contest = room.opened()
    anne = room.student()
    paper = join(anne, contest)
    room.clock(contest, to="09:30:00")
    ask(room.teacher, "GET", f"/{contest['id']}/ranking")
    with rls.acting(tenant=make.BROKER):
        owner = Paper.objects.get(pk=paper)
        PaperOrder.objects.create(
            tenant_id=make.BROKER,
            paper=owner,
            person_id=owner.person_id,
            number=1,
            action="new",
            source=DAY,
            position=10,
            market_ns=0,
            code="2330",
            side=1,
            order_type=2,
            time_in_force=0,
            price=1_030_000,
            quantity=1_000,
        )
    looked = ask(room.teacher, "GET", f"/{contest['id']}/ranking").json()
    floors.clear()
    assert ask(room.teacher, "GET", f"/{contest['id']}/ranking").json() == looked
    assert looked["rows"][0]["orders"] == 1


@pytest.mark.full
def test_a_contest_that_is_full(room: Classroom, monkeypatch: Any) -> None:
    contest = room.opened()
    monkeypatch.setattr(api, "CONTEST_PAPERS_MAX", 1)
    person, other = room.person(), room.person()
    with room.acting(person):
        api.join(room.caller(person), contest["join_code"])
    with room.acting(other), pytest.raises(YunhaiError) as told:
        api.join(room.caller(other), contest["join_code"])
    assert told.value.code == 7545
    assert rows()[0] == 1


# -- practices ---------------------------------------------------------------------------------------------------------------

SET_UP = {"source": DAY, "codes": ["2330", "2317"], "cash": "5000000", "begins": "09:00:05", "ends": "13:30:00"}


def practising(student: Any, **fields: Any) -> int:
    answer = ask(student, "POST", "/practices", SET_UP | fields)
    assert answer.status_code == 201, answer.content
    return int(answer.json()["paper"])


def turned(student: Any, paper: int, **said: str) -> dict[str, Any]:
    answer = ask(student, "PUT", f"/practices/{paper}/clock", said)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_a_practice_from_its_beginning_to_its_summary(room: Classroom) -> None:
    anne = room.student()
    paper = practising(anne)
    shown = account(anne, paper)
    assert (shown["practice"], shown["contest"], shown["takes_orders"], shown["equity"]) == (True, 0, True, "5000000")
    assert order(anne, paper, price="104").status_code == 201
    turned(anne, paper, speed="60")
    room.wall += 60 * SECOND
    assert ask(anne, "GET", f"/practices/{paper}").json()["now"][11:19] == "10:00:05"
    bought = account(anne, paper)
    assert bought["fills"]
    assert turned(anne, paper, speed="0")["speed"] == "0"
    room.wall += 3_600 * SECOND
    assert ask(anne, "GET", f"/practices/{paper}").json()["now"][11:19] == "10:00:05"  # it stands
    assert code(ask(anne, "PUT", f"/practices/{paper}/clock", {"to": "09:30:00"})) == (422, 7555)
    held = sum(one["quantity"] for one in bought["positions"])
    assert order(anne, paper, side="sell", quantity=held, price="96").status_code == 201
    at_end = turned(anne, paper, to="13:30:00")
    assert (at_end["over"], at_end["closed"]) == (True, False)
    assert code(order(anne, paper)) == (409, 7547)
    told = ask(anne, "GET", f"/practices/{paper}/summary").json()
    found = account(anne, paper)
    assert (told["orders"], told["fills"], told["fees"]) == (2, len(found["fills"]), found["fees"])
    assert told["best"]["number"] == told["worst"]["number"] == 2
    assert told["realised"] == found["positions"][0]["realised"] == told["best"]["gain"]
    floors.clear()  # a restart, or another process
    assert account(anne, paper) == found
    assert ask(anne, "POST", f"/practices/{paper}/end").json()["closed"] is True
    for method, path, body in (
        ("POST", f"/practices/{paper}/end", None),
        ("PUT", f"/practices/{paper}/clock", {"speed": "1"}),
        ("DELETE", f"/papers/{paper}/orders/1", None),
    ):
        assert code(ask(anne, method, path, body)) == (409, 7560), path
    assert account(anne, paper)["digest"] == found["digest"]


def test_a_practice_begun_anew_is_another_one_and_the_old_one_is_kept(room: Classroom) -> None:
    anne, ben = room.student(), room.student()
    paper = practising(anne)
    order(anne, paper, price="104")
    turned(anne, paper, to="09:30:00")
    before = account(anne, paper)
    again = ask(anne, "POST", f"/practices/{paper}/anew").json()["paper"]
    fresh = account(anne, again)
    assert (fresh["orders"], fresh["equity"], fresh["now"][11:19]) == ([], "5000000", "09:00:05")
    listed = [(one["paper"], one["closed"]) for one in ask(anne, "GET", "/practices").json()]
    assert listed == [(again, False), (paper, True)]
    assert account(anne, paper) == before | {"takes_orders": False, "closed": True}
    count = rows()
    for method, path, body in (
        ("GET", f"/practices/{paper}", None),
        ("GET", f"/practices/{paper}/summary", None),
        ("PUT", f"/practices/{again}/clock", {"speed": "1"}),
        ("POST", f"/practices/{again}/end", None),
        ("POST", f"/practices/{again}/anew", None),
        ("GET", f"/papers/{again}", None),
    ):
        assert code(ask(ben, method, path, body)) == (404, 7541), path
    for fields, expected in (
        ({"source": RUNNING}, (422, 7554)),
        ({"source": "journal/2020-01-01"}, (422, 7554)),
        ({"codes": ["9999"]}, (422, 7544)),
        ({"cash": "0"}, (422, 7544)),
        ({"begins": "13:30:00", "ends": "09:00:00"}, (422, 7544)),
    ):
        assert code(ask(anne, "POST", "/practices", SET_UP | fields)) == expected, fields
    assert rows() == count
    assert ask(ben, "GET", "/practices").json() == []
    own = ask(anne, "POST", "/papers", {}).json()["paper"]  # a personal account is another thing, and no practice
    assert code(ask(anne, "GET", f"/practices/{own}")) == (404, 7541)
    assert account(anne, again)["closed"] is False


def test_the_days_that_there_are(room: Classroom) -> None:
    told = ask(room.student(), "GET", "/days")
    assert [(one["source"], one["closed"]) for one in told.json()] == [(RUNNING, False), (DAY, True)]
    assert ask(room.teacher, "GET", f"/days/stocks?source={DAY}").json()[0]["code"] == "00878"


def test_odd_lots_where_the_rules_have_them(room: Classroom) -> None:
    anne = room.student()
    plain, odd = practising(anne), practising(anne, odd_lots=True)
    assert code(order(anne, plain, odd_lot=True, quantity=10)) == (422, 7549)
    assert order(anne, odd, odd_lot=True, quantity=10, price="100").status_code == 201
    assert order(anne, odd, odd_lot=True, quantity=1_000, price="100").status_code == 201
    assert code(order(anne, odd, code="2330:odd_lot", quantity=10)) == (422, 7549)
    turned(anne, odd, to="09:15:00")
    big, small = account(anne, odd)["orders"]
    assert (small["code"], small["odd_lot"], small["state"] in ("resting", "filled")) == ("2330", True, True)
    assert (big["state"], big["refused"]["code"]) == ("refused", 1013)
    assert {(one["code"], one["odd_lot"]) for one in account(anne, odd)["quotes"]} == {
        (listed, lot) for listed in ("2330", "2317") for lot in (False, True)
    }
    contest = room.opened(odd_lots=True)
    paper = join(anne, contest)
    assert order(anne, paper, odd_lot=True, quantity=5).status_code == 201
    room.clock(contest, to="13:30:00")
    ended = room.end(contest)
    assert ask(room.teacher, "POST", f"/{contest['id']}/ranking/verify").json()["hash"] == ended["final_hash"]


@pytest.mark.full
def test_the_pages_of_practices(room: Classroom, monkeypatch: Any) -> None:
    anne, ben = room.student(), room.student()
    assert anne.get(f"/pocket/paper/practice/?source={DAY}").status_code == 200
    sent = {"source": DAY, "codes": "2330", "cash": "x", "begins": "", "ends": "", "fee": "1", "odd_lots": "1"}
    refused = anne.post("/pocket/paper/practice/", sent)
    assert (refused.status_code, "2101" in refused.content.decode()) == (422, True)
    begun = anne.post("/pocket/paper/practice/", sent | {"cash": "1,000,000"})
    assert begun.status_code == 302
    page = begun["Location"]
    number = page.rstrip("/").rpartition("/")[2]
    for path, body in (
        ("clock/", {"speed": "1000"}),
        ("clock/", {"to": "13:00:00"}),
        ("orders/", {"code": "2330", "side": "buy", "segment": "odd_lot", "quantity": "7", "price": "99"}),
        ("end/", {}),
        ("anew/", {}),
    ):
        assert ben.post(page + path, body).status_code == 404, path
        assert anne.post(page + path, body).status_code == 302, path
    assert anne.post(page + "clock/", {"speed": "1"}).status_code == 409
    assert anne.get(page).status_code == 200
    assert len(ask(anne, "GET", "/practices").json()) == 2
    assert account(anne, int(number))["orders"][0]["odd_lot"] is True
    from yunhai.services.contests import practice

    monkeypatch.setattr(practice, "PRACTICES_A_PERSON_MAX", 2)
    assert code(ask(anne, "POST", f"/practices/{number}/anew")) == (409, 7559)
    assert anne.get("/pocket/paper/").status_code == 200
