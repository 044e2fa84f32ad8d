// The call auction (集合競價): matching.md section 7.
//
// Pairing buys and sells from the best of each side until they no longer cross gives the greatest volume V any
// single price can have. Four walks along the crossing queues then bound the prices that give it: D(p) >= V and
// S(p) >= V bound the tied range, D(p + 1) <= V and S(p - 1) <= V say that better-priced orders are filled.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "book.hpp"

namespace yunhai {

struct AuctionResult {
    Rung rung = 0;
    std::int32_t price = 0;
    std::uint64_t volume = 0;
};

namespace auction_detail {

inline std::uint64_t greatest_volume(const Book& book) {
    Rung buy = book.buys.best();
    Rung sell = book.sells.best();
    std::uint64_t buy_left = buy == book.buys.none() ? 0 : book.buys[buy].quantity;
    std::uint64_t sell_left = sell == book.sells.none() ? 0 : book.sells[sell].quantity;
    std::uint64_t volume = 0;
    while (buy != book.buys.none() && sell != book.sells.none() && buy >= sell) {
        const std::uint64_t paired = std::min(buy_left, sell_left);
        volume += paired;
        if ((buy_left -= paired) == 0) {
            buy = book.buys.worse(buy);
            if (buy != book.buys.none()) buy_left = book.buys[buy].quantity;
        }
        if ((sell_left -= paired) == 0) {
            sell = book.sells.worse(sell);
            if (sell != book.sells.none()) sell_left = book.sells[sell].quantity;
        }
    }
    return volume;
}

// The rung at which the side's cumulative quantity, from its best on, first reaches `volume`; none if it never does.
template <class Side>
Rung reaches(const Side& side, std::uint64_t volume) {
    std::uint64_t sum = 0;
    Rung rung = side.best();
    for (; rung != side.none(); rung = side.worse(rung))
        if ((sum += side[rung].quantity) >= volume) break;
    return rung;
}

struct Range {
    Rung low;
    Rung high;
};

inline Range tied_range(const Book& book, std::uint64_t volume) {
    const Rung top = book.ladder.top();
    const Rung buy_full = reaches(book.buys, volume);  // highest p with D(p) >= V; market rung N + 1: every p
    const Rung sell_full = reaches(book.sells, volume);
    const Range tied{std::max<Rung>(sell_full, 1), std::min(buy_full, top)};
    if (!book.config.better_filled) return tied;
    const Rung buy_over = reaches(book.buys, volume + 1);  // highest p with D(p) > V
    const Rung sell_over = reaches(book.sells, volume + 1);
    const bool buys_fit = buy_over != book.ladder.market_buy();
    const bool sells_fit = sell_over != book.ladder.market_sell();
    const Rung low = std::max(tied.low, buy_over == book.buys.none() ? 1 : buy_over);
    const Rung high = std::min(tied.high, sell_over == book.sells.none() ? top : sell_over);
    return buys_fit && sells_fit && low <= high ? Range{low, high} : tied;
}

// Lowest candidate >= rung and highest candidate <= rung within the range, 0 if none.
inline Rung candidate_at_least(const Book& book, Range range, Rung rung, bool with_order) {
    rung = std::max(rung, range.low);
    if (with_order && rung <= range.high) {
        const Rung beyond = range.high + 1;
        rung = std::min(book.buys.used().at_least(rung, beyond), book.sells.used().at_least(rung, beyond));
    }
    return rung <= range.high ? rung : 0;
}
inline Rung candidate_at_most(const Book& book, Range range, Rung rung, bool with_order) {
    rung = std::min(rung, range.high);
    if (with_order && rung >= range.low)
        rung = std::max(book.buys.used().at_most(rung, 0), book.sells.used().at_most(rung, 0));
    return rung >= range.low ? rung : 0;
}

inline Rung choose(const Book& book, Range range) {
    const Ladder& ladder = book.ladder;
    const bool with_order = book.config.candidates == 1 && candidate_at_least(book, range, range.low, true) != 0;
    std::int64_t twice_target = 2LL * book.base_price();
    if (book.config.tie_break == 1 || twice_target == 0) {
        const Rung low = candidate_at_least(book, range, range.low, with_order);
        const Rung high = candidate_at_most(book, range, range.high, with_order);
        twice_target = std::int64_t{ladder.price(low)} + ladder.price(high);
    }
    const Rung split = ladder.at_most(twice_target >> 1);
    const Rung below = candidate_at_most(book, range, split, with_order);
    const Rung above = candidate_at_least(book, range, split + 1, with_order);
    if (!below || !above) return below ? below : above;
    const std::int64_t down = twice_target - 2LL * ladder.price(below);
    const std::int64_t up = 2LL * ladder.price(above) - twice_target;
    if (down != up) return down < up ? below : above;
    return book.config.equal_distance == 0 ? above : below;
}

}  // namespace auction_detail

inline std::optional<AuctionResult> auction_price(const Book& book) {
    const std::uint64_t volume = auction_detail::greatest_volume(book);
    if (volume == 0) return std::nullopt;
    const Rung rung = auction_detail::choose(book, auction_detail::tied_range(book, volume));
    return AuctionResult{rung, book.ladder.price(rung), volume};
}

// Splitmix64's output function: the random rank of an order entered before the book's first uncross.
inline std::uint64_t mix(std::uint64_t seed, std::uint64_t n) {
    std::uint64_t z = seed + n * 0x9E37'79B9'7F4A'7C15ULL;
    z ^= z >> 30;
    z *= 0xBF58'476D'1CE4'E5B9ULL;
    z ^= z >> 27;
    z *= 0x94D0'49BB'1331'11EBULL;
    return z ^ z >> 31;
}

// Puts every queue of a side in the order of the random rank. `scratch` has room for every live order.
template <class Side>
void shuffle_side(Side& side, OrderPool& pool, std::uint64_t seed, std::vector<Slot>& scratch) {
    for (Rung rung = side.best(); rung != side.none(); rung = side.worse(rung)) {
        Queue& queue = side[rung];
        scratch.clear();
        for (Slot slot = queue.head; slot != no_slot; slot = pool[slot].next) scratch.push_back(slot);
        std::sort(scratch.begin(), scratch.end(), [&](Slot left, Slot right) {
            const std::uint64_t a = mix(seed, pool[left].entry);
            const std::uint64_t b = mix(seed, pool[right].entry);
            return a != b ? a < b : pool[left].entry < pool[right].entry;
        });
        Slot prev = no_slot;
        for (const Slot slot : scratch) {
            pool[slot].prev = prev;
            pool[slot].next = no_slot;
            if (prev != no_slot) pool[prev].next = slot;
            prev = slot;
        }
        queue.head = scratch.front();
        queue.tail = scratch.back();
    }
}

}  // namespace yunhai
