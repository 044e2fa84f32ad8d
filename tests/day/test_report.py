"""What the reader takes and what it refuses, with the row and the reason."""

import gzip

import pytest

from tests.day.days import report_bytes
from yunhai.apps.day import failures
from yunhai.apps.day.failures import RowsRefusedError
from yunhai.apps.day.report import ReportRefusedError, parse_report
from yunhai.kernel.errors import YunhaiError

HEADER = "date,stock,seq,broker_branch,price,buy_shares,sell_shares"
GOOD = "20260729,2330,1,1020合　　庫,2200.00,1000,0"


def lines(*rows: str) -> bytes:
    return "\n".join((HEADER, *rows, "")).encode()


def test_columns_are_read_exactly() -> None:
    report = parse_report(lines(GOOD, "20260729,0050,2,102A合庫新竹,98.05,7,12345"))
    assert report.date.isoformat() == "2026-07-29"
    assert report.codes == ("2330", "0050")
    assert [(one.code, one.name, one.text) for one in report.branches] == [
        ("1020", "合庫", "1020合　　庫"),
        ("102A", "合庫新竹", "102A合庫新竹"),
    ]
    assert report.price.tolist() == [22_000_000, 980_500]
    assert report.bought.tolist() == [1000, 7]
    assert report.sold.tolist() == [0, 12345]
    assert report.row.tolist() == [2, 3]


@pytest.mark.parametrize(
    "content",
    [
        report_bytes([("2330", "1020合　　庫", "2200.00", 1000, 1000)]),
        report_bytes([("2330", "1020合　　庫", "2200.00", 1000, 1000)], encoding="cp950"),
        b"\xef\xbb\xbf" + report_bytes([("2330", "1020合　　庫", "2200.00", 1000, 1000)]),
        report_bytes([("2330", "1020合　　庫", "2200.00", 1000, 1000)]).replace(b"\n", b"\r\n"),
        report_bytes([("2330", '"1020合　　庫"', "2200.00", 1000, 1000)]),
        gzip.compress(report_bytes([("2330", "1020合　　庫", "2200.00", 1000, 1000)])),
        report_bytes([("2330", "1020合　　庫", "2200", 1000, 1000)]) + b"\n\n",
    ],
    ids=["utf-8", "cp950", "byte order mark", "crlf", "quoted", "gzip", "empty lines at the end"],
)
def test_every_form_of_the_file_says_the_same(content: bytes) -> None:
    report = parse_report(content)
    assert report.branches[0].text == "1020合　　庫"
    assert (report.price.tolist(), report.bought.tolist(), report.sold.tolist()) == ([22_000_000], [1000], [1000])


BAD_ROWS = [
    ("20260729,2330,2,1030土銀,2200.00,1000", failures.FIELD_COUNT),
    ("20260729,2330,2,1030土銀,2200.00,1000,0,9", failures.FIELD_COUNT),
    ("", failures.FIELD_COUNT),
    ("20260729,2330,2,1030土銀,2200.00,-5,0", failures.NEGATIVE),
    ("20260729,2330,2,1030土銀,-2200.00,5,0", failures.NEGATIVE),
    ("20260729,2330,2,1030土銀,2200.00,x,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00,,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00,1.5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00,１２,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00,1e3,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00,+5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00, 5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,22.00.0,5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,nan,5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,.5,5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,0,5,0", failures.PRICE_ZERO),
    ("20260729,2330,2,1030土銀,,5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,two,1030土銀,2200.00,5,0", failures.NOT_A_NUMBER),
    ("20260729,2330,2,1030土銀,2200.00001,5,0", failures.TOO_FINE),
    ("20260729,2330,2,1030土銀,2200.00000,5,0", failures.TOO_FINE),
    (f"20260729,2330,2,1030土銀,{'9' * 5000},5,0", failures.TOO_LARGE),
    ("20260729,2330,2,1030土銀,2200.00,1000000001,0", failures.TOO_LARGE),
    ("20260729,2330,2,1030土銀,2200.00,99999999999999999999999,0", failures.TOO_LARGE),
    ("20260729,2330,2,1030土銀,999999999,5,0", failures.TOO_LARGE),
    ("20260230,2330,2,1030土銀,2200.00,5,0", failures.DATES_MIXED),
    ("20260730,2330,2,1030土銀,2200.00,5,0", failures.DATES_MIXED),
    ("2026-7-9,2330,2,1030土銀,2200.00,5,0", failures.BAD_DATE),
    (",2330,2,1030土銀,2200.00,5,0", failures.BAD_DATE),
    ("20260729,23,2,1030土銀,2200.00,5,0", failures.BAD_SECURITY),
    ("20260729,台積電,2,1030土銀,2200.00,5,0", failures.BAD_SECURITY),
    ("20260729,2330x,2,1030土銀,2200.00,5,0", failures.BAD_SECURITY),
    ("20260729,2330,2,10,2200.00,5,0", failures.BAD_BRANCH),
    ("20260729,2330,2,1030土\x9b31m銀,2200.00,5,0", failures.BAD_BRANCH),
    ("20260729,2330,2,1030土\u202e銀,2200.00,5,0", failures.BAD_BRANCH),
    ("20260729,2330,2,合庫,2200.00,5,0", failures.BAD_BRANCH),
    ('20260729,2330,2,"1030土,銀",2200.00,5,0', failures.BAD_BRANCH),
    ("20260729,2330,2,1030土\x00銀,2200.00,5,0", failures.BAD_BRANCH),
    ("20260729,2330,2,1020合庫銀,2200.00,5,0", failures.BRANCH_RENAMED),
    ("20260729,2330,2,1020合　　庫,2200.00,5,0", failures.ROW_REPEATED),
    ("20260729,2330,2,1030土銀,2200.00,0,0", failures.NOTHING_TRADED),
]


