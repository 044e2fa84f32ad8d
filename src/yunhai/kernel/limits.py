"""Every bound of the house in one place, related by assertions.

A limit that is not here does not exist: code that must refuse the too large, the too long or the too many imports its
number from this file. It imports nothing, so that everything may.
"""

from typing import Final

# --- Numbers ---

PRICE_MAX: Final = 999_999_999
"""99,999.9999 NT$ in 1/10,000, the widest price the exchange's records hold (9(5)V9(4))."""
QUANTITY_MAX: Final = 2**32 - 1
"""The widest quantity a trading record holds."""
MONEY_MAX: Final = 2**63 - 1
U64_MAX: Final = 2**64 - 1
"""The widest id a trading record holds."""
NUMBER_CHARACTERS_MAX: Final = 24
"""A number written as text."""
DETAIL_CHARACTERS_MAX: Final = 300
"""Text of one detail of an error that is ever shown; hostile input must not fill a log line."""

# --- The book and its records ---

RECORD_BYTES: Final = 64
"""One trading record (docs/reference/records.md)."""
LADDER_PRICES_MAX: Final = 131_072
"""Prices in one book's ladder that a rule pack may ask for. A foreign venue needs 36,000 (10 % of 1,800 at 0.01)."""
ENGINE_RUNGS_MAX: Final = 262_000
"""Prices that the native book takes (native/book/ladder.hpp: three bitmap layers of 64, and two market rungs)."""

# --- Rule packs, overlays, instruments ---

PACK_BYTES_MAX: Final = 131_072
"""A rule pack file."""
PACK_NESTING_MAX: Final = 16
"""Brackets within brackets in a rule pack."""
PACK_KEY_PARTS_MAX: Final = 64
"""Points in one stretch of a rule pack's line, so dotted keys too."""
PACK_ROWS_MAX: Final = 1_000
"""Elements of any one array in a rule pack."""
PACK_BASES_MAX: Final = 8
"""Packs based on packs based on packs."""
PACK_TEXT_CHARACTERS_MAX: Final = 400
PACK_ID_CHARACTERS_MAX: Final = 40
PACK_INTEGER_MAX: Final = 2**40 - 1
OVERLAY_BYTES_MAX: Final = 1_048_576
"""An overlay of instruments or of the calendar."""
CODE_CHARACTERS_MAX: Final = 12
"""A security's code."""

PERIOD_SECONDS_MAX: Final = 7_200
"""Between two periodic matches."""
WAIT_SECONDS_MAX: Final = 3_600
"""A delay, an interruption, a window of prices, the time between two trials."""
OFFSET_MINUTES_MAX: Final = 840
"""A market's clock from UTC."""
NEW_LISTING_DAYS_MAX: Final = 60
REFERENCE_DECIMALS_MAX: Final = 4
NO_LIMIT_MULTIPLE_MAX: Final = 1_000
NO_LIMIT_PRICES_MIN: Final = 100
CHARGE_PPM_MAX: Final = 100_000
"""A tax or a commission, parts per million."""
SETTLEMENT_DAYS_MAX: Final = 10

# --- Files and rows that commands take ---

ROWS_MAX: Final = 200_000
"""Rows one command takes on standard input."""
ROW_CHARACTERS_MAX: Final = 400

FEED_ROWS_MAX: Final = 5_000_000
"""Rows of one table of published orders."""
FEED_CHARACTERS_MAX: Final = 1_000_000_000
"""Of one such table, unpacked."""
FEED_ROW_CHARACTERS_MAX: Final = 20_000
FEED_LEVELS_MAX: Final = 50
"""Levels of depth on one side of a published book."""
AUCTION_BYTES_MAX: Final = 256_000_000
"""An auction file."""
AUCTION_EVENTS_MAX: Final = 1_000_000

REPORT_BYTES_MAX: Final = 1 << 29
"""A broker-branch report, unpacked."""
REPORT_ROWS_MAX: Final = 2_000_000
"""Rows of such a report: six times the largest of 2026."""
REPORT_HEADER_BYTES_MAX: Final = 1_024
REPORT_VALUE_MAX: Final = 1 << 61
"""Price × shares of a whole report, both sides, 1/10,000 NT$: about 230 trillion NT$, so that no sum of a day overflows."""
BARS_BYTES_MAX: Final = 1 << 28
"""A file of daily bars, unpacked: six times two years of the whole market."""
BARS_ROWS_MAX: Final = 8_000_000
REPORT_ROW_SHARES_MAX: Final = 1_000_000_000
DAY_ORDERS_MAX: Final = 20_000_000
"""Orders planned for one day."""

# --- Journal ---

