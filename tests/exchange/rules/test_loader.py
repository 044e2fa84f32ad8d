"""A pack is read exactly or refused with its line: every way of being wrong has a row here."""

import ast
import inspect
import re
from datetime import date

import pytest

from yunhai.apps.reference_data import pack_bytes, pack_ids, rule_pack
from yunhai.exchange.rules import check, loader
from yunhai.exchange.rules.describe import differences, lines, on_day, plain
from yunhai.exchange.rules.lines import Places
from yunhai.exchange.rules.loader import load_pack
from yunhai.exchange.rules.prices import daily_limits
from yunhai.exchange.rules.reasons import in_chinese
from yunhai.exchange.rules.words import Action, OrderKind, SecurityKind, SegmentName
from yunhai.kernel.clock import parse_time
from yunhai.kernel.errors import YunhaiError

TEXT = (pack_bytes("twse-2026") or b"").decode()


def _refused(text: str | bytes) -> YunhaiError:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(YunhaiError) as refused:
        load_pack(data, base=pack_bytes)
    return refused.value


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


# What is replaced, by what, the code, a piece of the line to be named, a piece of the reason.
BAD = [
    ('id = "twse-2026"', 'id = "twse 2026"', 2007, "id =", "lower-case"),
    ('id = "twse-2026"', "id = 5", 2006, "id =", "a string"),
    ('id = "twse-2026"', 'id = "twse-2026', 2001, "id =", "Illegal character"),
    ('version = "1.0"', 'version = ""', 2007, "version", "characters"),
    ('version = "1.0"', 'verzion = "1.0"', 2004, "verzion", ""),
    ("effective_from = 2025-07-14", "effective_from = 2025-02-30", 2001, "effective_from", "nvalid"),
    ("effective_from = 2025-07-14", "effective_from = 2025-07-14T00:00:00", 2006, "effective_from", "a date"),
    ("effective_from = 2025-07-14", "effective_from = 1800-01-01", 2007, "effective_from", "a date from"),
    (
        "effective_from = 2025-07-14",
        "effective_from = 2025-07-14\neffective_to = 2025-07-13",
        2008,
        "effective_to",
        "before",
    ),
    ("utc_offset_minutes = 480", "utc_offset_minutes = 4800", 2007, "utc_offset", "840"),
    ("utc_offset_minutes = 480", "utc_offset_minutes = 480.0", 2006, "utc_offset", "whole number"),
    ("utc_offset_minutes = 480", "utc_offset_minutes = true", 2006, "utc_offset", "whole number"),
    ("utc_offset_minutes = 480", "utc_offset_minutes = -480", 2007, "utc_offset", "bounds"),
    ('{ at = "10", tick = "0.05" }', '{ at = "10", tick = 0.05 }', 2006, "tick = 0.05 ", "string"),
    ('{ at = "10", tick = "0.05" }', '{ at = "10", tick = "5e-2" }', 2007, "5e-2", "decimal"),
    ('{ at = "10", tick = "0.05" }', '{ at = "10", tick = "0" }', 2007, 'tick = "0" ', "above 0"),
    ('{ at = "10", tick = "0.05" }', '{ at = "10" }', 2005, '{ at = "10" }', ""),
    ('{ at = "10", tick = "0.05" }', '{ at = "10.02", tick = "0.05" }', 2008, '"10.02"', "grids"),
    ('{ at = "10", tick = "0.05" }', '{ at = "60", tick = "0.05" }', 2008, '{ at = "50", tick = "0.1" }', "ascend"),
    ('{ at = "0", tick = "0.01" },', '{ at = "1", tick = "0.01" },', 2007, 'at = "1",', "begins at 0"),
    (
        '"stock", "preferred", "tdr", "closed-end-fund"]\nsteps',
        '"stock", "preferred", "tdr", "fund"]\nsteps',
        2007,
        '"fund"',
        "one of",
    ),
    (
        'kinds = ["corporate-bond"]\nsteps',
        'kinds = ["corporate-bond", "stock"]\nsteps',
        2008,
        '"corporate-bond", "stock"',
        "twice",
    ),
    (
        'setting = "corporate_bond_limit"',
        'up = "5%"\nsetting = "corporate_bond_limit"',
        2008,
        'up = "5%"',
        "a setting",
    ),
    (
        'kinds = ["corporate-bond"]\nrule = "percent"\nsetting = "corporate_bond_limit"',
        'kinds = ["corporate-bond"]\nrule = "percent"',
        2008,
        '[[limits]]\nkinds = ["corporate-bond"]',
        "percent",
    ),
    (
        'kinds = ["corporate-bond"]\nrule = "percent"\nsetting',
        'kinds = ["corporate-bond"]\nrule = "none"\nsetting',
        2008,
        'setting = "corporate_bond_limit"',
        "none",
    ),
    ('setting = "corporate_bond_limit"', 'setting = "no_such_setting"', 2007, '"no_such_setting"', "one of"),
    ('setting = "tdr_tax"', 'setting = "tdr_tax"\nrate = "0.15%"\n#', 2008, 'rate = "0.15%"\n#', "either"),
    ('setting = "altered_match_seconds"', "", 2008, "[treatments.altered-periodic]", "either"),
    ("hedge = true", "hedge = true\nday_trade = true", 2008, "hedge = true\n", "day trades"),
    ("business_days = 12", "business_days = 10", 2008, "business_days = 10\nsince", "longer"),
    ('day_trade_share = "60%"', 'day_trade_share = "100%"', 2007, 'day_trade_share = "100%"', "below 100"),
    ('branch = "10000000"', 'branch = "60000001"', 2008, "60000001", "head office"),
    ('value = "once"', 'value = "each-time"', 2007, '"each-time"', "one of once"),
    ('value = "all-entered"', 'value = "resting"', 2007, '"resting"', "one of all-entered"),
    ('value = "one-before"', 'value = "none"', 2007, 'value = "none"', "one of one-before"),
    ('value = "own"', 'value = "treated"', 2007, '"treated"', "one of own"),
    ('value = "5%"', 'value = "0%"', 2007, 'value = "0%"', "below 100"),
    ('value = "0.1%"', 'value = "11%"', 2007, '"11%"', "at most 10"),
    ("value = 0\ndefault = 0", "value = 7201\ndefault = 0", 2007, "value = 7201", "7200"),
    ('up = "10%"', 'up = "100%"', 2007, 'up = "100%"', "below 100"),
    ("max_quantity = 499000", "max_quantity = 499500", 2008, "max_quantity = 499500", "multiple"),
    ("lot = 1000", "lot = 0", 2007, "lot = 0", "above 0"),
    ("lot = 1000", "lot = -1000", 2007, "lot = -1000", "bounds"),
    ("[segments.board]", "[segments.bord]", 2004, "[segments.bord]", ""),
    ("end = 09:00:00", "end = 08:00:00", 2008, "end = 08:00:00", "ends before"),
    (
        "start = 09:00:00\nend = 13:25:00",
        "start = 08:59:59\nend = 13:25:00",
        2008,
        "start = 08:59:59",
        "before the span before",
    ),
    (
        'start = 09:00:00\nend = 13:25:00\nphase = "continuous"',
        'start = 09:00:00\nend = 13:25:00\nphase = "collect"',
        2008,
        'match = "continuous"',
        "collect",
    ),
    ("start = 08:30:00", 'start = "08:30:00"', 2006, 'start = "08:30:00"', "local time"),
    ("start = 08:30:00", "start = 24:00:00", 2001, "start = 24:00:00", ""),
    ("first_match = 09:10:00", "first_match = 14:10:00", 2008, "first_match", "outside"),
    (
        "cycles = [{ since = 2024-12-02, seconds = 5 }]",
        "cycles = [{ since = 2025-12-02, seconds = 5 }]",
        2008,
        "since = 2025-12-02",
        "after the pack",
    ),
    (
        "cycles = [{ since = 2024-12-02, seconds = 5 }]",
        "cycles = [{ since = 2024-12-02, seconds = 0 }]",
        2007,
        "2024-12-02, seconds = 0",
        "1 to",
    ),
    ("cycles = [{ since = 2024-12-02, seconds = 5 }]", "", 2008, "[[segments.odd_lot.spans]]", "periodic"),
    ("trial_from = 14:25:00\n", "", 2008, "trial_seconds = 5\n\n# --- After-hours", "both"),
    ("trial_from = 14:25:00\n", "trial_from = 14:35:00\n", 2008, "trial_from = 14:35:00", "outside"),
    ("test_from = 13:29:00", "test_from = 13:24:00", 2008, "test_from = 13:24:00", "utside"),
    ("collect_again_seconds = 60", "collect_again_seconds = 180", 2008, "collect_again_seconds = 180", "shorter"),
    ("opening_until = 09:05:00", "opening_until = 08:55:00", 2008, "opening_until", "before the start"),
    ("until = 13:25:00\nwindow", "until = 13:26:00\nwindow", 2008, "until = 13:26:00", "continuous span"),
    (
        'continuous = ["market-rod",',
        'continuous = ["limit-rod", "market-rod",',
        2008,
        'continuous = ["limit-rod"',
        "twice",
    ),
    ('collect = ["limit-rod"]', "collect = []", 2008, "collect = []", "no order"),
    ('rank = "random-before-first-match"', 'rank = "random"', 2007, 'rank = "random"', "one of"),
    ("prepay_order_lots = 10", "prepay_order_lots = 10\nprepay_orders = 3", 2004, "prepay_orders", ""),
    ("prepay_all = false", "prepay_all = true", 2008, "prepay_all = true", "number of lots"),
    ("match_seconds = 300", "match_seconds = 7201", 2007, "match_seconds = 7201", "7200"),
    ('commission = "0.1425%"', 'commission = "0.1425"', 2007, 'commission = "0.1425"', "decimal"),
    ('commission = "0.1425%"', 'commission = "14.25%"', 2007, "14.25%", "at most"),
    ("until = 2027-12-31", "until = 2016-12-31", 2008, "until = 2016-12-31", "before it begins"),
    ('kinds = ["etf-bond"]\nrate', 'kinds = ["etf-bond", "etf"]\nrate', 2008, "since = 2017-01-01", "taxed twice"),
    ("days = 2\n", "days = 11\n", 2007, "days = 11", "at most 10"),
    ('value = "higher"', 'value = "highest"', 2007, '"highest"', "one of"),
    ('value = "higher"\n', "", 2005, "[settings.equal_distance]", ""),
    ("value = 40000", "value = 400000", 2007, "value = 400000", "100 to"),
    ('confidence = "D"', 'confidence = "E"', 2007, '"E"', "one of"),
    ("[settings.tax_rounding]", "[settings.tax_roundings]", 2004, "[settings.tax_roundings]", ""),
    ("[settlement]", "[settlements]", 2004, "[settlements]", ""),
    ("[auction]", "[[auction]]", 2006, "[[auction]]", "a table"),
    ("[[ticks]]", "[ticks]", 2001, "", ""),
]


