// The 64-byte record that commands, events and the journal share. docs/reference/records.md is its text.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yunhai {

enum class Kind : std::uint8_t {
    none = 0,  // a refused command of an unknown kind
    new_order = 1,
    cancel = 2,
    cut = 3,
    reprice = 4,
    phase = 16,
    uncross = 17,
    trial = 18,
    expire = 19,
    trade = 32,
    fill = 33,
    removed = 34,
    halted = 35,
};

enum class Phase : std::uint8_t { before, collect, continuous, halted, after, suspended };
inline constexpr std::size_t phase_count = 6;

enum class Side : std::uint8_t { buy = 1, sell = 2 };
enum class OrderType : std::uint8_t { market = 1, limit = 2 };
enum class TimeInForce : std::uint8_t { rod = 0, ioc = 3, fok = 4 };
enum class State : std::uint8_t { refused, resting, filled, gone };
enum class Liquidity : std::uint8_t { maker = 1, taker = 2, auction = 3 };
enum class RemovalReason : std::uint16_t { market_not_allowed = 2, session_end = 4 };

enum class Code : std::uint16_t {
    ok = 0,
    unknown_command = 1001,
    unknown_book = 1002,
    time_backwards = 1003,
    too_early = 1004,
    session_over = 1005,
    suspended = 1006,
    bad_side = 1007,
    bad_order_type = 1008,
    bad_time_in_force = 1009,
    kind_not_allowed_now = 1010,
    quantity_zero = 1011,
    quantity_not_lot = 1012,
    quantity_over_maximum = 1013,
    price_on_market_order = 1014,
    price_above_limit_up = 1015,
    price_below_limit_down = 1016,
    price_off_tick = 1017,
    duplicate_order = 1018,
    order_id_out_of_range = 1019,
    book_full = 1020,
    order_not_found = 1021,
    nothing_left = 1022,
    account_mismatch = 1023,
    action_not_allowed_now = 1024,
    reprice_not_allowed = 1025,
    price_and_quantity = 1026,
    not_filled = 1027,
    outside_band = 1028,
    cut_to_zero = 1101,
    band_remainder_removed = 1102,
    bad_phase = 1201,
    book_crossed = 1202,
    uncross_deferred = 1203,
    not_an_auction_phase = 1204,
};

// The exchange's own status number of a code (market-rules 5.5), carried beside it.
constexpr std::uint8_t exchange_status(Code code) {
    switch (code) {
        case Code::ok:
        case Code::uncross_deferred: return 0;
        case Code::session_over: return 1;
        case Code::too_early: return 2;
        case Code::order_not_found: return 5;
        case Code::price_and_quantity: return 11;
        case Code::account_mismatch: return 14;
        case Code::order_id_out_of_range: return 18;
        case Code::unknown_book: return 20;
        case Code::price_on_market_order:
        case Code::price_above_limit_up:
        case Code::price_below_limit_down:
        case Code::price_off_tick: return 21;
        case Code::quantity_zero:
        case Code::quantity_not_lot:
        case Code::quantity_over_maximum: return 22;
        case Code::bad_side: return 24;
        case Code::cut_to_zero: return 32;
        case Code::duplicate_order: return 40;
        case Code::suspended: return 43;
        case Code::bad_order_type: return 46;
        case Code::bad_time_in_force: return 47;
        case Code::not_filled: return 48;
        case Code::kind_not_allowed_now:
        case Code::action_not_allowed_now: return 49;
        case Code::nothing_left: return 50;
        case Code::band_remainder_removed: return 51;
        case Code::outside_band: return 52;
        case Code::reprice_not_allowed: return 53;
        case Code::time_backwards: return 97;
        case Code::unknown_command:
        case Code::book_full:
        case Code::bad_phase:
        case Code::book_crossed:
        case Code::not_an_auction_phase: return 99;
    }
    return 99;
}

struct Head {
    Kind kind;
    std::uint8_t version;
    std::uint16_t code;
    std::uint32_t tenant;
    std::int64_t time;
    std::uint64_t order_id;  // TRADE: trade number; HALTED: until; controls: matched volume
    std::uint32_t book;
    std::int32_t price;
    std::uint32_t quantity;
    std::uint32_t account;
};
static_assert(sizeof(Head) == 40);

// An order or control record.
struct Record {
    Head head;
    std::uint8_t side;
    std::uint8_t order_type;
    std::uint8_t time_in_force;
    std::uint8_t source;
    std::uint8_t status;
    State state;
    std::uint16_t reserved;
    std::uint32_t filled;
    std::uint32_t leaves;
    std::uint32_t removed;
    std::uint32_t crc;
};
static_assert(sizeof(Record) == 64 && offsetof(Record, filled) == 48 && offsetof(Record, crc) == 60);

struct TradeRecord {
    Head head;
    std::uint64_t buy_id;
    std::uint64_t sell_id;
    std::uint8_t auction;
    std::uint8_t taker_side;
    std::uint16_t reserved;
    std::uint32_t crc;
};
static_assert(sizeof(TradeRecord) == 64);

struct FillRecord {
    Head head;
    std::uint64_t trade;
    std::uint32_t leaves;
    Side side;
    Liquidity liquidity;
    std::uint16_t reserved0;
    std::uint32_t reserved1;
    std::uint32_t crc;
};
static_assert(sizeof(FillRecord) == 64);

struct RemovedRecord {
    Head head;
    Side side;
    OrderType order_type;
    std::uint8_t reserved[18];
    std::uint32_t crc;
};
static_assert(sizeof(RemovedRecord) == 64);

struct HaltedRecord {
    Head head;
    std::uint64_t cause;
    std::int32_t outside;
    std::uint32_t reserved[2];
    std::uint32_t crc;
};
static_assert(sizeof(HaltedRecord) == 64);

inline constexpr std::uint8_t record_version = 1;

// Where a batch's events go: a fixed arena, checked for room before each command, never during one.
class Events {
public:
    Events(std::byte* begin, std::size_t capacity) : begin_(begin), next_(begin), end_(begin + capacity * sizeof(Record)) {}

    template <class T>
    T& append() {
        static_assert(sizeof(T) == sizeof(Record));
        T* place = reinterpret_cast<T*>(next_);
        next_ += sizeof(Record);
        return *place;
    }
    std::size_t size() const { return static_cast<std::size_t>(next_ - begin_) / sizeof(Record); }
    std::size_t room() const { return static_cast<std::size_t>(end_ - next_) / sizeof(Record); }
    void clear() { next_ = begin_; }
    std::byte* data() const { return begin_; }

private:
    std::byte* begin_;
    std::byte* next_;
    std::byte* end_;
};

}  // namespace yunhai