JOURNAL_GROUP_SLOTS_MAX: Final = 16_384
"""64-byte slots in one commit group, and so in one tenant's part of it; the native journal's `max_group_slots`."""
CHECKPOINT_BYTES_MAX: Final = 64 << 20
"""A signed checkpoint: about 80 bytes a tenant, so some 800,000 tenants."""
KEY_FILE_BYTES_MAX: Final = 16_384
"""A key in PEM."""

# --- Client Desk, Control Room, Console ---

CLIENT_QUERY_CHARACTERS_MIN: Final = 2
CLIENT_QUERY_CHARACTERS_MAX: Final = 40
CLIENT_MATCHES_MAX: Final = 20
"""Clients one search shows; more ask for a narrower search."""
LOOKUP_REFERENCE_CHARACTERS_MAX: Final = 40
LOOKUP_HOURS_MAX: Final = 12
"""How long a clerk who opened a client may go on with them."""
LOOKUPS_KEPT_MAX: Final = 2_000
"""Clients of one person that the core knows as opened; the oldest is to be opened again."""
RECORD_ID_CHARACTERS_MAX: Final = 32
"""The room of `instruction_id` in an instruction's record."""
RECORD_AGE_MS_MAX: Final = 86_400_000
"""How far back a customer's instruction may lie when its record is made."""
RECORD_AHEAD_MS_MAX: Final = 60_000
"""How far a telephone system's clock may run ahead."""
RECORD_NOTE_CHARACTERS_MAX: Final = 400
CHANGE_REASON_CHARACTERS_MIN: Final = 4
CHANGE_REASON_CHARACTERS_MAX: Final = 200
"""Why an operator changed something: said every time."""
ROOM_ROWS_MAX: Final = 200
"""Rows of one page of a list in a room or of its API."""

# --- The core process and its API ---

TOKEN_BYTES_MAX: Final = 2_048
TOKEN_LIFE_S_MAX: Final = 300
TOKENS_KEPT_MAX: Final = 20_000
"""Tokens a process remembers to have verified."""
BODY_BYTES_MAX: Final = 65_536
"""A request to the core's public API, and a WebSocket message."""
INNER_BODY_BYTES_MAX: Final = 32 << 20
"""A request on the inner socket: a day's list of securities, a part of opening balances."""
FACTS_A_REQUEST_MAX: Final = 2_000
SOCKETS_MAX: Final = 2_000
"""Open order connections."""
SOCKETS_UNSIGNED_MAX: Final = 500
"""Without a token yet."""
SOCKETS_OF_ONE_MAX: Final = 200
"""Of one person."""
SOCKET_TOKEN_SECONDS_MAX: Final = 10
"""From a connection's beginning to its token."""
SOCKET_IN_FLIGHT_MAX: Final = 20_000
"""Messages of one connection that wait for their answers."""
BATCH_ORDERS_MAX: Final = 5_000
"""Instructions in one message."""
BATCH_BYTES_MAX: Final = 8 << 20
"""A message of many instructions."""
SOCKET_UNSENT_BYTES_MAX: Final = 16 << 20
"""Answers that wait for a slow reader before it is cut off."""
SOCKET_WAITING_MAX: Final = 32
"""Messages that wait for an application that asks for them one by one; then the connection is not read."""
TURN_MAX: Final = 256
"""Instructions decided in one turn of the core's loop."""
REFUSALS_KEPT_MAX: Final = 50_000
"""Refusals of today whose details the core remembers, to say the same again."""
RATE_BUCKETS_MAX: Final = 200_000
ORDERS_LISTED_MAX: Final = 5_000
"""Orders in one answer."""
SNAPSHOTS_KEPT: Final = 3
SNAPSHOT_RECORDS: Final = 500_000
"""Journal records between two snapshots."""
VENUE_ORDERS_MAX: Final = 1 << 18
"""Orders resting at once in the core's venue."""
VENUE_IDS_MAX: Final = 1 << 22
"""Instructions of one day that the core's venue can tell apart."""

# --- Platform and processes ---

SOCKET_PATH_BYTES_MAX: Final = 107
"""Of a Unix socket's path, as the kernel takes it."""
CREDENTIAL_BYTES_MAX: Final = 65_536
TENANT_NUMBER_MAX: Final = 2**32 - 1
PERSON_ID_MAX: Final = 2**32 - 1
KEYS_PER_PERSON_MAX: Final = 20
"""Active signing keys of one person."""
API_CLIENTS_PER_PERSON_MAX: Final = 10
CHALLENGE_SECONDS: Final = 300
"""How long a text that a new key must sign stays good."""
OUTBOX_BATCH_MAX: Final = 500
"""Rows the relay posts at once."""
REQUEST_BYTES_MAX: Final = 2_500_000
"""A request's body to the web process."""
RESTART_PAUSE_SECONDS_MAX: Final = 30
"""The longest pause before a part that died is started again."""
PART_UNREADY_SECONDS_MAX: Final = 30
"""How long a part that runs may not be ready before it is ended and started again."""
PART_START_SECONDS_MAX: Final = 60
"""The same from its start on."""
CORE_START_SECONDS_MAX: Final = 900
"""The core's own: it reads the journal before it answers anybody."""