@pytest.mark.parametrize(("old", "new", "code", "place", "reason"), BAD, ids=[f"{row[1][:40]!r}" for row in BAD])
def test_a_bad_pack_is_refused_with_line_and_reason(old, new, code, place, reason):
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    error = _refused(text)
    assert error.code == code, error
    assert reason in error.text()
    if code != 2001 and "reason" in error.details:
        assert re.search(r"[\u4e00-\u9fff]", str(error.details["reason_zh"])), error
        assert str(error.details["reason_zh"]) in error.text("zh")
        assert str(error.details["reason"]) not in error.text("zh")
    if place:
        assert error.details["line"] == _line(text, place), error


def test_bytes_that_are_no_text_are_refused():
    error = _refused(TEXT.encode() + b"\n# \xff\n")
    assert (error.code, error.details["line"]) == (2002, TEXT.count("\n") + 2)


def test_a_file_too_large_is_refused():
    assert _refused(b"#" * 200_000).code == 2003


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 5000, "a = " + "{a=" * 5000, "a" + ".a" * 5000 + " = 1", "[" + "a." * 9000 + "a]"]
)
def test_deep_nesting_is_refused(text):
    assert _refused(text).code == 2001


def test_a_missing_board_is_refused():
    without = 'id = "x"\nbased_on = "twse-2026"\nomit = ["segments.board"]\n'
    error = _refused(without)
    assert (error.code, error.details["key"]) == (2008, "segments")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('id = "x"\nbased_on = "nowhere"', 2009, 2),
        ('id = "x"\nbased_on = 7', 2006, 2),
        ('id = "x"\n\nomit = ["segments"]', 2008, 3),
        ('id = "x"\nbased_on = "twse-2026"\nomit = ["segments.attic"]', 2007, 3),
        ('id = "x"\nbased_on = "twse-2026"\nomit = "segments"', 2006, 3),
        ('id = "x"\nbased_on = "twse-2026"\n[settlement]\nday = 1', 2004, 4),
        ('id = "x"\nbased_on = "twse-2026"\n[settlement]\ndays = 99', 2007, 4),
        ('id = "x"', 2005, 1),
    ],
)
def test_a_bad_variant_is_refused(text, code, line):
    error = _refused(text)
    assert (error.code, error.details["line"]) == (code, line), error


