// Orders: arriving, cancelled, cut, re-priced (matching.md sections 4 to 6).
#include "engine.hpp"

#include <array>
#include <cstring>

#include "trade.hpp"

namespace yunhai {

namespace {

constexpr std::uint8_t action_cancel = 1;
constexpr std::uint8_t action_cut = 2;
constexpr std::uint8_t action_reprice = 4;

// Bit of an order kind in `allowed` by order type and time in force; 7 (never set) for what is no kind.
constexpr std::uint8_t no_kind = 7;
constexpr std::array<std::array<std::uint8_t, 8>, 4> kind_bits{{
    {no_kind, no_kind, no_kind, no_kind, no_kind, no_kind, no_kind, no_kind},
    {0, no_kind, no_kind, 1, 2, no_kind, no_kind, no_kind},
    {3, no_kind, no_kind, 4, 5, no_kind, no_kind, no_kind},
    {no_kind, no_kind, no_kind, no_kind, no_kind, no_kind, no_kind, no_kind},
}};

std::uint8_t kind_bit(const Record& record) {
    if (record.order_type > 3 || record.time_in_force > 7) [[unlikely]] return no_kind;
    return kind_bits[record.order_type][record.time_in_force];
}

// The command as it came, version 1, the outcome (bytes 44 to 63) blank.
inline void copy_blank(const Record& command, Record& record) {
    static_assert(offsetof(Record, status) == 44);
    auto* to = reinterpret_cast<std::byte*>(&record);
    std::memcpy(to, &command, 48);
    std::memset(to + 44, 0, 4);
    std::memset(to + 48, 0, 16);
    record.head.version = record_version;
    record.head.code = 0;
}

}  // namespace

[[gnu::always_inline]] inline Record& Engine::run(const Record& command, Events& events) {
    Record& record = events.append<Record>();
    copy_blank(command, record);
    const Kind kind = command.head.kind;
    if (kind < Kind::new_order || kind > Kind::reprice) [[unlikely]] {
        apply_control(record, events);
        return record;
    }
    if (command.head.time < clock_) [[unlikely]] {
        set_code(record, Code::time_backwards);
        return record;
    }
    if (command.head.book >= book_count_) [[unlikely]] {
        set_code(record, Code::unknown_book);
        return record;
    }
    Book& book = *books_[command.head.book];
    if (book.closed != Code::ok) [[unlikely]] {
        set_code(record, book.closed);
        return record;
    }
    if (kind == Kind::new_order) new_order(command, record, book, events);
    else if (kind == Kind::cancel) cancel(command, record, book);
    else if (kind == Kind::cut) cut(record, book);
    else reprice(record, book, events);
    return record;
}

Record& Engine::apply(const Record& command, Events& events) {
    return run(command, events);
}

std::size_t Engine::process(std::span<const Record> commands, Events& events) {
    const Record* command = commands.data();
    const Record* const end = command + commands.size();
    for (; command != end; ++command) {
        if (events.room() < worst_case_events()) [[unlikely]] break;
        run(*command, events);
    }
    return static_cast<std::size_t>(command - commands.data());
}

Code Engine::why_kind_is_wrong(const Record& record) const {
    if (record.order_type != 1 && record.order_type != 2) return Code::bad_order_type;
    return kind_bit(record) == no_kind ? Code::bad_time_in_force : Code::kind_not_allowed_now;
}

Code Engine::why_quantity_is_wrong(const Record& record, const Book& book) const {
    if (record.head.quantity == 0) return Code::quantity_zero;
    return record.head.quantity % book.config.lot ? Code::quantity_not_lot : Code::quantity_over_maximum;
}

Code Engine::why_price_is_wrong(const Record& record, const Book& book) const {
    if (record.order_type == 1) return Code::price_on_market_order;
    if (record.head.price > book.ladder.highest()) return Code::price_above_limit_up;
    return record.head.price < book.ladder.lowest() ? Code::price_below_limit_down : Code::price_off_tick;
}

// One test per group of checks; which of the group failed is found out only when it did.
[[gnu::always_inline]] inline void Engine::new_order(const Record& command, Record& record, Book& book, Events& events) {
    const Head& head = command.head;
    const bool buy = command.side == static_cast<std::uint8_t>(Side::buy);
    if (!buy && command.side != static_cast<std::uint8_t>(Side::sell)) [[unlikely]] return set_code(record, Code::bad_side);
    if (!(book.allowed_now >> kind_bit(command) & 1)) [[unlikely]] return set_code(record, why_kind_is_wrong(record));
    const std::uint32_t quantity = head.quantity;
    if (quantity - 1 >= book.max_quantity || quantity % book.lot) [[unlikely]] return set_code(record, why_quantity_is_wrong(record, book));
    const bool market = command.order_type == static_cast<std::uint8_t>(OrderType::market);
    Rung rung = 0;
    if (market) [[unlikely]] {
        if (head.price != 0) return set_code(record, why_price_is_wrong(record, book));
        rung = buy ? book.ladder.market_buy() : book.ladder.market_sell();
    } else if ((rung = book.ladder.find(head.price)) == 0) [[unlikely]] {
        return set_code(record, why_price_is_wrong(record, book));
    }
    if (!ids_.in_range(head.order_id)) [[unlikely]] return set_code(record, Code::order_id_out_of_range);
    if (ids_[head.order_id].slot != no_slot) [[unlikely]] return set_code(record, Code::duplicate_order);
    if (pool_.full()) [[unlikely]] return set_code(record, Code::book_full);
    if (buy) arrive<true>(command, record, book, rung, events);
    else arrive<false>(command, record, book, rung, events);
}

template <bool IsBuy>
[[gnu::always_inline]] inline void Engine::arrive(const Record& command, Record& record, Book& book, Rung rung, Events& events) {
    const Head& head = command.head;
    const Party party{head.order_id, head.tenant, head.account, head.quantity, rung};
    if (book.phase == Phase::continuous) [[likely]] {
        // A market rung lies beyond every price of the other side, and its own side's none is no rung of it.
        const Rung best = book.side<!IsBuy>().best();
        const bool crosses = IsBuy ? best <= rung && best <= book.ladder.top() : best >= rung && best >= 1;
        if (crosses) return arrive_crossing<IsBuy>(record, book, party, events);
    }
    if (command.time_in_force != static_cast<std::uint8_t>(TimeInForce::rod)) [[unlikely]] return set_code(record, Code::not_filled);
    accept(record, State::resting, party.leaves);
    rest<IsBuy>(book, party);
}

template <bool IsBuy>
void Engine::arrive_crossing(Record& record, Book& book, Party taker, Events& events) {
    const Head& head = record.head;
    const bool market = record.order_type == static_cast<std::uint8_t>(OrderType::market);
    const Rung limit = !market ? taker.rung : IsBuy ? book.ladder.top() : 1;
    const auto time_in_force = static_cast<TimeInForce>(record.time_in_force);
    Sweep sweep;
    sweep.incoming = head.price;
    watch_band(sweep, book, head.time);
    if (time_in_force == TimeInForce::fok && available<IsBuy>(book, limit, head.quantity, sweep, sweep.band) < head.quantity) {
        const bool enough = available<IsBuy>(book, limit, head.quantity, sweep, Band{}) >= head.quantity;
        return set_code(record, enough ? Code::outside_band : Code::not_filled);
    }
    trade_through<IsBuy>(taker, head.time, book, sweep, limit, events);
    const bool untouched = taker.leaves == head.quantity;
    const bool rod = time_in_force == TimeInForce::rod;
    if (untouched && sweep.stopped_by_band && (market || !rod)) return set_code(record, Code::outside_band);
    if (untouched && !rod) return set_code(record, Code::not_filled);

    record.filled = head.quantity - taker.leaves;
    if (sweep.centre) book.centre_last_used = sweep.centre;
    ids_[taker.id] = {IdTable::done, taker.tenant};
    if (taker.leaves == 0) return accept(record, State::filled, 0);
    if (!rod || (market && sweep.stopped_by_band)) {
        if (sweep.stopped_by_band) set_code(record, Code::band_remainder_removed);
        record.removed = taker.leaves;
        return accept(record, State::gone, 0);
    }
    accept(record, State::resting, taker.leaves);
    rest<IsBuy>(book, taker);
    if (sweep.stopped_by_band) halt(record, book, sweep, events);
}

// Trades `taker` against the other side, best first, until its limit, the band or its quantity ends it.
template <bool IsBuy>
inline void Engine::trade_through(Party& taker, std::int64_t time, Book& book, Sweep& sweep, Rung limit, Events& events) {
    auto& opposite = book.side<!IsBuy>();
    const Rung market_rung = IsBuy ? book.ladder.market_sell() : book.ladder.market_buy();
    while (taker.leaves && (IsBuy ? opposite.best() <= limit : opposite.best() >= limit)) {
        const Rung rung = opposite.best();
        const std::int32_t price = rung == market_rung ? resting_market_price<!IsBuy>(book, sweep.incoming) : book.ladder.price(rung);
        if (price == 0) [[unlikely]] break;  // market meets market and no price exists
        if (!sweep.band.inside(price)) [[unlikely]] {
            sweep.stopped_by_band = true;
            sweep.outside = price;
            break;
        }
        Queue& queue = opposite[rung];
        Slot slot = queue.head;
        do {
            Order& resting = pool_[slot];
            const std::uint32_t quantity = std::min(taker.leaves, resting.leaves);
            taker.leaves -= quantity;
            resting.leaves -= quantity;
            queue.quantity -= quantity;
            if constexpr (IsBuy) write_trade<Taker::buy>(time, book, price, quantity, taker, resting, events);
            else write_trade<Taker::sell>(time, book, price, quantity, resting, taker, events);
            if (resting.leaves != 0) return;  // the arriving order is filled
            const Slot next = resting.next;
            opposite.pop_best(pool_);
            finish(book, slot);
            slot = next;
        } while (taker.leaves && slot != no_slot);
    }
}

// Shares that an arriving order could trade within its limit and the band, counted up to `wanted`.
template <bool IsBuy>
std::uint64_t Engine::available(Book& book, Rung limit, std::uint64_t wanted, const Sweep& sweep, const Band& band) const {
    const auto& opposite = book.side<!IsBuy>();
    const Rung market_rung = IsBuy ? book.ladder.market_sell() : book.ladder.market_buy();
    std::uint64_t sum = 0;
    for (Rung rung = opposite.best(); sum < wanted && (IsBuy ? rung <= limit : rung >= limit); rung = opposite.worse(rung)) {
        const std::int32_t price = rung == market_rung ? resting_market_price<!IsBuy>(book, sweep.incoming) : book.ladder.price(rung);
        if (price == 0 || !band.inside(price)) break;
        sum += opposite[rung].quantity;
    }
    return sum;
}

// What a resting market order (IsBuy: a buy) is worth to an arriving one; `incoming` 0 = the arriving one has no limit.
template <bool IsBuy>
std::int32_t Engine::resting_market_price(const Book& book, std::int32_t incoming) const {
    const Ladder& ladder = book.ladder;
    const Rung buy = book.buys.best() == ladder.market_buy() ? book.buys.worse(ladder.market_buy()) : book.buys.best();
    const Rung sell = book.sells.best() == ladder.market_sell() ? book.sells.worse(ladder.market_sell()) : book.sells.best();
    const std::int32_t best_buy = ladder.price(buy);  // 0 when there is none: both `none` rungs carry price 0
    const std::int32_t best_sell = ladder.price(sell);
    const std::int32_t base = book.base_price();
    const std::int32_t own = IsBuy ? best_buy : best_sell;
    const std::int32_t other = incoming ? incoming : IsBuy ? best_sell : best_buy;
    std::int32_t price = 0;
    if (book.config.market_price_rule == MarketPriceRule::own_side) {
        price = own ? own : base ? base : incoming;
    } else {
        for (const std::int32_t one : {base, own, other})
            if (one && (!price || (IsBuy ? one > price : one < price))) price = one;
    }
    if (incoming && (IsBuy ? price < incoming : price > incoming)) price = incoming;
    return price;
}

template <bool IsBuy>
inline void Engine::rest(Book& book, const Party& party) {
    const Slot slot = pool_.take();
    Order& resting = pool_[slot];
    static_cast<Party&>(resting) = party;
    resting.entry = ++book.entry;
    resting.book = book.number;
    resting.side = IsBuy ? Side::buy : Side::sell;
    ids_[party.id] = {slot, party.tenant};
    ++book.live;
    book.side<IsBuy>().push_back(pool_, slot);
}

inline void Engine::watch_band(Sweep& sweep, const Book& book, std::int64_t time) const {
    const BookConfig& config = book.config;
    if (config.band_ppm == 0 || time < config.band_from || time >= config.band_until) return;
    sweep.centre = band_centre(book, time);
    if (sweep.centre) sweep.band = Band::around(sweep.centre, config.band_ppm);
}

inline std::int32_t Engine::band_centre(const Book& book, std::int64_t time) const {
    const BookConfig& config = book.config;
    if (config.band_mode == 1) return book.base_price();
    if (time < config.band_open_until) return book.open ? book.open : config.reference;
    if (const std::int32_t average = book.window.average(time)) return average;
    if (config.band_fallback == 0 && book.centre_last_used) return book.centre_last_used;
    return book.base_price();
}

inline Code Engine::existing_order(const Record& record, const Book& book, std::uint8_t action, Slot& slot) {
    const Head& head = record.head;
    if (!ids_.in_range(head.order_id)) [[unlikely]] return Code::order_not_found;
    const IdTable::Entry entry = ids_[head.order_id];
    if (entry.slot == no_slot || entry.tenant != head.tenant) [[unlikely]] return Code::order_not_found;
    if (entry.slot == IdTable::done) return Code::nothing_left;
    const Order& order = pool_[entry.slot];
    if (order.book != book.number) [[unlikely]] return Code::order_not_found;
    if (order.account != head.account) [[unlikely]] return Code::account_mismatch;
    if (!(book.actions_now & action)) [[unlikely]] return action == action_reprice ? Code::reprice_not_allowed : Code::action_not_allowed_now;
    slot = entry.slot;
    return Code::ok;
}

inline void Engine::remove(Book& book, Slot slot) {
    if (pool_[slot].side == Side::buy) book.buys.remove(pool_, slot);
    else book.sells.remove(pool_, slot);
    finish(book, slot);
}

[[gnu::always_inline]] inline void Engine::cancel(const Record& command, Record& record, Book& book) {
    Slot slot = no_slot;
    if (const Code code = existing_order(command, book, action_cancel, slot); code != Code::ok) [[unlikely]] return set_code(record, code);
    record.removed = pool_[slot].leaves;
    remove(book, slot);
    accept(record, State::gone, 0);
}

void Engine::cut(Record& record, Book& book) {
    Slot slot = no_slot;
    if (const Code code = existing_order(record, book, action_cut, slot); code != Code::ok) return set_code(record, code);
    const std::uint32_t quantity = record.head.quantity;
    if (record.head.price != 0 || quantity == 0) return set_code(record, Code::price_and_quantity);
    if (quantity % book.config.lot) return set_code(record, Code::quantity_not_lot);
    Order& order = pool_[slot];
    if (quantity < order.leaves) {
        order.leaves -= quantity;
        (order.side == Side::buy ? book.buys[order.rung] : book.sells[order.rung]).quantity -= quantity;
        record.removed = quantity;
        return accept(record, State::resting, order.leaves);
    }
    if (quantity > order.leaves) set_code(record, Code::cut_to_zero);
    record.removed = order.leaves;
    remove(book, slot);
    accept(record, State::gone, 0);
}

void Engine::reprice(Record& record, Book& book, Events& events) {
    Slot slot = no_slot;
    if (const Code code = existing_order(record, book, action_reprice, slot); code != Code::ok) return set_code(record, code);
    if (record.head.quantity != 0 || record.head.price == 0) return set_code(record, Code::price_and_quantity);
    const Order& order = pool_[slot];
    if (book.ladder.price(order.rung) == 0) return set_code(record, Code::reprice_not_allowed);  // a market order
    const Rung rung = book.ladder.find(record.head.price);
    if (rung == 0) {
        const bool above = record.head.price > book.ladder.highest();
        const bool below = record.head.price < book.ladder.lowest();
        return set_code(record, above ? Code::price_above_limit_up : below ? Code::price_below_limit_down : Code::price_off_tick);
    }
    if (order.side == Side::buy) reprice_to<true>(record, book, slot, rung, events);
    else reprice_to<false>(record, book, slot, rung, events);
}

// The order leaves its queue and arrives again as a limit ROD order at `rung`.
template <bool IsBuy>
void Engine::reprice_to(Record& record, Book& book, Slot slot, Rung rung, Events& events) {
    book.side<IsBuy>().remove(pool_, slot);
    Order& order = pool_[slot];
    order.rung = rung;
    Sweep sweep;
    sweep.incoming = record.head.price;
    const auto& opposite = book.side<!IsBuy>();
    if (book.phase == Phase::continuous && (IsBuy ? opposite.best() <= rung : opposite.best() >= rung)) {
        watch_band(sweep, book, record.head.time);
        const std::uint32_t before = order.leaves;
        trade_through<IsBuy>(order, record.head.time, book, sweep, rung, events);
        record.filled = before - order.leaves;
        if (sweep.centre) book.centre_last_used = sweep.centre;
    }
    if (order.leaves == 0) {
        finish(book, slot);
        return accept(record, State::filled, 0);
    }
    accept(record, State::resting, order.leaves);
    order.entry = ++book.entry;
    book.side<IsBuy>().push_back(pool_, slot);
    if (sweep.stopped_by_band) halt(record, book, sweep, events);
}

void Engine::halt(const Record& record, Book& book, const Sweep& sweep, Events& events) {
    const std::int64_t time = record.head.time;
    book.enter(Phase::halted);
    if (!book.market_rod_allowed(Phase::halted)) remove_market_orders(time, book, events);
    const std::int64_t until = time > INT64_MAX - book.config.halt_ns ? INT64_MAX : time + book.config.halt_ns;
    events.append<HaltedRecord>() = {{Kind::halted, record_version, 0, 0, time, static_cast<std::uint64_t>(until), book.number, sweep.centre, 0, 0},
                                     record.head.order_id, sweep.outside, {0, 0}, 0};
}

}  // namespace yunhai