# --- Lines and the stream ---

LINE_QUEUE_MAX: Final = 250_000
"""Instructions of one broker that wait for a line or for its answer."""
LINE_CAP_MAX: Final = 10_000
"""Messages a second of one line."""
LINE_WEIGHT_MAX: Final = 1_000
LINE_BATCH_MAX: Final = 4_096
"""Messages that the pool hands out at once."""
LINE_WAITS_KEPT: Final = 1_024
"""Latest waiting times of a broker, for its p50 and p99."""
LINE_SILENCE_SECONDS_MAX: Final = 15
"""A line that is silent, or leaves something unanswered, for as long is given up."""
LINE_QUERY_NUMBERS_MAX: Final = 1_000
"""Instructions asked for at once when a line was lost."""
LINE_FRAME_BYTES_MAX: Final = 65_536
"""A frame on a line's wire: an answer to as many numbers."""
LINE_LOGIN_SECONDS_MAX: Final = 10
"""From a line's connection to the end of its login."""
STREAM_CONNECTIONS_MAX: Final = 2_000
STREAM_CONNECTIONS_OF_ONE_MAX: Final = 50
"""Of one person."""
STREAM_CONNECTIONS_UNSIGNED_MAX: Final = 500
"""Without a token yet."""
STREAM_MESSAGE_BYTES_MAX: Final = 65_536
STREAM_MESSAGES_PER_SECOND_MAX: Final = 50
"""From one connection."""
STREAM_SUBSCRIPTIONS_MAX: Final = 100
"""Of one connection."""
STREAM_BOOKS_MAX: Final = 4_000
"""Books whose quotes one connection follows."""
STREAM_UNSENT_BYTES_MAX: Final = 1 << 20
"""What waits for a slow reader before it is cut off."""
STREAM_BEHIND_SECONDS_MAX: Final = 15
"""How long a reader may leave quotes waiting before it is cut off."""
STREAM_ORDERS_MAX: Final = 1_000
"""Orders of an account in one snapshot, the newest."""
STREAM_TOKEN_SECONDS_MAX: Final = 10
"""From a connection's beginning to its token."""
STREAM_BOARD_ROWS_MAX: Final = 20
"""Securities of one ranking of the boards."""

# --- Watchlists ---

WATCHLISTS_MAX: Final = 20
"""Of one person."""
WATCHLIST_CODES_MAX: Final = 100
WATCHLIST_NAME_CHARACTERS_MAX: Final = 40
WATCHLIST_BROUGHT_MAX: Final = 1_000
"""Codes that a browser may bring to be taken over; of these a list keeps as many as it holds."""
assert WATCHLIST_CODES_MAX * 2 <= STREAM_BOOKS_MAX, "a list's board lots and odd lots fit one connection"

FUZZ_CASE_MS: Final = 100
"""Longest time any one hostile input may keep a reader busy."""

# --- Client, backup ---

CLIENT_FRAME_BYTES_MAX: Final = 1 << 24
"""The largest message a client takes from the cloud: a snapshot of the whole market's quotes fits."""
CLIENT_MESSAGES_WAITING_MAX: Final = 10_000
"""Messages of the stream kept for a slow follower; after that the oldest is dropped and counted."""
BACKUP_MANIFEST_BYTES_MAX: Final = 65_536

assert LADDER_PRICES_MAX <= PRICE_MAX, "a ladder cannot hold more prices than there are"
assert LADDER_PRICES_MAX >= 2 * 36_000
assert LADDER_PRICES_MAX <= ENGINE_RUNGS_MAX <= 64**3 - 2, "what a pack may ask for, the native book takes"
assert NO_LIMIT_PRICES_MIN <= LADDER_PRICES_MAX
assert PRICE_MAX < 2**31 <= QUANTITY_MAX + 1, "prices are i32, quantities u32"
assert PRICE_MAX * QUANTITY_MAX <= MONEY_MAX, "the largest trade fits in a signed 64-bit amount"
assert len(str(MONEY_MAX)) + 1 <= NUMBER_CHARACTERS_MAX, "every amount can be written"
assert PACK_BYTES_MAX <= OVERLAY_BYTES_MAX
assert KEY_FILE_BYTES_MAX <= CHECKPOINT_BYTES_MAX
assert PACK_TEXT_CHARACTERS_MAX < PACK_BYTES_MAX
assert PACK_INTEGER_MAX >= QUANTITY_MAX, "a pack can state any quantity"
assert WAIT_SECONDS_MAX <= PERIOD_SECONDS_MAX <= 86_400
assert FEED_ROW_CHARACTERS_MAX < FEED_CHARACTERS_MAX
assert FEED_ROWS_MAX <= FEED_CHARACTERS_MAX, "a row has a character at least"
assert AUCTION_EVENTS_MAX * 16 <= AUCTION_BYTES_MAX, "so many events could stand in so many bytes"
assert REPORT_ROW_SHARES_MAX <= QUANTITY_MAX
assert DAY_ORDERS_MAX <= QUANTITY_MAX, "order numbers of a day are counted in 32 bits"
assert JOURNAL_GROUP_SLOTS_MAX * RECORD_BYTES <= CHECKPOINT_BYTES_MAX
assert BODY_BYTES_MAX < INNER_BODY_BYTES_MAX