def test_packs_based_on_each_other_in_a_ring_are_refused():
    ring = {"a": b'based_on = "b"', "b": b'based_on = "a"'}
    with pytest.raises(YunhaiError) as refused:
        load_pack(b'based_on = "a"', base=ring.get)
    assert refused.value.code == 2009


def test_a_variant_states_only_its_differences():
    found = {each.path: (each.first, each.second) for each in differences(rule_pack("twse-2026"), rule_pack("twse-t1"))}
    assert found.pop("settlement.days") == ("2", "1")
    assert set(found) == {"id", "name_zh", "name_en", "based_on"}


def test_the_rules_of_2013():
    pack = rule_pack("twse-2013")
    assert SegmentName.ODD_LOT not in pack.segments
    assert pack.board.volatility is None
    assert pack.board.orders.masks() == (0, OrderKind.LIMIT_ROD.bit, 0, OrderKind.LIMIT_ROD.bit, 0, 0)
    assert Action.REPRICE not in pack.board.actions.collect
    session = pack.board.span("session")
    cycles = {date(2013, 6, 28): 20, date(2013, 7, 1): 15, date(2014, 2, 24): 10, date(2014, 12, 29): 5}
    for day, seconds in cycles.items():
        assert session.cycle_seconds(day) == seconds
    assert not pack.in_force(date(2015, 6, 1))
    assert pack.in_force(date(2015, 5, 31))


