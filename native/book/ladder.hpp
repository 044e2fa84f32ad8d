// The day's valid prices, as rungs. Rung 1 is the lowest price, rung N the highest; rung 0 is where
// market sells wait and rung N + 1 where market buys wait, so that "better" is one comparison for all.
// A price finds its rung through runs of equal ticks (a few), by one division.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>

namespace yunhai {

using Rung = std::uint32_t;

class Ladder {
public:
    static constexpr std::size_t max_rungs = 262'000;  // three bitmap layers of 64 hold 262,144

    explicit Ladder(std::span<const std::int32_t> prices) {
        if (prices.empty() || prices.size() > max_rungs) throw std::invalid_argument("ladder: 1 to 262000 prices");
        if (prices.front() <= 0) throw std::invalid_argument("ladder: prices must be positive");
        prices_.reserve(prices.size() + 2);
        prices_.push_back(0);
        for (const std::int32_t price : prices) {
            if (price <= prices_.back()) throw std::invalid_argument("ladder: prices must ascend");
            prices_.push_back(price);
        }
        prices_.push_back(0);
        find_runs();
    }

    Rung top() const { return static_cast<Rung>(prices_.size() - 2); }
    Rung market_sell() const { return 0; }
    Rung market_buy() const { return top() + 1; }
    // Market rungs have price 0.
    std::int32_t price(Rung rung) const { return prices_[rung]; }
    std::int32_t lowest() const { return prices_[1]; }
    std::int32_t highest() const { return prices_[top()]; }

    // The rung of a price, 0 when it is on none.
    Rung find(std::int32_t price) const {
        for (const Run& run : runs_) {
            const std::uint32_t offset = static_cast<std::uint32_t>(price) - run.first;
            if (offset > run.span) continue;
            const std::uint32_t steps = offset / run.tick;
            return steps * run.tick == offset ? run.rung + steps : 0;
        }
        return 0;
    }

    // Highest rung priced at most `price` (0 if none) and lowest rung priced at least `price` (N + 1 if none).
    Rung at_most(std::int64_t price) const {
        const auto place = std::upper_bound(prices_.begin() + 1, prices_.end() - 1, price);
        return static_cast<Rung>(place - prices_.begin()) - 1;
    }
    Rung at_least(std::int64_t price) const {
        const auto place = std::lower_bound(prices_.begin() + 1, prices_.end() - 1, price);
        return static_cast<Rung>(place - prices_.begin());
    }

private:
    struct Run {
        std::uint32_t first;
        std::uint32_t span;  // last price - first
        std::uint32_t tick;
        Rung rung;
    };

    void find_runs() {
        const Rung n = top();
        for (Rung rung = 1; rung <= n;) {
            const std::int32_t first = prices_[rung];
            if (rung == n) {
                runs_.push_back({static_cast<std::uint32_t>(first), 0, 1, rung});
                break;
            }
            const std::int32_t tick = prices_[rung + 1] - first;
            Rung last = rung + 1;
            while (last < n && prices_[last + 1] - prices_[last] == tick) ++last;
            runs_.push_back({static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(prices_[last] - first), static_cast<std::uint32_t>(tick), rung});
            rung = last + 1;
        }
    }

    std::vector<std::int32_t> prices_;
    std::vector<Run> runs_;
};

}  // namespace yunhai