@pytest.mark.parametrize(("bad", "code"), BAD_ROWS, ids=[f"{code}-{row[:60]}" for row, code in BAD_ROWS])
def test_a_bad_row_is_refused_with_its_number_and_reason(bad: str, code: int) -> None:
    with pytest.raises(RowsRefusedError) as refusal:
        parse_report(lines(GOOD, bad, "20260729,2330,3,1040臺銀,2200.00,0,1000"))
    assert [(one.row, one.code) for one in refusal.value.refused] == [(3, code)]


def test_all_bad_rows_are_named_once_in_the_order_of_the_file() -> None:
    with pytest.raises(RowsRefusedError) as refusal:
        parse_report(
            lines(
                "20260729,2330,1,1020合庫,x,-1,0",
                "20260729,2330,1",
                GOOD,
                "20260729,2330,3,1040臺銀,2200.00,0,-3",
            )
        )
    assert [(one.row, one.code) for one in refusal.value.refused] == [
        (2, failures.NOT_A_NUMBER),
        (3, failures.FIELD_COUNT),
        (4, failures.BRANCH_RENAMED),
        (5, failures.NEGATIVE),
    ]
    assert refusal.value.details["count"] == 4
    assert refusal.value.details["row"] == 2


@pytest.mark.parametrize(
    ("content", "code", "details"),
    [
        (b"", failures.REPORT_EMPTY, {}),
        (b"root:x:0:0:secret\n1\n", failures.COLUMN_MISSING, {"columns": "none of the columns is there"}),
        (HEADER.encode(), failures.REPORT_EMPTY, {}),
        (HEADER.encode() + b"\n\n", failures.REPORT_EMPTY, {}),
        (lines(GOOD).replace(b",price", b""), failures.COLUMN_MISSING, {"columns": "missing price"}),
        (
            lines(GOOD).replace(b",price", b",price,price"),
            failures.COLUMN_MISSING,
            {"columns": "too many price", "columns_zh": "多出 price"},
        ),
        (lines(GOOD) + b"\xff\xfe\n", failures.WRONG_ENCODING, {"row": 3}),
        (gzip.compress(lines(GOOD))[:-9], failures.FILE_UNREADABLE, {}),
    ],
    ids=["nothing", "no report", "header only", "empty lines", "no price", "price twice", "bad bytes", "cut archive"],
)
def test_a_bad_file_is_refused_whole(content: bytes, code: int, details: dict[str, object]) -> None:
    with pytest.raises(YunhaiError) as refusal:
        parse_report(content)
    assert refusal.value.code == code
    assert details.items() <= dict(refusal.value.details).items()