# --- The order's path: instructions, gate, books ---

INSTRUCTION_ID_CHARACTERS_MAX: Final = 32
"""A phone record's id 錄音編號 in an instruction: what its record holds."""
SIGNATURE_AGE_SECONDS_MAX: Final = 120
"""How far a signature's time may be from the core's wall clock, either way."""
INSTRUCTION_AGE_SECONDS_MAX: Final = 86_400
"""How long before the signature a customer may have told a clerk."""
PUBLIC_KEYS_CACHED_MAX: Final = 65_536
"""Decoded public keys kept for checking signatures."""
PENDING_INSTRUCTIONS_MAX: Final = 32
"""Accepted changes of one order that the exchange has not yet answered."""
ORDER_NUMBER_CHARACTERS: Final = 5
"""A broker's order number 委託書編號: terminal and sequence."""
CASH_MOVED_MAX: Final = 10**15
"""One deposit, withdrawal or transfer: 100 billion NT$ in 1/10,000."""
BALANCE_MAX: Final = 1 << 61
"""Any one balance of an account, in 1/10,000 NT$ or shares: sums of two never overflow 64 bits."""
REFERENCE_CHARACTERS_MAX: Final = 64
"""A reference of a cash, share or transfer command."""
OPENING_ROWS_MAX: Final = 50_000
"""Rows of one part of an import of opening balances."""
assert PENDING_INSTRUCTIONS_MAX >= 1
assert ORDER_NUMBER_CHARACTERS > 2, "a terminal of two leaves room for a sequence"
assert CASH_MOVED_MAX <= BALANCE_MAX <= MONEY_MAX // 2

# --- Readings ---

READER_BATCH_POSTINGS_MAX: Final = 30_000
"""Postings that one transaction of the reader begins with; a commit group more may come on top."""
READER_BATCH_RECORDS_MAX: Final = 60_000
"""Trading records and instructions likewise."""
TIMELINE_EVENTS_MAX: Final = 2_000
"""Events that one timeline shows."""
OPENING_FILE_BYTES_MAX: Final = 256 << 20
"""A file of opening balances."""
OPENING_FILE_ROWS_MAX: Final = 2_000_000
LIST_ROWS_MAX: Final = 500
"""Rows that one page of a list holds."""
SEARCH_CHARACTERS_MAX: Final = 60
"""What may be typed to find a client."""
assert OPENING_ROWS_MAX <= OPENING_FILE_ROWS_MAX
assert READER_BATCH_POSTINGS_MAX <= READER_BATCH_RECORDS_MAX

# --- Processes ---

KEY_ENCODED_CHARACTERS_MAX: Final = 400
"""A public key or a signature as its sender writes it, in base64."""
RELAY_PAUSE_SECONDS_MAX: Final = 5.0
"""Between two tries of the relay to reach the core."""
WALL_MS_MAX: Final = 2**43
"""Milliseconds since 1970: some time in 2248."""
STREAM_FAULTS_MAX: Final = 20
"""Failures to read the journal, one after another, before the stream gives up."""
ORIGIN_ORDER_BYTES_MAX: Final = 65_536
"""A body that the origin hands to the order API."""
LOG_BYTES_MAX: Final = 32 << 20
"""One part's log file, before the next is begun."""
DIFFERENCES_NAMED_MAX: Final = 20
"""Differences that a check of the books names; the rest is counted."""
WEB_THREADS_MAX: Final = 64
"""Threads of one web worker."""

# --- Certificates, consents, cloud signing (services/trust) ---