def test_the_timetable_of_2026():
    pack = rule_pack("twse-2026")
    spans = {
        (name.value, span.name): (span.start, span.end) for name, part in pack.segments.items() for span in part.spans
    }
    assert spans == {
        key: tuple(map(parse_time, times))
        for key, times in {
            ("board", "opening"): ("08:30", "09:00"),
            ("board", "continuous"): ("09:00", "13:25"),
            ("board", "closing"): ("13:25", "13:30"),
            ("odd_lot", "session"): ("09:00", "13:30"),
            ("odd_lot_after", "session"): ("13:40", "14:30"),
            ("fixed_price", "session"): ("14:00", "14:30"),
        }.items()
    }
    odd = pack.segments[SegmentName.ODD_LOT].spans[0]
    assert (odd.first_match, odd.cycle_seconds(date(2026, 7, 29))) == (parse_time("09:10"), 5)
    assert pack.match_seconds("disposition-first") == 300
    assert pack.match_seconds("disposition-second") == 1200
    assert pack.match_seconds("altered") == 0
    assert pack.match_seconds("altered-periodic") == 1800


def test_full_delivery_is_matched_as_its_setting_says():
    """Whether full delivery alone is matched periodically is in doubt: as any other, or every so many seconds."""
    text = 'id = "x"\nbased_on = "twse-2026"\n[settings.full_delivery_match_seconds]\nvalue = 1800'
    pack = load_pack(text.encode(), base=pack_bytes)
    assert pack.match_seconds("altered") == 1800
    assert pack.match_seconds("disposition-first") == 300


def test_the_corporate_bond_limit_is_its_setting():
    text = 'id = "x"\nbased_on = "twse-2026"\n[settings.corporate_bond_limit]\nvalue = "7%"'
    found = [
        daily_limits(pack, SecurityKind.CORPORATE_BOND, 1_000_000)
        for pack in (rule_pack("twse-2026"), load_pack(text.encode(), base=pack_bytes))
    ]
    assert [(limits.up, limits.down) for limits in found] == [(1_050_000, 950_000), (1_070_000, 930_000)]


