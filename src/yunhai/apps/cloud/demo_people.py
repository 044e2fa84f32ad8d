"""Who lives in the demo: ten made-up brokers, their branches and lines, and the people one can sign in as.

No broker, person, account or telephone number here is real; codes begin with a letter that no Taiwanese broker's code
has, and names say 示範. Addresses end in `.example`, which nobody can own.
"""

from dataclasses import dataclass
from typing import Final

FIRST_BROKER: Final = 11
"""Tenant number of the first broker; 1 is the platform's own."""
LINES_EACH: Final = 2
POOL: Final = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBroker:
    """A broker. `code` four characters; branches are the head office and two more, codes counted up."""

    tenant: int
    code: str
    zh: str
    en: str

    @property
    def branches(self) -> tuple[tuple[str, str, str], ...]:
        """(code, zh, en) of each branch."""
        head = self.code[:3]
        return (
            (self.code, f"{self.zh}總公司", f"{self.en} Head Office"),
            (f"{head}1", f"{self.zh}台北分公司", f"{self.en} Taipei"),
            (f"{head}2", f"{self.zh}高雄分公司", f"{self.en} Kaohsiung"),
        )

    @property
    def lines(self) -> tuple[str, ...]:
        """The two characters of each of its lines."""
        letter = chr(ord("A") + self.tenant - FIRST_BROKER)
        return tuple(f"{letter}{at + 1}" for at in range(LINES_EACH))


_NAMES: Final = (
    ("山嵐", "Shanlan"),
    ("朝霧", "Zhaowu"),
    ("白露", "Bailu"),
    ("青苔", "Qingtai"),
    ("月河", "Yuehe"),
    ("遠帆", "Yuanfan"),
    ("赤楠", "Chinan"),
    ("竹風", "Zhufeng"),
    ("星礁", "Xingjiao"),
    ("雪松", "Xuesong"),
)

BROKERS: Final = tuple(
    DemoBroker(tenant=FIRST_BROKER + at, code=f"Y{at}00", zh=f"{zh}示範證券", en=f"{en} Demo Securities")
    for at, (zh, en) in enumerate(_NAMES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """Someone to sign in as. `roles`: (broker's place in `BROKERS`, role); `opens` the room their link leads to."""

    key: str
    email: str
    zh: str
    en: str
    roles: tuple[tuple[int, str], ...]
    opens: str
    room_zh: str
    room_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of a person at a broker. `cash` in 1/10,000 NT$; `shares` by code, with cost a share in 1/10,000 NT$."""

    person: str
    broker: int
    branch: int
    number: str
    cash: int
    shares: tuple[tuple[str, int, int], ...] = ()


NT: Final = 10_000

INVESTOR: Final = DemoPerson(
    key="investor",
    email="investor@demo.example",
    zh="林小雲",
    en="Lin Hsiao-Yun",
    roles=(),
    opens="/pocket/",
    room_zh="口袋",
    room_en="Pocket",
)
PEOPLE: Final = (
    INVESTOR,
    DemoPerson(
        key="sales",
        email="sales@demo.example",
        zh="陳營業",
        en="Chen Ying-Yeh",
        roles=((0, "sales"),),
        opens="/desk/",
        room_zh="營業檯（營業員）",
        room_en="Client Desk, sales rep",
    ),
    DemoPerson(
        key="keyin",
        email="keyin@demo.example",
        zh="黃輸單",
        en="Huang Shu-Tan",
        roles=((0, "keyin"),),
        opens="/desk/keyin/",
        room_zh="營業檯（輸單員）",
        room_en="Client Desk, key-in clerk",
    ),
    DemoPerson(
        key="operations",
        email="operations@demo.example",
        zh="吳作業",
        en="Wu Tso-Yeh",
        roles=((0, "operations"),),
        opens="/control/",
        room_zh="控制室",
        room_en="Control Room",
    ),
    DemoPerson(
        key="compliance",
        email="compliance@demo.example",
        zh="郭法遵",
        en="Kuo Fa-Tsun",
        roles=((0, "compliance"),),
        opens="/control/",
        room_zh="控制室（法遵）",
        room_en="Control Room, compliance",
    ),
    DemoPerson(
        key="operator",
        email="operator@demo.example",
        zh="何總控",
        en="Ho Tsung-Kung",
        roles=(),
        opens="/console/",
        room_zh="總控台",
        room_en="Console",
    ),
)

INVESTOR_ACCOUNTS: Final = (
    DemoAccount(
        person="investor",
        broker=0,
        branch=0,
        number="1000018",
        cash=8_000_000 * NT,
        shares=(("2330", 3_000, 21_050_000), ("0050", 12_000, 981_000), ("2603", 5_250, 2_204_000)),
    ),
    DemoAccount(
        person="investor", broker=0, branch=1, number="1000026", cash=500_000 * NT, shares=(("2412", 2_000, 1_290_000),)
    ),
    DemoAccount(
        person="investor",
        broker=1,
        branch=0,
        number="1000034",
        cash=1_200_000 * NT,
        shares=(("2881", 4_000, 1_105_000),),
    ),
)

OTHER_CLIENTS: Final = (
    ("李大明", "Li Ta-Ming"),
    ("王美玲", "Wang Mei-Ling"),
    ("張志強", "Chang Chih-Chiang"),
    ("劉淑芬", "Liu Shu-Fen"),
    ("蔡家豪", "Tsai Chia-Hao"),
    ("楊雅婷", "Yang Ya-Ting"),
    ("許文雄", "Hsu Wen-Hsiung"),
    ("鄭麗華", "Cheng Li-Hua"),
    ("謝俊傑", "Hsieh Chun-Chieh"),
    ("曾怡君", "Tseng Yi-Chun"),
)
"""Clients of the first broker, for the desk to serve and for the scripted broker (examples/scripted_broker.py) to trade for."""

CLIENT_CASH: Final = 3_000_000 * NT
CLIENT_SHARES: Final = (("2330", 1_000), ("2317", 5_000), ("0050", 3_000))
AGENT_CASH: Final = 20_000_000_000 * NT
AGENT_SHARES: Final = 20_000_000
"""What each broker's own trading program begins with, of every security."""

assert len({broker.code for broker in BROKERS}) == len(BROKERS) == len(_NAMES)