ACTIVATION_HASHES_MAX: Final = 20
"""Hashes that one signature activation is for."""
ACTIVATION_SECONDS_MAX: Final = 60
"""How long a signature activation lives."""
ACTIVATION_BYTES_MAX: Final = 512 + 64 * ACTIVATION_HASHES_MAX
"""A signature activation as it is carried."""
TOKEN_SLOTS_MAX: Final = 64
"""Slots that an HSM is asked about."""
DOCUMENT_REFERENCE_CHARACTERS_MAX: Final = 60
"""Where a registration's identity document is kept."""
WHY_CHARACTERS_MAX: Final = 60
"""Why somebody looked evidence up."""
PROBE_BYTES_MAX: Final = 1 << 20
"""What a probe of the interfaces left for the conformance page."""
REDIRECT_CHARACTERS_MAX: Final = 300
"""Where a signing program is sent back to."""
SERIAL_BYTES_MAX: Final = 20
"""A certificate's serial number (RFC 5280 4.1.2.2)."""
HOST_CHARACTERS_MAX: Final = 253
"""A host's name (RFC 1035 2.3.4, without the root's point)."""
CLOUD_CREDENTIALS_PER_PERSON_MAX: Final = 4
"""Keys in the HSM of one person, of all kinds."""
REGISTRATION_DOCUMENTS_MAX: Final = 8
"""Identity documents, by reference, of one registration."""
CERTIFICATES_LISTED_MAX: Final = 200
RENEWAL_NOTICE_DAYS: Final = 30
"""So long before its end a certificate's holder is told, and may renew it."""
NOTICE_DAYS: Final = (RENEWAL_NOTICE_DAYS, 7)
"""Days before its end at which a certificate's holder is told by mail."""
USED_CODES_CLEARED_MAX: Final = 100
"""Marks of used codes that are over, cleared on the way with each new one."""
PKCS10_CHARACTERS_MAX: Final = 8_000
"""A request for a certificate, PEM."""
NOTICES_MAX: Final = 500
"""Certificates that are told of by mail in one hour."""
CERTIFICATE_DAYS_MAX: Final = 1_095
"""The longest life that the Console may give a profile."""
RENEW_CA_DAYS: Final = 1_125
"""So long before its end the issuing CA is to be renewed: what it issues must be able to live out its life."""
assert RENEW_CA_DAYS >= CERTIFICATE_DAYS_MAX + RENEWAL_NOTICE_DAYS
OAUTH_CODE_SECONDS_MAX: Final = 60
OAUTH_TOKEN_SECONDS_MAX: Final = 3_600
OAUTH_TRIES_MAX: Final = 10
"""Wrong second factors of one person in five minutes before cloud signing answers nothing but 429."""

# --- The trust process, the HSM ---

CERTIFICATE_BYTES_MAX: Final = 8_192
SUBJECT_CHARACTERS_MAX: Final = 64
"""Of a subject's attribute (RFC 5280, upper bound of a common name)."""
STATUS_ENTRIES_MAX: Final = 200_000
"""Certificates whose status is told at once."""
TRUST_BODY_BYTES_MAX: Final = 64 << 20
"""A request on the trust process's own socket."""
PKI_BODY_BYTES_MAX: Final = 16_384
"""A status or time-stamp request from outside."""
OCSP_REQUESTS_MAX: Final = 20
"""Certificates in one status request."""
OCSP_NONCE_BYTES_MAX: Final = 32
"""RFC 8954."""
OCSP_ANSWERS_KEPT_MAX: Final = 50_000
HSM_SECONDS_MAX: Final = 3.0
"""How long the HSM may take over one operation before it is given up and opened again."""
HSM_WAITING_MAX: Final = 2_000
"""Operations that wait for the HSM; one more is refused."""
HSM_OUTSIDE_WAITING_MAX: Final = 32
"""Of these, for stamps and statuses that anybody asks for: what is signed and issued waits behind so many at most."""
HSM_FRAME_BYTES_MAX: Final = 1 << 20
HSM_KEYS_KEPT_MAX: Final = 50_000
"""Key handles that the HSM's worker remembers."""
CRL_HOURS: Final = 24
"""From a revocation list to the time its successor is due."""
CRL_RENEW_HOURS: Final = 1
OCSP_MINUTES: Final = 60
"""How long a status answer holds."""

# --- Certificate paths, CMS, time stamps, evidence ---

