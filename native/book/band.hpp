// The volatility band (瞬間價格穩定措施): its centre, from the trades of the last minutes, and what lies inside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace yunhai {

inline constexpr std::int64_t ns_per_second = 1'000'000'000;

// Sums of price x quantity and of quantity over the trades of the last `seconds` whole seconds.
class TradeWindow {
public:
    using Value = unsigned __int128;  // a trade's value fits 64 bits, a busy window's sum need not
    struct Second {
        Value value = 0;
        std::uint64_t quantity = 0;
    };

    explicit TradeWindow(std::uint32_t seconds) : ring_(seconds) {}

    void add(std::int64_t time, std::int32_t price, std::uint32_t quantity) {
        if (time >= newest_end_) [[unlikely]] advance(time);
        const std::uint64_t value = static_cast<std::uint64_t>(price) * quantity;
        newest_->value += value;
        newest_->quantity += quantity;
        total_.value += value;
        total_.quantity += quantity;
    }

    // Volume-weighted average at `time`, rounded down; 0 when the window holds no trade. Looks, changes nothing:
    // the command that asks may yet be refused.
    std::int32_t average(std::int64_t time) const {
        Second sums = total_;
        if (time >= newest_end_) {
            const std::int64_t width = static_cast<std::int64_t>(ring_.size());
            const std::int64_t last_gone = std::min(second_of(time) - width, newest_second_);
            for (std::int64_t second = std::max<std::int64_t>(newest_second_ - width + 1, 0); second <= last_gone; ++second) {
                sums.value -= ring_[place(second)].value;
                sums.quantity -= ring_[place(second)].quantity;
            }
        }
        if (sums.quantity == 0) return 0;
        const auto low = static_cast<std::uint64_t>(sums.value);
        return static_cast<std::int32_t>(sums.value == low ? low / sums.quantity : static_cast<std::uint64_t>(sums.value / sums.quantity));
    }

    // Calls visit(second, sums) for each non-empty second still inside the window at `time`, ascending.
    template <class Visit>
    void each(std::int64_t time, Visit visit) const {
        const std::int64_t now = second_of(time);
        const std::int64_t width = static_cast<std::int64_t>(ring_.size());
        for (std::int64_t second = std::max<std::int64_t>(now - width + 1, 0); second <= newest_second_; ++second) {
            const Second& sums = ring_[place(second)];
            if (sums.quantity) visit(second, sums);
        }
    }

    void restore(std::int64_t second, Second sums) {
        advance(second * ns_per_second);
        *newest_ = sums;
        total_.value += sums.value;
        total_.quantity += sums.quantity;
    }

    static std::int64_t second_of(std::int64_t time) { return time / ns_per_second; }  // the clock starts at 0

private:
    std::size_t place(std::int64_t second) const {
        return static_cast<std::size_t>(second) % ring_.size();
    }

    void advance(std::int64_t time) {
        const std::int64_t now = second_of(time);
        const std::int64_t width = static_cast<std::int64_t>(ring_.size());
        const std::int64_t steps = now - newest_second_ < width ? now - newest_second_ : width;
        for (std::int64_t second = now - steps + 1; second <= now; ++second) {
            Second& gone = ring_[place(second)];
            total_.value -= gone.value;
            total_.quantity -= gone.quantity;
            gone = {};
        }
        newest_second_ = now;
        newest_ = &ring_[place(now)];
        newest_end_ = now < INT64_MAX / ns_per_second ? (now + 1) * ns_per_second : INT64_MAX;
    }

    std::vector<Second> ring_;
    Second total_;
    Second* newest_ = nullptr;
    std::int64_t newest_second_ = -1;
    std::int64_t newest_end_ = 0;
};

// Prices low..high are inside.
struct Band {
    std::int64_t low = INT64_MIN;
    std::int64_t high = INT64_MAX;

    static Band around(std::int32_t centre, std::uint32_t ppm) {
        constexpr std::int64_t million = 1'000'000;
        const std::int64_t c = centre;
        return {(c * (million - ppm) + million - 1) / million, c * (million + ppm) / million};
    }
    bool inside(std::int64_t price) const { return low <= price && price <= high; }
};

}  // namespace yunhai
