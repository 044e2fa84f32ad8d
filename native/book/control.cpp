// Controls: phases, auctions, the end of a session (matching.md sections 3 and 7).
#include "engine.hpp"

#include "trade.hpp"

namespace yunhai {

void Engine::apply_control(Record& record, Events& events) {
    const bool known = record.head.kind >= Kind::phase && record.head.kind <= Kind::expire;
    if (known) {
        record.head.order_id = 0;
        record.head.price = 0;
        record.head.quantity = 0;
    } else {
        record.head.kind = Kind::none;  // so that what was refused can never be read as an event
    }
    if (record.head.time < clock_) return set_code(record, Code::time_backwards);
    if (!known) return set_code(record, Code::unknown_command);
    if (record.head.book >= books_.size()) return set_code(record, Code::unknown_book);
    Book& book = *books_[record.head.book];
    switch (record.head.kind) {
        case Kind::phase: return change_phase(record, book, events);
        case Kind::uncross: return uncross(record, book, events);
        case Kind::trial: return trial(record, book);
        default: return expire(record, book, events);
    }
}

void Engine::change_phase(Record& record, Book& book, Events& events) {
    const std::uint8_t wanted = record.side;
    if (wanted >= phase_count) return set_code(record, Code::bad_phase);
    const auto phase = static_cast<Phase>(wanted);
    const bool both = book.buys.best() != book.buys.none() && book.sells.best() != book.sells.none();
    if (phase == Phase::continuous && both && book.buys.best() >= book.sells.best()) return set_code(record, Code::book_crossed);
    accept(record, State::resting, 0);
    record.order_type = static_cast<std::uint8_t>(book.phase);
    book.enter(phase);
    if (book.holds_market_orders() && !book.market_rod_allowed(phase)) remove_market_orders(record.head.time, book, events);
}

void Engine::trial(Record& record, Book& book) {
    if (book.phase != Phase::collect && book.phase != Phase::halted) return set_code(record, Code::not_an_auction_phase);
    if (const auto result = auction_price(book)) {
        record.head.price = result->price;
        record.head.order_id = result->volume;
    }
    accept(record, State::resting, 0);
}

void Engine::uncross(Record& record, Book& book, Events& events) {
    if (book.phase != Phase::collect && book.phase != Phase::halted) return set_code(record, Code::not_an_auction_phase);
    const auto result = auction_price(book);
    if (result) {
        record.head.price = result->price;
        record.head.order_id = result->volume;
        const std::uint32_t ppm = book.config.defer_ppm;
        if (record.side == 1 && ppm && book.last && !Band::around(book.last, ppm).inside(result->price)) {
            set_code(record, Code::uncross_deferred);  // a notice: the auction is put off
            return accept(record, State::resting, 0);
        }
    }
    if (!book.uncrossed) {
        book.uncrossed = true;
        if (book.config.shuffle) {
            shuffle_side(book.buys, pool_, book.config.seed, scratch_);
            shuffle_side(book.sells, pool_, book.config.seed, scratch_);
        }
    }
    accept(record, State::resting, 0);
    if (result) execute_uncross(record, book, *result, events);
}

void Engine::execute_uncross(const Record& record, Book& book, AuctionResult result, Events& events) {
    for (std::uint64_t left = result.volume; left != 0;) {
        Queue& buy_queue = book.buys[book.buys.best()];
        Queue& sell_queue = book.sells[book.sells.best()];
        const Slot buy_slot = buy_queue.head;
        const Slot sell_slot = sell_queue.head;
        Order& buy = pool_[buy_slot];
        Order& sell = pool_[sell_slot];
        const auto quantity = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, std::min(buy.leaves, sell.leaves)));
        left -= quantity;
        buy.leaves -= quantity;
        sell.leaves -= quantity;
        buy_queue.quantity -= quantity;
        sell_queue.quantity -= quantity;
        write_trade<Taker::auction>(record.head.time, book, result.price, quantity, buy, sell, events);
        if (buy.leaves == 0) {
            book.buys.pop_best(pool_);
            finish(book, buy_slot);
        }
        if (sell.leaves == 0) {
            book.sells.pop_best(pool_);
            finish(book, sell_slot);
        }
    }
}

void Engine::expire(Record& record, Book& book, Events& events) {
    accept(record, State::resting, 0);
    while (book.buys.best() != book.buys.none())
        remove_queue<true>(record.head.time, book, book.buys.best(), RemovalReason::session_end, events);
    while (book.sells.best() != book.sells.none())
        remove_queue<false>(record.head.time, book, book.sells.best(), RemovalReason::session_end, events);
}

void Engine::remove_market_orders(std::int64_t time, Book& book, Events& events) {
    remove_queue<true>(time, book, book.ladder.market_buy(), RemovalReason::market_not_allowed, events);
    remove_queue<false>(time, book, book.ladder.market_sell(), RemovalReason::market_not_allowed, events);
}

template <bool IsBuy>
void Engine::remove_queue(std::int64_t time, Book& book, Rung rung, RemovalReason reason, Events& events) {
    auto& side = book.side<IsBuy>();
    const bool market = rung == book.ladder.market_buy() || rung == book.ladder.market_sell();
    while (side[rung].head != no_slot) {
        const Slot slot = side[rung].head;
        const Order& order = pool_[slot];
        events.append<RemovedRecord>() = {{Kind::removed, record_version, static_cast<std::uint16_t>(reason), order.tenant, time, order.id, book.number,
                                           book.ladder.price(rung), order.leaves, order.account},
                                          order.side, market ? OrderType::market : OrderType::limit, {}, 0};
        side.remove(pool_, slot);
        finish(book, slot);
    }
}

}  // namespace yunhai