RSA_BITS_MIN: Final = 2_048
RSA_BITS_MAX: Final = 8_192
"""Of other people's keys: a longer one costs whoever verifies it too much."""
PATH_CERTIFICATES_MAX: Final = 64
"""Certificates given with one to be validated."""
PATH_TRIES_MAX: Final = 200
"""Steps that the search for a path takes before it gives up."""
PATH_DEPTH_MAX: Final = 8
"""Certificates between a leaf and its root."""
PATH_POLICIES_MAX: Final = 1_000
"""Policies followed along one path."""
PATH_NAMES_MAX: Final = 4_096
"""Names times name constraints compared for one certificate."""
FOREIGN_CERTIFICATE_BYTES_MAX: Final = 65_536
"""A certificate of somebody else that is read."""
CERTIFICATES_READ_KEPT: Final = 256
"""Certificates that a process keeps as read, each of some kilobytes."""
CMS_BYTES_MAX: Final = 1 << 20
STATUS_BYTES_MAX: Final = 65_536
"""An OCSP answer."""
REVOCATION_LIST_BYTES_MAX: Final = 16 << 20
EVIDENCE_BYTES_MAX: Final = 32 << 20
"""An evidence file: its largest part is what the tenant had in the commit group, and the steps to the checkpoint."""
EVIDENCE_BATCH_MAX: Final = 100
"""Instructions whose evidence one round completes."""
EVIDENCE_LIST_BYTES_MAX: Final = 65_536
"""A revocation list that goes into every file; a longer one is left out, for the OCSP answer says the same."""
EVIDENCE_STEPS_MAX: Final = 100_000
"""Commit groups of a tenant between an instruction and the checkpoint that proves it."""
assert CERTIFICATE_BYTES_MAX <= FOREIGN_CERTIFICATE_BYTES_MAX <= CMS_BYTES_MAX <= EVIDENCE_BYTES_MAX

# --- Market replay ---

REPLAY_EVENTS_MAX: Final = 50_000_000
"""Events of one source: twenty times a day of the whole demonstration market."""
REPLAY_CODES_MAX: Final = 16
"""Securities that one replay shows in step."""
REPLAY_LEVELS_MAX: Final = 50
REPLAY_QUEUE_MAX: Final = 500
"""Orders shown of one price's queue."""
REPLAY_TAPE_MAX: Final = 1_000
"""Trades shown at once."""
REPLAY_OWN_ORDERS_MAX: Final = 1_000
"""Orders marked as one's own."""
REPLAY_KEPT_BYTES_MAX: Final = 8 << 20
"""Kept states of one book, compressed."""
REPLAY_EXPORT_EVENTS_MAX: Final = 5_000_000
REPLAY_PAGE_EXPORT_EVENTS_MAX: Final = 500_000
"""The source's events between the two positions of an export by the web; longer ones are made on the command line."""
REPLAY_SPEED_MIN: Final = 100
REPLAY_SPEED_MAX: Final = 1_000_000
"""Speeds in thousandths: ×0.1 and ×1000."""
REPLAY_LINK_CHARACTERS_MAX: Final = 2_000
"""A permalink."""
REPLAY_VIEW_CHARACTERS_MAX: Final = 500
"""What a permalink says of how to look."""
REPLAY_NAME_CHARACTERS_MAX: Final = 80
"""A bookmark's name."""
REPLAY_NOTE_CHARACTERS_MAX: Final = 500
"""A bookmark's note."""
REPLAY_BOOKMARKS_MAX: Final = 200
"""Bookmarks of one person at one tenant."""
REPLAY_SOURCES_MAX: Final = 8
"""Sources held open by one process."""
REPLAY_CONNECTIONS_MAX: Final = 50
REPLAY_UNSIGNED_MAX: Final = 16
"""Connections that have shown no token yet; the oldest of them makes room for one more."""
REPLAY_CONNECTIONS_OF_ONE_MAX: Final = 5
"""Of one person."""
REPLAY_MESSAGES_WAITING_MAX: Final = 16
"""Messages of one client that were not answered yet; it is not read further until they are."""
REPLAY_SEND_SECONDS_MAX: Final = 60
"""How long one message may wait for its reader before the connection is given up."""
REPLAY_IDLE_SECONDS_MAX: Final = 86_400
"""What silences may be cut to when playing."""
REPLAY_MESSAGE_BYTES_MAX: Final = 65_536
"""One message of a client."""
REPLAY_BATCH_EVENTS_MAX: Final = 2_000
"""Events in one message to a client; more that are due follow in the next."""
REPLAY_BARS_MAX: Final = 5_000
"""Bars of one security's day in one message."""
REPLAY_BAR_SECONDS_MAX: Final = 3_600
assert REPLAY_TAPE_MAX <= REPLAY_BATCH_EVENTS_MAX <= REPLAY_EXPORT_EVENTS_MAX <= REPLAY_EVENTS_MAX
assert REPLAY_VIEW_CHARACTERS_MAX * 3 < REPLAY_LINK_CHARACTERS_MAX, "a view fits its link, percent-encoded"

# --- Indicators and conditions on them ---

INDICATOR_BARS_MAX: Final = 200_000
"""Bars over which indicators are computed at once: two years of one-minute bars."""
INDICATOR_PERIOD_MAX: Final = 2_000
"""Bars of any period of an indicator; some cost bars times period."""
INDICATOR_INPUT_MAX: Final = 1e18
"""The largest price, volume or value in a bar as binary64: no sum of a chart overflows."""
INDICATORS_A_CHART_MAX: Final = 32
CONDITION_PERCENT_MAX: Final = 10_000.0
CONDITION_MULTIPLE_MAX: Final = 10_000.0
CONDITION_LEVEL_MAX: Final = 1e15
"""A level that an alert waits for."""
assert INDICATOR_PERIOD_MAX < INDICATOR_BARS_MAX

