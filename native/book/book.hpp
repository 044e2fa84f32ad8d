// One book's settings and state. What is done with them stands in engine.hpp (orders) and auction.hpp (auctions).
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "band.hpp"
#include "ladder.hpp"
#include "orders.hpp"
#include "queues.hpp"
#include "record.hpp"

namespace yunhai {

enum class MarketPriceRule : std::uint8_t { taiwan = 0, own_side = 1 };

// docs/concepts/matching.md, section 2. Prices in 1/10,000 NT$, times in ns, quantities in shares.
struct BookConfig {
    std::vector<std::int32_t> prices;
    std::uint32_t lot = 1;
    std::uint32_t max_quantity = 0;
    std::int32_t reference = 0;
    std::array<std::uint8_t, phase_count> allowed{};
    std::array<std::uint8_t, phase_count> actions{};
    bool shuffle = false;
    std::uint64_t seed = 0;
    std::uint8_t tie_break = 0;
    std::uint8_t candidates = 0;
    std::uint8_t equal_distance = 0;
    bool better_filled = true;
    MarketPriceRule market_price_rule = MarketPriceRule::taiwan;
    std::uint32_t band_ppm = 0;
    std::uint8_t band_mode = 0;
    std::uint8_t band_fallback = 0;
    std::int64_t band_from = 0;
    std::int64_t band_open_until = 0;
    std::int64_t band_until = 0;
    std::uint32_t band_window_s = 300;
    std::int64_t halt_ns = 0;
    std::uint32_t defer_ppm = 0;

    void check() const {
        if (lot == 0) throw std::invalid_argument("lot must be positive");
        if (max_quantity < lot) throw std::invalid_argument("max_quantity must be at least one lot");
        if (reference < 0) throw std::invalid_argument("reference must not be negative");
        if (band_window_s < 1 || band_window_s > 86'400) throw std::invalid_argument("band_window_s: 1 to 86400");
        if (band_ppm > 1'000'000 || defer_ppm > 1'000'000) throw std::invalid_argument("a band is at most 1000000 ppm");
        if (halt_ns < 0) throw std::invalid_argument("halt_ns must not be negative");
        if (tie_break > 1 || candidates > 1 || equal_distance > 1 || band_mode > 1 || band_fallback > 1)
            throw std::invalid_argument("an option is out of its range");
        for (const std::uint8_t mask : allowed)
            if (mask > 0b111111) throw std::invalid_argument("allowed: six bits");
        for (const std::uint8_t mask : actions)
            if (mask > 0b111) throw std::invalid_argument("actions: three bits");
    }
};

inline constexpr std::uint8_t market_rod_bit = 0;
inline constexpr std::uint8_t limit_rod_bit = 3;

struct Book {
    Book(const BookConfig& settings, std::uint32_t own_number)
        : config((settings.check(), settings)),
          number(own_number),
          lot(config.lot),
          max_quantity(config.max_quantity),
          ladder(config.prices),
          buys(ladder.top()),
          sells(ladder.top()),
          window(config.band_window_s) {
        enter(Phase::before);
    }

    template <bool IsBuy>
    auto& side() {
        if constexpr (IsBuy) return buys;
        else return sells;
    }
    bool market_rod_allowed(Phase in) const { return config.allowed[static_cast<std::size_t>(in)] >> market_rod_bit & 1; }
    std::int32_t base_price() const { return last ? last : config.reference; }
    bool holds_market_orders() const {
        return buys[ladder.market_buy()].head != no_slot || sells[ladder.market_sell()].head != no_slot;
    }

    void enter(Phase next) {
        static constexpr std::array<Code, phase_count> refusals{Code::too_early, Code::ok, Code::ok, Code::ok, Code::session_over, Code::suspended};
        phase = next;
        closed = refusals[static_cast<std::size_t>(next)];
        allowed_now = config.allowed[static_cast<std::size_t>(next)];
        actions_now = config.actions[static_cast<std::size_t>(next)];
    }

    const BookConfig config;
    std::uint32_t number;
    std::uint32_t lot;
    std::uint32_t max_quantity;
    Phase phase = Phase::before;
    std::uint8_t allowed_now = 0;  // the phase's row of the settings, at hand
    std::uint8_t actions_now = 0;
    Code closed = Code::too_early;  // why the phase takes no orders; ok when it does
    bool uncrossed = false;  // an uncross was executed: orders no longer wait for their random rank
    Ladder ladder;
    Queues<true> buys;
    Queues<false> sells;
    std::uint32_t entry = 0;
    std::uint32_t live = 0;
    std::int32_t last = 0;
    std::int32_t open = 0;
    std::int32_t centre_last_used = 0;
    TradeWindow window;
};

}  // namespace yunhai
