// Random commands, right and wrong, on books of every kind, for the sanitizers to watch; and what must always hold.
// usage: book_stress SEEDS COMMANDS   Exits 1 and names the seed when something does not hold.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <unordered_map>

#include "engine.hpp"

namespace {

using namespace yunhai;

std::vector<std::int32_t> banded_prices(std::int32_t low, std::int32_t high) {
    std::vector<std::int32_t> out;
    for (std::int32_t price = low; price <= high; price += price < 500'000 ? 500 : price < 1'000'000 ? 1'000 : 5'000) out.push_back(price);
    return out;
}

std::vector<BookConfig> configs() {
    const std::array<std::uint8_t, phase_count> taiwan{0, 8, 63, 8, 0, 0}, open{0, 63, 63, 63, 0, 0}, actions{0, 7, 7, 7, 0, 0};
    BookConfig board;
    board.prices = banded_prices(450'000, 1'100'000);
    board.lot = 1000;
    board.max_quantity = 499'000;
    board.reference = 750'000;
    board.allowed = taiwan;
    board.actions = actions;
    board.shuffle = true;
    board.seed = 7;
    board.band_ppm = 35'000;
    board.band_open_until = 5'000'000'000;
    board.band_until = INT64_MAX;
    board.band_window_s = 10;
    board.halt_ns = 120'000'000'000;
    board.defer_ppm = 35'000;
    BookConfig foreign = board;
    foreign.prices.clear();
    for (std::int32_t price = 1; price <= 36'000; ++price) foreign.prices.push_back(price);
    foreign.reference = 0;
    foreign.lot = 1;
    foreign.max_quantity = UINT32_MAX;
    foreign.allowed = open;
    foreign.market_price_rule = MarketPriceRule::own_side;
    foreign.tie_break = 1;
    foreign.candidates = 1;
    foreign.better_filled = false;
    foreign.band_mode = 1;
    BookConfig one_price = board;
    one_price.prices = {777'000};
    one_price.band_ppm = 0;
    one_price.equal_distance = 1;
    return {board, foreign, one_price};
}

struct Failure {};
void need(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", what);
    throw Failure{};
}

struct Run {
    explicit Run(std::uint64_t seed) : random(seed), engine({48, 1, 4'000, 0}), arena((64 + 4 * 48) * 4), events(reinterpret_cast<std::byte*>(arena.data()), arena.size()) {
        if (seed % 10 == 0) time = INT64_MAX - 20'000'000'000;  // days that end where time does
        for (const BookConfig& config : configs()) prices.push_back(config.prices), engine.add_book(config);
    }
    std::uint64_t below(std::uint64_t n) { return random() % n; }

    Record command() {
        static constexpr std::array kinds{Kind::new_order, Kind::new_order, Kind::new_order, Kind::new_order, Kind::new_order, Kind::new_order, Kind::cancel, Kind::cancel,
                                          Kind::cut, Kind::reprice, Kind::reprice, Kind::phase, Kind::uncross, Kind::trial, Kind::expire};
        Record out{};
        out.head.kind = below(200) == 0 ? static_cast<Kind>(below(256)) : kinds[below(kinds.size())];
        if (out.head.kind == Kind::expire && below(8) != 0) out.head.kind = Kind::trial;
        out.head.tenant = static_cast<std::uint32_t>(1 + below(2));
        out.head.account = static_cast<std::uint32_t>(below(20) == 0 ? 9 : 1);
        const auto step = static_cast<std::int64_t>(below(4) ? below(200'000'000) : 0);
        time = std::min(time, INT64_MAX - step) + step;
        out.head.time = below(300) == 0 ? time - 1 - static_cast<std::int64_t>(below(1'000'000)) : time;
        out.head.book = static_cast<std::uint32_t>(below(100) == 0 ? below(5) : below(3));
        const auto& ladder = prices[out.head.book % 3];
        const bool is_new = out.head.kind == Kind::new_order;
        out.head.order_id = is_new && below(30) ? ++last_id : below(last_id + 3);
        const std::size_t centre = ladder.size() / 2;
        const std::size_t reach = std::min<std::size_t>(ladder.size(), 1 + below(40));
        out.head.price = ladder[std::min(ladder.size() - 1, centre - std::min(centre, reach / 2) + below(reach))];
        if (below(50) == 0) out.head.price = static_cast<std::int32_t>(random());
        const std::uint32_t lot = out.head.book == 1 ? 1 : 1000;
        out.head.quantity = lot * static_cast<std::uint32_t>(1 + below(9));
        if (below(60) == 0) out.head.quantity = static_cast<std::uint32_t>(random());
        if (out.head.kind == Kind::reprice && below(20)) out.head.quantity = 0;
        if (out.head.kind == Kind::cut && below(20)) out.head.price = 0;
        out.side = static_cast<std::uint8_t>(below(60) == 0 ? below(256) : 1 + below(2));
        if (out.head.kind == Kind::phase) out.side = static_cast<std::uint8_t>(below(12) ? 1 + below(2) : below(8));
        out.order_type = static_cast<std::uint8_t>(below(60) == 0 ? below(256) : below(5) ? 2 : 1);
        if (out.order_type == 1 && below(20)) out.head.price = 0;
        static constexpr std::array<std::uint8_t, 6> validities{0, 0, 0, 0, 3, 4};
        out.time_in_force = below(60) == 0 ? static_cast<std::uint8_t>(random()) : validities[below(validities.size())];
        return out;
    }

    // Leaves of every accepted order, kept from the events alone.
    void follow(std::size_t count) {
        const auto* records = reinterpret_cast<const Record*>(events.data());
        for (std::size_t i = 0; i < count; ++i) {
            const Record& record = records[i];
            if (record.head.kind == Kind::new_order && record.state != State::refused) {
                leaves[record.head.order_id] = record.head.quantity - record.removed;
            } else if ((record.head.kind == Kind::cancel || record.head.kind == Kind::cut) && record.state != State::refused) {
                leaves[record.head.order_id] -= record.removed;
            } else if (record.head.kind == Kind::fill) {
                std::uint64_t& left = leaves[record.head.order_id];
                need(left >= record.head.quantity, "no fill beyond the leaves");
                left -= record.head.quantity;
                const auto& fill = reinterpret_cast<const FillRecord&>(record);
                need(fill.liquidity == Liquidity::taker || left == fill.leaves, "a fill's leaves");
            } else if (record.head.kind == Kind::removed) {
                need(leaves[record.head.order_id] == record.head.quantity, "what is removed is what was left");
                leaves[record.head.order_id] = 0;
            }
        }
    }

    void check() {
        std::uint64_t expected = 0, found = 0;
        for (const auto& [id, left] : leaves) expected += left;
        for (std::uint32_t number = 0; number < 3; ++number) {
            const Book& book = engine.book(number);
            for (Rung rung = book.buys.best(); rung != book.buys.none(); rung = book.buys.worse(rung)) found += book.buys[rung].quantity;
            for (Rung rung = book.sells.best(); rung != book.sells.none(); rung = book.sells.worse(rung)) found += book.sells[rung].quantity;
            const bool both = book.buys.best() != book.buys.none() && book.sells.best() != book.sells.none();
            const bool markets_only = book.buys.best() == book.ladder.market_buy() || book.sells.best() == book.ladder.market_sell();
            need(book.phase != Phase::continuous || !both || markets_only || book.buys.best() < book.sells.best(), "a continuous book is not crossed");
        }
        need(expected == found, "orders in the books are the orders in the events");
    }

    void go(int commands) {
        for (int n = 0; n < commands; ++n) {
            const Record one = command();
            if (below(40) == 0) {
                const auto before = engine.state();
                events.clear();
                const Record& record = engine.apply(one, events);
                if (record.state == State::refused) need(engine.state() == before, "a refused command changes nothing");
            } else {
                events.clear();
                need(engine.process({&one, 1}, events) == 1, "room for one command");
            }
            follow(events.size());
            check();
            if (below(500) == 0) {
                const auto state = engine.state();
                engine.restore(state);
                need(engine.state() == state, "restored as it was");
                auto broken = state;
                broken[below(broken.size())] ^= static_cast<std::uint8_t>(1U << below(8));
                if (below(2)) broken.resize(below(broken.size()));
                try {
                    engine.restore(broken);
                } catch (const std::invalid_argument&) {
                }
                engine.restore(state);
                need(engine.state() == state, "restored after a broken state");
            }
        }
    }

    std::mt19937_64 random;
    Engine engine;
    std::vector<Record> arena;
    Events events;
    std::vector<std::vector<std::int32_t>> prices;
    std::unordered_map<std::uint64_t, std::uint64_t> leaves;
    std::int64_t time = 1;
    std::uint64_t last_id = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const int seeds = argc > 1 ? std::atoi(argv[1]) : 20;
    const int commands = argc > 2 ? std::atoi(argv[2]) : 3'000;
    for (int seed = 1; seed <= seeds; ++seed) {
        try {
            Run(static_cast<std::uint64_t>(seed)).go(commands);
        } catch (const Failure&) {
            std::fprintf(stderr, "seed %d\n", seed);
            return 1;
        }
    }
    std::printf("%d seeds x %d commands: all held\n", seeds, commands);
    return 0;
}
