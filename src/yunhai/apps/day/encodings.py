"""Whether a file that decodes as CP950 (Big5) was written in it.

CP950 gives a meaning to most byte pairs, so a mainland Chinese file (GB 18030) often decodes without an error, into
words that are none. A report always names brokers, and those are few: where one of their names is read, the encoding
is right. Where none is, characters of Big5's second level (rarely used ones) or a broker's name in the other reading
give the file away.
"""

from typing import Final

FIRMS: Final = (
    "合庫", "土銀", "臺銀", "台銀", "企銀", "彰銀", "宏遠", "美林", "高盛", "瑞銀", "亞東", "大展", "美好", "高橋",
    "第一金", "寶盛", "永興", "日進", "統一", "盈溢", "日茂", "中國信託", "新百王", "光和", "永全", "大昌", "福邦",
    "德信", "福勝", "兆豐", "致和", "石橋", "北城", "國票", "安泰", "康和", "京城", "中農", "新光", "聯邦", "陽信",
    "玉山", "國泰", "群益", "凱基", "華南", "富邦", "元大", "永豐", "台新", "港麥格理", "摩根", "野村", "匯豐",
    "花旗", "大和國泰", "法銀巴黎",
)  # fmt: skip
"""What brokers of the exchange are called, as their branches' names begin."""
SIMPLIFIED: Final = (
    "合库", "土银", "台银", "企银", "彰银", "宏远", "瑞银", "亚东", "第一金", "统一", "中国信托", "新百王", "国票", "新光", "联邦",
    "阳信", "玉山", "国泰", "群益", "凯基", "华南", "富邦", "元大", "永丰", "台新", "兆丰", "美林", "摩根", "野村", "汇丰", "花旗",
)  # fmt: skip
RARE_FROM: Final = 0xC9
"""First lead byte of Big5's second level."""
WORD: Final = 4


def garbled_name(content: bytes, read: str) -> str | None:
    """A word of the text `read` (the bytes `content` as CP950) that shows that it is no such text; None if it is."""
    if any(firm in read for firm in FIRMS):
        return None
    for letter in dict.fromkeys(read):
        pair = letter.encode("cp950", "replace")
        if len(pair) == 2 and pair[0] >= RARE_FROM:
            return _word_around(read, read.index(letter))
    other = content.decode("gb18030", "replace")
    if any(firm in other for firm in SIMPLIFIED):
        return _word_around(read, next(at for at, letter in enumerate(read) if ord(letter) > 127))
    return None


def _word_around(text: str, at: int) -> str:
    """The Chinese characters beside a place, a few of them."""
    first, last = at, at + 1
    while first > 0 and at - first < WORD and ord(text[first - 1]) > 127:
        first -= 1
    while last < len(text) and last - at < WORD and ord(text[last]) > 127:
        last += 1
    return text[first:last]