def test_longer_dispositions_and_the_caps_of_marked_securities():
    pack = rule_pack("twse-2026")
    for name in ("disposition-first", "disposition-second"):
        longer = pack.treatments[name].longer
        assert longer is not None
        assert (longer.day_trade_share, longer.business_days, longer.since) == (600_000, 12, date(2021, 8, 27))
    caps = pack.order_caps
    assert caps is not None
    assert (caps.head_office, caps.branch) == (60_000_000 * 10_000, 10_000_000 * 10_000)
    shown = {".".join(path): text for path, text in lines(plain(pack))}
    assert shown["order_caps.head_office"] == "60000000"
    assert shown["order_caps.confidence"] == "B"
    assert shown["treatments.disposition-first.longer.business_days"] == "12"
    assert rule_pack("twse-2013").order_caps is None
    assert rule_pack("twse-2013").treatments["disposition-first"].longer is None


@pytest.mark.parametrize("name", pack_ids())
def test_every_shipped_pack_is_sound_and_names_itself(name):
    pack = rule_pack(name)
    assert pack.id == name
    assert dict(lines(plain(pack)))
    for setting, stated in plain(pack)["settings"].items():
        assert {"value", "default", "reason", "confidence"} == set(stated), setting


def test_plain_values_are_spelled_as_in_the_file():
    values = plain(rule_pack("twse-2026"))
    assert values["ticks"][0]["steps"][1] == {"at": "10", "tick": "0.05"}
    assert values["limits"][0]["up"] == "10%"
    assert values["segments"]["board"]["spans"][0]["start"] == "08:30"
    assert values["settings"]["commission_minimum"]["value"] == "20"
    day = on_day(values, date(2028, 1, 3))
    assert [tax["name"] for tax in day["taxes"]] == [
        "shares 股票",
        "warrant issuer's hedge sale 權證避險",
        "other securities 其他有價證券",
        "depositary receipts 臺灣存託憑證",
        "government bonds 公債",
    ]


def test_lines_of_every_kind_of_key():
    text = (
        'a = 1\n"b c" = 2\n[t.u]\nd.e = """\n= [\n"""\n[[r]]\nx = [\n  1,  # , ]\n  { y = "]" },\n]\n'
        "[[r]]\nz = '''\n[q]\n'''\n[r.s]\nw = 1\n"
    )
    places = Places(text)
    found = places.lines()
    wanted = {
        ("a",): 1,
        ("b c",): 2,
        ("t",): 3,
        ("t", "u"): 3,
        ("t", "u", "d", "e"): 4,
        ("r", 0): 7,
        ("r", 0, "x"): 8,
        ("r", 0, "x", 0): 9,
        ("r", 0, "x", 1): 10,
        ("r", 0, "x", 1, "y"): 10,
        ("r", 1): 12,
        ("r", 1, "z"): 13,
        ("r", 1, "s"): 16,
        ("r", 1, "s", "w"): 17,
    }
    assert {path: found[path] for path in wanted} == wanted
    assert places.line(("r", 1, "s", "nothing")) == 16
    assert places.line(("nothing",)) == 1


@pytest.mark.parametrize("name", pack_ids())
def test_the_line_finder_knows_every_key_of_a_shipped_pack(name):
    import tomllib

    data = (pack_bytes(name) or b"").decode()
    places, rows = Places(data).lines(), data.splitlines()

    def walk(value, path):
        if path:
            assert path in places
            last = path[-1]
            if isinstance(last, str):
                assert re.search(rf"\b{re.escape(last)}\b", rows[places[path] - 1]), path
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, part in parts:
            walk(part, (*path, key))

    walk(tomllib.loads(data), ())


def test_every_reason_written_in_the_checks_has_its_chinese():
    """Reads the strings out of the checking modules, so that a new reason without Chinese is noticed."""
    found = set()
    for module in (check, loader):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            given = [*node.args, *(word.value for word in node.keywords if word.arg == "reason")]
            if (name in ("value", "agree", "refuse", "refusal") and given and name != "value") or (
                name == "value" and len(given) == 3
            ):
                reason = given[-1]
                if isinstance(reason, ast.Constant) and isinstance(reason.value, str):
                    found.add(reason.value)
                elif isinstance(reason, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "7" for part in reason.values]
                    found.add("".join(map(str, parts)))
    assert len(found) > 50
    missing = {reason for reason in found if not re.search(r"[\u4e00-\u9fff]", in_chinese(reason))}
    # A value's wanted type and a number's own refusal arrive from elsewhere; the rows of BAD reach them.
    assert missing <= {"7 is wanted", "7 is wanted, as a string"}
