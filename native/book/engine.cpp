// Orders: arriving, cancelled, cut, re-priced (matching.md sections 4 to 6).
#include "engine.hpp"

namespace yunhai {

namespace {

// Bit of an order kind in `allowed`, or 255 with the code of what is wrong.
constexpr std::uint8_t no_bit = 255;

std::uint8_t kind_bit(std::uint8_t order_type, std::uint8_t time_in_force, Code& wrong) {
    if (order_type != 1 && order_type != 2) {
        wrong = Code::bad_order_type;
        return no_bit;
    }
    const auto base = static_cast<std::uint8_t>((order_type - 1) * 3);
    switch (time_in_force) {
        case 0: return base;
        case 3: return base + 1;
        case 4: return base + 2;
        default: wrong = Code::bad_time_in_force; return no_bit;
    }
}

constexpr std::uint8_t action_cancel = 1;
constexpr std::uint8_t action_cut = 2;
constexpr std::uint8_t action_reprice = 4;

}  // namespace

Record& Engine::apply(const Record& command, Events& events) {
    Record& record = events.append<Record>();
    record = command;
    record.head.version = record_version;
    record.head.code = 0;
    record.status = 0;
    record.state = State::refused;
    record.reserved = 0;
    record.filled = record.leaves = record.removed = 0;
    record.crc = 0;
    const Kind kind = record.head.kind;
    const bool is_order = kind >= Kind::new_order && kind <= Kind::reprice;
    const bool is_control = kind >= Kind::phase && kind <= Kind::expire;
    if (is_control) record.head.order_id = record.head.quantity = 0, record.head.price = 0;
    if (record.head.time < clock_) [[unlikely]] return refused(record, Code::time_backwards);
    if (!is_order && !is_control) [[unlikely]] return refused(record, Code::unknown_command);
    if (record.head.book >= books_.size()) [[unlikely]] return refused(record, Code::unknown_book);
    Book& book = *books_[record.head.book];
    if (is_order) {
        switch (book.phase) {
            case Phase::before: return refused(record, Code::too_early);
            case Phase::after: return refused(record, Code::session_over);
            case Phase::suspended: return refused(record, Code::suspended);
            default: break;
        }
    }
    switch (kind) {
        case Kind::new_order: new_order(record, book, events); break;
        case Kind::cancel: cancel(record, book); break;
        case Kind::cut: cut(record, book); break;
        case Kind::reprice: reprice(record, book, events); break;
        case Kind::phase: change_phase(record, book, events); break;
        case Kind::uncross: uncross(record, book, events); break;
        case Kind::trial: trial(record, book); break;
        default: expire(record, book, events); break;
    }
    return record;
}

std::size_t Engine::process(std::span<const Record> commands, Events& events) {
    std::size_t done = 0;
    for (const Record& command : commands) {
        if (events.room() < worst_case_events()) break;
        apply(command, events);
        ++done;
    }
    return done;
}

Code Engine::price_to_rung(const Book& book, std::int32_t price, Rung& rung) const {
    if (price > book.ladder.highest()) return Code::price_above_limit_up;
    if (price < book.ladder.lowest()) return Code::price_below_limit_down;
    rung = book.ladder.find(price);
    return rung ? Code::ok : Code::price_off_tick;
}

void Engine::new_order(Record& record, Book& book, Events& events) {
    const Head& head = record.head;
    const auto phase = static_cast<std::size_t>(book.phase);
    const bool buy = record.side == static_cast<std::uint8_t>(Side::buy);
    if (!buy && record.side != static_cast<std::uint8_t>(Side::sell)) return refuse(record, Code::bad_side);
    Code wrong = Code::ok;
    const std::uint8_t bit = kind_bit(record.order_type, record.time_in_force, wrong);
    if (bit == no_bit) return refuse(record, wrong);
    if (!(book.config.allowed[phase] >> bit & 1)) return refuse(record, Code::kind_not_allowed_now);
    if (head.quantity == 0) return refuse(record, Code::quantity_zero);
    if (head.quantity % book.config.lot) return refuse(record, Code::quantity_not_lot);
    if (head.quantity > book.config.max_quantity) return refuse(record, Code::quantity_over_maximum);
    Rung rung = buy ? book.ladder.market_buy() : book.ladder.market_sell();
    if (record.order_type == static_cast<std::uint8_t>(OrderType::market)) {
        if (head.price != 0) return refuse(record, Code::price_on_market_order);
    } else if (wrong = price_to_rung(book, head.price, rung); wrong != Code::ok) {
        return refuse(record, wrong);
    }
    if (!ids_.in_range(head.order_id)) return refuse(record, Code::order_id_out_of_range);
    IdTable::Entry& entry = ids_[head.order_id];
    if (entry.slot != no_slot) return refuse(record, Code::duplicate_order);
    if (pool_.full()) return refuse(record, Code::book_full);

    if (book.phase == Phase::continuous) {
        if (buy) arrive_continuous<true>(record, book, rung, events);
        else arrive_continuous<false>(record, book, rung, events);
        return;
    }
    if (record.time_in_force != static_cast<std::uint8_t>(TimeInForce::rod)) return refuse(record, Code::not_filled);
    const Order order{head.order_id, no_slot, no_slot, head.quantity, rung, head.tenant, head.account, 0, book.number,
                      buy ? Side::buy : Side::sell};
    accept(record, State::resting, head.quantity);
    if (buy) rest<true>(book, order);
    else rest<false>(book, order);
}

template <bool IsBuy>
void Engine::arrive_continuous(Record& record, Book& book, Rung rung, Events& events) {
    const Head& head = record.head;
    const bool market = rung == book.ladder.market_buy() || rung == book.ladder.market_sell();
    const Rung limit = market ? (IsBuy ? book.ladder.top() : 1) : rung;
    auto& opposite = book.side<!IsBuy>();
    Arrival arriving{Order{head.order_id, no_slot, no_slot, head.quantity, rung, head.tenant, head.account, 0, book.number,
                           IsBuy ? Side::buy : Side::sell},
                     head.time, market};
    Sweep sweep;
    Band band;
    const auto tif = static_cast<TimeInForce>(record.time_in_force);
    const bool crosses = IsBuy ? opposite.best() <= limit : opposite.best() >= limit;
    const bool fok = tif == TimeInForce::fok;
    if (crosses) {
        sweep.centre = band_centre(book, head.time);
        if (sweep.centre) {
            sweep.band_looked_at = true;
            band = Band::around(sweep.centre, book.config.band_ppm);
        }
        if (fok && available<IsBuy>(book, limit, head.quantity, band, market) < head.quantity) {
            const bool enough = available<IsBuy>(book, limit, head.quantity, Band{}, market) >= head.quantity;
            return refuse(record, enough ? Code::outside_band : Code::not_filled);
        }
        trade_through<IsBuy>(arriving, book, sweep, limit, events);
    }
    const std::uint32_t leaves = arriving.order.leaves;
    const bool untouched = leaves == head.quantity;
    const bool rod = tif == TimeInForce::rod;
    if (untouched && sweep.stopped_by_band && (market || !rod)) return refuse(record, Code::outside_band);
    if (untouched && !rod) return refuse(record, Code::not_filled);

    record.filled = head.quantity - leaves;
    if (sweep.band_looked_at) book.centre_last_used = sweep.centre;
    ids_[head.order_id] = {IdTable::done, head.tenant};
    if (leaves == 0) return accept(record, State::filled, 0);
    if (!rod || (market && sweep.stopped_by_band)) {
        if (sweep.stopped_by_band) refuse(record, Code::band_remainder_removed);  // a notice: the order stands as traded
        record.removed = leaves;
        return accept(record, State::gone, 0);
    }
    accept(record, State::resting, leaves);
    rest<IsBuy>(book, arriving.order);
    if (sweep.stopped_by_band) halt(record, book, sweep, events);
}

// Trades `arriving` against the other side, best first, until its limit, the band or its quantity ends it.
template <bool IsBuy>
void Engine::trade_through(Arrival& arriving, Book& book, Sweep& sweep, Rung limit, Events& events) {
    auto& opposite = book.side<!IsBuy>();
    const Rung market_rung = IsBuy ? book.ladder.market_sell() : book.ladder.market_buy();
    const Band band = sweep.band_looked_at ? Band::around(sweep.centre, book.config.band_ppm) : Band{};
    const std::int32_t incoming = arriving.market ? 0 : book.ladder.price(arriving.order.rung);
    while (arriving.order.leaves && (IsBuy ? opposite.best() <= limit : opposite.best() >= limit)) {
        const Rung rung = opposite.best();
        const std::int32_t price = rung == market_rung ? resting_market_price<!IsBuy>(book, incoming) : book.ladder.price(rung);
        if (price == 0) [[unlikely]] break;  // market meets market and no price exists
        if (!band.inside(price)) [[unlikely]] {
            sweep.stopped_by_band = true;
            sweep.outside = price;
            break;
        }
        do fill_head<IsBuy>(arriving, book, price, events);
        while (arriving.order.leaves && opposite.best() == rung);
    }
}

template <bool IsBuy>
void Engine::fill_head(Arrival& arriving, Book& book, std::int32_t price, Events& events) {
    auto& opposite = book.side<!IsBuy>();
    Queue& queue = opposite[opposite.best()];
    const Slot slot = queue.head;
    Order& resting = pool_[slot];
    Order& taker = arriving.order;
    const std::uint32_t quantity = std::min(taker.leaves, resting.leaves);
    taker.leaves -= quantity;
    resting.leaves -= quantity;
    queue.quantity -= quantity;
    Record by;
    by.head.time = arriving.time;
    constexpr auto side = static_cast<std::uint8_t>(IsBuy ? Side::buy : Side::sell);
    if constexpr (IsBuy) write_trade(by, book, price, quantity, taker, resting, side, events);
    else write_trade(by, book, price, quantity, resting, taker, side, events);
    if (resting.leaves == 0) {
        opposite.pop_best(pool_);
        finish(book, slot);
    }
}

// Shares that an arriving order could trade within its limit and the band, counted up to `wanted`.
template <bool IsBuy>
std::uint64_t Engine::available(Book& book, Rung limit, std::uint64_t wanted, const Band& band, bool market) const {
    auto& opposite = book.side<!IsBuy>();
    const Rung market_rung = IsBuy ? book.ladder.market_sell() : book.ladder.market_buy();
    std::uint64_t sum = 0;
    for (Rung rung = opposite.best(); sum < wanted && (IsBuy ? rung <= limit : rung >= limit); rung = opposite.worse(rung)) {
        const std::int32_t incoming = market ? 0 : book.ladder.price(limit);
        const std::int32_t price = rung == market_rung ? resting_market_price<!IsBuy>(book, incoming) : book.ladder.price(rung);
        if (price == 0 || !band.inside(price)) break;
        sum += opposite[rung].quantity;
    }
    return sum;
}

// What a resting market order (IsBuy: a buy) is worth to an arriving one; `incoming` 0 = the arriving one has no limit.
template <bool IsBuy>
std::int32_t Engine::resting_market_price(const Book& book, std::int32_t incoming) const {
    const Ladder& ladder = book.ladder;
    const Rung market_buy = ladder.market_buy();
    const Rung buy = book.buys.best() == market_buy ? book.buys.worse(market_buy) : book.buys.best();
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
void Engine::rest(Book& book, const Order& order) {
    const Slot slot = pool_.take();
    Order& resting = pool_[slot];
    resting = order;
    resting.entry = ++book.entry;
    ids_[order.id] = {slot, order.tenant};
    ++book.live;
    book.side<IsBuy>().push_back(pool_, slot);
}

void Engine::finish(Book& book, Slot slot) {
    ids_[pool_[slot].id].slot = IdTable::done;
    pool_.give_back(slot);
    --book.live;
}

std::int32_t Engine::band_centre(Book& book, std::int64_t time) const {
    const BookConfig& config = book.config;
    if (config.band_ppm == 0 || time < config.band_from || time >= config.band_until) return 0;
    if (config.band_mode == 1) return book.base_price();
    if (time < config.band_open_until) return book.open ? book.open : config.reference;
    if (const std::int32_t average = book.window.average(time)) return average;
    if (config.band_fallback == 0 && book.centre_last_used) return book.centre_last_used;
    return book.base_price();
}

void Engine::write_trade(const Record& by, Book& book, std::int32_t price, std::uint32_t quantity, const Order& buy, const Order& sell,
                         std::uint8_t taker_side, Events& events) {
    const std::int64_t time = by.head.time;
    const std::uint64_t trade = next_trade_++;
    const bool auction = taker_side == 0;
    events.append<TradeRecord>() = {
        {Kind::trade, record_version, 0, 0, time, trade, book.number, price, quantity, 0}, buy.id, sell.id, auction, taker_side, 0, 0};
    const auto liquidity = [=](Side side) {
        if (auction) return Liquidity::auction;
        return static_cast<std::uint8_t>(side) == taker_side ? Liquidity::taker : Liquidity::maker;
    };
    for (const auto& [order, side] : {std::pair{&buy, Side::buy}, std::pair{&sell, Side::sell}}) {
        events.append<FillRecord>() = {{Kind::fill, record_version, 0, order->tenant, time, order->id, book.number, price, quantity, order->account},
                                       trade, order->leaves, side, liquidity(side), 0, 0, 0};
    }
    book.last = price;
    if (book.open == 0) [[unlikely]] book.open = price;
    book.window.add(time, price, quantity);
}

Code Engine::existing_order(const Record& record, const Book& book, std::uint8_t action, Slot& slot) {
    const Head& head = record.head;
    if (!ids_.in_range(head.order_id)) return Code::order_not_found;
    const IdTable::Entry entry = ids_[head.order_id];
    if (entry.slot == no_slot || entry.tenant != head.tenant) return Code::order_not_found;
    if (entry.slot == IdTable::done) return Code::nothing_left;
    const Order& order = pool_[entry.slot];
    if (order.book != book.number) return Code::order_not_found;
    if (order.account != head.account) return Code::account_mismatch;
    if (!(book.config.actions[static_cast<std::size_t>(book.phase)] & action)) return Code::action_not_allowed_now;
    slot = entry.slot;
    return Code::ok;
}

void Engine::cancel(Record& record, Book& book) {
    Slot slot = no_slot;
    if (const Code code = existing_order(record, book, action_cancel, slot); code != Code::ok) return refuse(record, code);
    const Order& order = pool_[slot];
    record.removed = order.leaves;
    if (order.side == Side::buy) book.buys.remove(pool_, slot);
    else book.sells.remove(pool_, slot);
    finish(book, slot);
    accept(record, State::gone, 0);
}

void Engine::cut(Record& record, Book& book) {
    Slot slot = no_slot;
    if (const Code code = existing_order(record, book, action_cut, slot); code != Code::ok) return refuse(record, code);
    const std::uint32_t quantity = record.head.quantity;
    if (record.head.price != 0 || quantity == 0) return refuse(record, Code::price_and_quantity);
    if (quantity % book.config.lot) return refuse(record, Code::quantity_not_lot);
    Order& order = pool_[slot];
    if (quantity < order.leaves) {
        order.leaves -= quantity;
        Queue& queue = order.side == Side::buy ? book.buys[order.rung] : book.sells[order.rung];
        queue.quantity -= quantity;
        record.removed = quantity;
        return accept(record, State::resting, order.leaves);
    }
    if (quantity > order.leaves) refuse(record, Code::cut_to_zero);  // a notice: accepted
    record.removed = order.leaves;
    if (order.side == Side::buy) book.buys.remove(pool_, slot);
    else book.sells.remove(pool_, slot);
    finish(book, slot);
    accept(record, State::gone, 0);
}

void Engine::reprice(Record& record, Book& book, Events& events) {
    Slot slot = no_slot;
    if (const Code code = existing_order(record, book, action_reprice, slot); code != Code::ok) return refuse(record, code);
    if (record.head.quantity != 0 || record.head.price == 0) return refuse(record, Code::price_and_quantity);
    const Order& order = pool_[slot];
    if (order.rung == book.ladder.market_buy() || order.rung == book.ladder.market_sell()) return refuse(record, Code::reprice_not_allowed);
    Rung rung = 0;
    if (const Code code = price_to_rung(book, record.head.price, rung); code != Code::ok) return refuse(record, code);
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
    auto& opposite = book.side<!IsBuy>();
    if (book.phase == Phase::continuous && (IsBuy ? opposite.best() <= rung : opposite.best() >= rung)) {
        sweep.centre = band_centre(book, record.head.time);
        sweep.band_looked_at = sweep.centre != 0;
        Arrival arriving{order, record.head.time, false};
        const std::uint32_t before = order.leaves;
        trade_through<IsBuy>(arriving, book, sweep, rung, events);
        order.leaves = arriving.order.leaves;
        record.filled = before - order.leaves;
        if (sweep.band_looked_at) book.centre_last_used = sweep.centre;
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
    book.phase = Phase::halted;
    if (!book.market_rod_allowed(Phase::halted)) remove_market_orders(time, book, events);
    events.append<HaltedRecord>() = {{Kind::halted, record_version, 0, 0, time, static_cast<std::uint64_t>(time + book.config.halt_ns), book.number,
                                      sweep.centre, 0, 0},
                                     record.head.order_id, sweep.outside, {0, 0}, 0};
}

}  // namespace yunhai
