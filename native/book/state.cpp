// The canonical dump of an engine (docs/reference/records.md section 5) and its reading back.
#include <cstring>
#include <stdexcept>

#include "engine.hpp"

namespace yunhai {

namespace {

class Writer {
public:
    template <class T>
    void put(T value) {
        static_assert(std::is_integral_v<T>);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
        out_.insert(out_.end(), bytes, bytes + sizeof(T));
    }
    void zeros(std::size_t count) { out_.insert(out_.end(), count, 0); }
    std::vector<std::uint8_t> take() { return std::move(out_); }

private:
    std::vector<std::uint8_t> out_;
};

class Reader {
public:
    explicit Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
    template <class T>
    T get() {
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }
    void skip(std::size_t count) { take(count); }
    bool finished() const { return bytes_.empty(); }
    std::size_t left() const { return bytes_.size(); }

private:
    std::span<const std::uint8_t> take(std::size_t count) {
        if (bytes_.size() < count) throw std::invalid_argument("state: cut short");
        const auto taken = bytes_.first(count);
        bytes_ = bytes_.subspan(count);
        return taken;
    }
    std::span<const std::uint8_t> bytes_;
};

void need(bool holds, const char* why) {
    if (!holds) throw std::invalid_argument(why);
}

template <class Side>
void put_side(Writer& out, const Book& book, const Side& side, const OrderPool& pool) {
    std::uint32_t count = 0;
    for (Rung rung = side.best(); rung != side.none(); rung = side.worse(rung))
        for (Slot slot = side[rung].head; slot != no_slot; slot = pool[slot].next) ++count;
    out.put(count);
    out.put(std::uint32_t{0});
    for (Rung rung = side.best(); rung != side.none(); rung = side.worse(rung)) {
        for (Slot slot = side[rung].head; slot != no_slot; slot = pool[slot].next) {
            const Order& order = pool[slot];
            out.put(order.id);
            out.put(book.ladder.price(rung));
            out.put(order.leaves);
            out.put(order.entry);
            out.put(order.tenant);
            out.put(order.account);
            out.put(std::uint32_t{0});
        }
    }
}

}  // namespace

std::vector<std::uint8_t> Engine::state() const {
    Writer out;
    out.put(clock_);
    out.put(next_trade_);
    out.put(static_cast<std::uint32_t>(books_.size()));
    out.put(pool_.live());
    for (const auto& book : books_) {
        out.put(static_cast<std::uint8_t>(book->phase));
        out.put(static_cast<std::uint8_t>(book->uncrossed));
        out.zeros(6);
        out.put(book->entry);
        out.put(book->live);
        out.put(book->last);
        out.put(book->open);
        out.put(book->centre_last_used);
        out.put(std::int32_t{0});
        std::uint32_t seconds = 0;
        book->window.each(clock_, [&](std::int64_t, const TradeWindow::Second&) { ++seconds; });
        out.put(seconds);
        out.put(std::uint32_t{0});
        book->window.each(clock_, [&](std::int64_t second, const TradeWindow::Second& sums) {
            out.put(second);
            out.put(static_cast<std::uint64_t>(sums.value));
            out.put(static_cast<std::uint64_t>(sums.value >> 64));
            out.put(sums.quantity);
        });
        put_side(out, *book, book->buys, pool_);
        put_side(out, *book, book->sells, pool_);
    }
    std::uint32_t used = 0;
    for (const IdTable::Entry& entry : ids_.entries()) used += entry.slot != no_slot;
    out.put(used);
    out.put(std::uint32_t{0});
    for (std::size_t place = 0; place < ids_.entries().size(); ++place) {
        const IdTable::Entry& entry = ids_.entries()[place];
        if (entry.slot == no_slot) continue;
        out.put(ids_.first() + place);
        out.put(entry.tenant);
        out.put(static_cast<std::uint8_t>(entry.slot != IdTable::done));
        out.zeros(3);
    }
    return out.take();
}

void Engine::restore(std::span<const std::uint8_t> state) {
    Reader in(state);
    const auto clock = in.get<std::int64_t>();
    const auto next_trade = in.get<std::uint64_t>();
    need(in.get<std::uint32_t>() == books_.size(), "state: another number of books");
    const auto live = in.get<std::uint32_t>();
    need(live <= pool_.capacity(), "state: more orders than this engine holds");
    need(clock >= 0, "state: a negative clock");
    need(next_trade >= 1, "state: trades count from 1");

    // Built aside and swapped in whole, so that a bad state changes nothing.
    OrderPool pool(pool_.capacity());
    IdTable ids(ids_.first(), static_cast<std::uint32_t>(ids_.entries().size()));
    std::vector<std::unique_ptr<Book>> books;
    for (const auto& old : books_) {
        auto book = std::make_unique<Book>(old->config, old->number);
        const auto phase = in.get<std::uint8_t>();
        need(phase < phase_count, "state: no such phase");
        book->enter(static_cast<Phase>(phase));
        book->uncrossed = in.get<std::uint8_t>() != 0;
        in.skip(6);
        book->entry = in.get<std::uint32_t>();
        book->live = in.get<std::uint32_t>();
        book->last = in.get<std::int32_t>();
        book->open = in.get<std::int32_t>();
        book->centre_last_used = in.get<std::int32_t>();
        need(book->last >= 0 && book->open >= 0 && book->centre_last_used >= 0, "state: a negative price");
        in.skip(4);
        const auto seconds = in.get<std::uint32_t>();
        in.skip(4);
        std::int64_t before = -1;
        for (std::uint32_t n = 0; n < seconds; ++n) {
            const auto second = in.get<std::int64_t>();
            const auto value_low = in.get<std::uint64_t>();
            const auto value_high = in.get<std::uint64_t>();
            const auto quantity = in.get<std::uint64_t>();
            need(second > before && second <= clock / ns_per_second, "state: a second out of order");
            need(second > clock / ns_per_second - std::int64_t{old->config.band_window_s}, "state: a second before the window");
            before = second;
            book->window.restore(second, {static_cast<TradeWindow::Value>(value_high) << 64 | value_low, quantity});
        }
        std::uint32_t resting = 0;
        for (const Side side : {Side::buy, Side::sell}) {
            const auto count = in.get<std::uint32_t>();
            in.skip(4);
            for (std::uint32_t n = 0; n < count; ++n, ++resting) {
                Order order{};
                order.id = in.get<std::uint64_t>();
                const auto price = in.get<std::int32_t>();
                order.leaves = in.get<std::uint32_t>();
                order.entry = in.get<std::uint32_t>();
                order.tenant = in.get<std::uint32_t>();
                order.account = in.get<std::uint32_t>();
                in.skip(4);
                order.book = book->number;
                order.side = side;
                if (price == 0) order.rung = side == Side::buy ? book->ladder.market_buy() : book->ladder.market_sell();
                else order.rung = book->ladder.find(price);
                need(price == 0 || order.rung != 0, "state: a price off the ladder");
                need(!pool.full() && ids.in_range(order.id) && order.leaves > 0, "state: an order that cannot be");
                need(ids[order.id].slot == no_slot, "state: an order twice");
                const Slot slot = pool.take();
                pool[slot] = order;
                ids[order.id] = {slot, order.tenant};
                if (side == Side::buy) book->buys.push_back(pool, slot);
                else book->sells.push_back(pool, slot);
            }
        }
        need(resting == book->live, "state: another number of orders in a book");
        books.push_back(std::move(book));
    }
    need(pool.live() == live, "state: another number of live orders");
    const auto used = in.get<std::uint32_t>();
    in.skip(4);
    std::uint32_t live_ids = 0;
    std::uint64_t before_id = 0;
    for (std::uint32_t n = 0; n < used; ++n) {
        const auto id = in.get<std::uint64_t>();
        const auto tenant = in.get<std::uint32_t>();
        const bool is_live = in.get<std::uint8_t>() != 0;
        in.skip(3);
        need(ids.in_range(id) && (n == 0 || id > before_id), "state: an id out of range or order");
        before_id = id;
        IdTable::Entry& entry = ids[id];
        need(is_live == (entry.slot != no_slot) && (!is_live || entry.tenant == tenant), "state: an id that disagrees with the books");
        live_ids += is_live;
        if (!is_live) entry = {IdTable::done, tenant};
    }
    need(live_ids == live && in.finished(), "state: ids and orders disagree");

    clock_ = clock;
    next_trade_ = next_trade;
    pool_ = std::move(pool);
    ids_ = std::move(ids);
    books_ = std::move(books);
}

}  // namespace yunhai