def test_utf_16_and_a_row_of_another_encoding_are_refused_with_the_row() -> None:
    mixed = lines(GOOD) + "20260729,2330,2,1030土銀,2200.00,5,0\n".encode("cp950")
    for content, row in ((lines(GOOD).decode().encode("utf-16"), 1), (mixed, 3)):
        with pytest.raises(YunhaiError) as refusal:
            parse_report(content)
        assert refusal.value.code == failures.WRONG_ENCODING
        assert refusal.value.details["row"] == row


def test_the_columns_may_stand_in_another_order() -> None:
    content = "stock,date,price,seq,sell_shares,buy_shares,broker_branch\n2330,20260729,2200.00,1,3,4,1020合庫\n"
    report = parse_report(content.encode())
    assert (report.sold.tolist(), report.bought.tolist(), report.codes) == ([3], [4], ("2330",))


def test_of_very_many_bad_rows_the_first_are_told_and_all_are_counted() -> None:
    bad = [f"20260729,2330,{number},1020合　　庫,{'x' if number % 2 else '5.0'},-1,0" for number in range(5000)]
    with pytest.raises(RowsRefusedError) as refusal:
        parse_report(lines(*bad))
    assert refusal.value.count == 5000
    assert [one.row for one in refusal.value.refused] == list(range(2, 2 + failures.ROWS_TOLD))
    assert [one.code for one in refusal.value.refused[:2]] == [failures.NEGATIVE, failures.NOT_A_NUMBER]


@pytest.mark.parametrize(
    ("names", "first"),
    [(("1020国泰", "1030凯基松山"), "弊怍"), (("1020合库", "1030abc"), "磁踱"), (("1030土银",), "芩窅")],
)
def test_a_mainland_file_that_decodes_as_cp950_is_refused(names: tuple[str, ...], first: str) -> None:
    rows = [("2330", name, "2200.00", 1000, 1000) for name in names]
    with pytest.raises(YunhaiError) as refusal:
        parse_report(report_bytes(rows, encoding="gb18030"))
    assert refusal.value.code == failures.GARBLED
    assert refusal.value.details["name"] == first


@pytest.mark.parametrize("names", [("1020測試",), ("1020合庫湳埕", "1030墘鑫"), ("1030abc",)])
def test_names_that_no_list_holds_and_rare_characters_are_taken_in_cp950(names: tuple[str, ...]) -> None:
    rows = [("2330", name, "2200.00", 1000, 1000) for name in names]
    assert [one.text for one in parse_report(report_bytes(rows, encoding="cp950")).branches] == list(names)


def test_a_comma_in_quotes_is_told_as_it_was_written() -> None:
    with pytest.raises(RowsRefusedError) as refusal:
        parse_report(lines(GOOD, '20260729,2330,2,1030土銀,"2,200.00",5,0', '20260729,2330,2,"1030土銀,2200.00,5,0'))
    assert [(one.code, one.value) for one in refusal.value.refused] == [
        (failures.NOT_A_NUMBER, "2,200.00"),
        (failures.FIELD_COUNT, '20260729,2330,2,"1030土銀,2200.00,5,0'),
    ]
    assert "\\x01" not in str(refusal.value.as_json())


def test_the_good_rows_of_a_refused_file_are_kept_for_the_rules() -> None:
    with pytest.raises(ReportRefusedError) as refusal:
        parse_report(lines("20260729,23,1,9217凱基,x,1,0", "20260729,0050,2,1030土銀,98.05,1,0", GOOD))
    rest = refusal.value.rest
    assert rest is not None
    assert [rest.codes[at] for at in rest.security] == ["0050", "2330"]
    assert (rest.row.tolist(), rest.price.tolist()) == ([3, 4], [980_500, 22_000_000])


def test_the_refusal_of_a_file_is_chinese_in_chinese() -> None:
    with pytest.raises(RowsRefusedError) as refusal:
        parse_report(lines("20260729,2330,1,1020合庫,x,1,0"))
    assert refusal.value.text("zh") == "拒絕整個檔案：1 列有誤，第一個是第 2 列：不是數字（price='x'）"
    assert refusal.value.text("en") == "The file is refused: 1 bad row(s), the first is row 2: not a number (price='x')"
    for content in (lines(GOOD).replace(b",price", b",prices"), gzip.compress(lines(GOOD))[:-9]):
        with pytest.raises(YunhaiError) as other:
            parse_report(content)
        assert other.value.text("zh") in (
            "第 1 列（欄名）不符：缺少 price；多出 prices",
            "讀不到檔案 gzip：壓縮檔損壞或不完整",
        )