# --- History: the lake, imports, screens ---

LAKE_THREADS_MAX: Final = 8
"""Threads of one process's reading of the lake."""
LAKE_MEMORY_MB_MAX: Final = 1_024
"""Memory of one process's reading of the lake; more is spilled to a temporary folder."""
LAKE_SPILL_MB_MAX: Final = 8_192
LAKE_ROWS_READ_MAX: Final = 5_000_000
"""Rows that one question is answered with."""
LAKE_CODES_ASKED_MAX: Final = 5_000
"""Securities that one question names."""
LAKE_FILE_ROWS_MAX: Final = 20_000_000
"""Rows of files that a compaction joins into one."""
LAKE_RETIRED_SECONDS_MIN: Final = 3_600
"""How long a file that a compaction replaced is left for whoever still reads it."""
MANIFEST_BYTES_MAX: Final = 64 << 20
"""The lake's manifest: about 500 bytes a file."""
HISTORY_CODE_CHARACTERS_MAX: Final = 24
"""A security's code in history: those of futures' spreads are longer than stocks'."""
SOURCE_BYTES_MAX: Final = 4 << 30
"""A file to be imported, and what it unpacks to."""
SOURCE_LINE_CHARACTERS_MAX: Final = 65_536
IMPORT_ROWS_MAX: Final = 8_000_000
"""Rows of one imported file."""
IMPORT_ROWS_REFUSED_MAX: Final = 500_000
"""Rows of one file left out because they are wrong; a file with more of them is not what it is taken for."""
IMPORT_NAMED_IN_MEMORY_MAX: Final = 262_144
"""Rows to be named in a report that are kept in memory; all of them go to a temporary file beyond."""
IMPORT_NOTES_NAMED_MAX: Final = 1_000
"""Rows without a fault (no trade that day, known already) that a report names; the rest is counted."""
MAPPING_CHARACTERS_MAX: Final = 1_000
"""A mapping of a CSV's columns."""
SCREEN_CHARACTERS_MAX: Final = 2_000
"""A screen as text."""
SCREEN_NODES_MAX: Final = 200
"""Numbers, names, functions and signs of one screen."""
SCREEN_DEPTH_MAX: Final = 24
"""Brackets within brackets in a screen."""
SCREEN_INDICATORS_MAX: Final = 16
"""Different indicators of one screen: each is computed over two years of every stock."""
SCREEN_PERIOD_MAX: Final = 500
"""Sessions that a function of a screen looks back."""
SCREEN_SESSIONS_MAX: Final = 1_000
"""Sessions of every stock that a screen reads."""
SCREEN_CODES_MAX: Final = 20_000
"""Stocks that one screen looks at."""
assert IMPORT_ROWS_REFUSED_MAX <= IMPORT_ROWS_MAX <= LAKE_FILE_ROWS_MAX
assert CODE_CHARACTERS_MAX <= HISTORY_CODE_CHARACTERS_MAX
assert SCREEN_PERIOD_MAX < SCREEN_SESSIONS_MAX
SCREEN_STEPS_MAX: Final = 20_000
"""Values of all stocks at one session that a screen computes."""

HISTORY_DAYS_WAITING_MAX: Final = 2
"""Closed days of the journal kept in memory while the lake cannot be written; the journal is read no further then."""
HISTORY_LIVE_SERIES_MAX: Final = 512
"""Books' bars of one span that are kept up to the last trade of the running day."""
HISTORY_STATE_BYTES_MAX: Final = 4_000_000
"""The file that says how far the journal's days are in the lake."""
SCREENS_KEPT_MAX: Final = 50
"""Screens that a person keeps."""
SCREEN_NAME_CHARACTERS_MAX: Final = 40
SCREEN_MATCHES_MAX: Final = 2_000
"""Stocks of one answer."""
SCREEN_EXPLAINED_MAX: Final = 20
"""Stocks that are told why they are not in."""
SCREEN_ANSWERS_KEPT_MAX: Final = 16
"""Answers that a process keeps for whoever asks the same again."""
SCREENS_AT_ONCE_MAX: Final = 2
"""Screens that one process computes at a time."""
SCREEN_WAIT_SECONDS_MAX: Final = 10
"""How long another one waits for its turn."""
assert SCREEN_EXPLAINED_MAX < SCREEN_MATCHES_MAX <= SCREEN_CODES_MAX

# --- Charts ---

CHART_BARS_MAX: Final = 10_000
"""Bars of one answer: 40 years of days."""
CHART_BARS_READ_MAX: Final = 20_000
"""Bars of less than a day over which a chart's indicators are computed."""
CHART_INDICATOR_CHARACTERS_MAX: Final = 600
"""A chart's indicators as text."""
CHART_SERIES_KEPT_MAX: Final = 32
"""Securities' bars that a process keeps between two questions."""
CHART_SECURITIES_MAX: Final = 20_000
"""Codes that a chart can be looked for by."""
CHART_SETUPS_MAX: Final = 30
"""Named set-ups of charts that a person keeps."""
CHART_SETUP_NAME_CHARACTERS_MAX: Final = 40
"""A set-up's name."""
CHART_PANES_MAX: Final = 9
"""Charts side by side on one page."""
DRAWINGS_MAX: Final = 100
"""Lines that a person keeps over one security."""
DRAWINGS_A_PERSON_MAX: Final = 2_000
assert CHART_BARS_MAX <= CHART_BARS_READ_MAX <= INDICATOR_BARS_MAX
assert DRAWINGS_MAX <= DRAWINGS_A_PERSON_MAX

# --- Data ---

DATA_ROWS_MAX: Final = 500
"""Rows of the history in one answer of the catalogue."""
DATA_FILE_ROWS_MAX: Final = 200_000
"""Rows of the history in one file, and how deep a preview may be paged."""
DATA_FILES_NAMED_MAX: Final = 500
"""Files of a dataset that are named, the newest."""
DATA_IMPORTS_MAX: Final = 200
"""Imports of one answer."""
DATA_REPORT_ROWS_MAX: Final = 500
"""Rows of an import's report in one answer."""
DATA_REPORT_BYTES_MAX: Final = 16_000_000
"""Of a report, looked through for one answer."""
DATA_TEXT_CHARACTERS_MAX: Final = 80
"""What a report is searched for."""
DATA_PLACE_MAX: Final = 1 << 53
"""The largest number of an import, or place in a report, that may be asked for."""
assert DATA_ROWS_MAX <= DATA_FILE_ROWS_MAX <= LAKE_ROWS_READ_MAX

# --- Contests and paper accounts ---

CONTESTS_MAX: Final = 500
"""Contests of one tenant, ended ones too: none is deleted."""
CONTEST_PAPERS_MAX: Final = 300
"""Students of one contest."""
CONTEST_CODES_MAX: Final = 16
"""Securities of one contest, and of one personal paper account in a day."""
CONTEST_NAME_CHARACTERS_MAX: Final = 60
CONTEST_TEXT_CHARACTERS_MAX: Final = 2_000
CONTEST_CASH_MAX: Final = 10**14
"""Start cash: NT$ ten thousand million."""
PAPER_NAME_CHARACTERS_MAX: Final = 40
"""The name under which a student is ranked."""
PAPER_ORDERS_MAX: Final = 1_000
"""Instructions of one paper account."""
PAPERS_A_PERSON_MAX: Final = 100
"""Personal paper accounts of a person, those that were reset too."""
PRACTICES_A_PERSON_MAX: Final = 200
"""Practices of a person on finished days, ended ones too: none is deleted."""
PAPER_DAYS_MAX: Final = 30
"""Market days that one personal paper account runs over; then it is begun anew."""
PAPER_FLOORS_KEPT_MAX: Final = 16
"""Contests and personal accounts that a process keeps worked out."""
assert CONTEST_CODES_MAX <= REPLAY_CODES_MAX
assert CONTEST_CASH_MAX < 1 << 62

# --- Paper trading ---

PAPER_ACCOUNTS_MAX: Final = 2_000
"""Accounts worked out in one pass."""
PAPER_LATENCY_SECONDS_MAX: Final = 60
"""From an order's giving to its arrival."""

ALERTS_MAX: Final = 100
"""Alerts that a person keeps."""
ALERT_NOTE_CHARACTERS_MAX: Final = 80
ALERT_CHANGE_MAX: Final = 10_000
"""The largest change that an alert may wait for, in 1/100 %."""
ALERT_VOLUME_MAX: Final = 1 << 53
"""Shares of a day."""
ALERT_FIRINGS_SHOWN_MAX: Final = 200
"""Firings of one answer."""
ALERT_FIRING_MAX: Final = (1 << 63) - 1
"""The largest id of a firing."""
ALERT_FIRINGS_KEPT_MAX: Final = 1_000
"""Firings that are kept of a person, the newest."""
ALERTS_REMOVED_MAX: Final = 20
"""Removed alerts of a person that may still come back."""
ALERT_REPEAT_SECONDS: Final = 60
"""Of market time, from one firing of a repeating alert to its next."""
ALERT_AVERAGE_DAYS_MAX: Final = 240
"""Days of a moving average that an alert looks at."""
