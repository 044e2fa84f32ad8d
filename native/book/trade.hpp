// Writing a trade: the exchange's record and one for each side, and what the book remembers of it.
#pragma once

#include "engine.hpp"

namespace yunhai {

template <Engine::Taker By>
inline void Engine::write_trade(std::int64_t time, Book& book, std::int32_t price, std::uint32_t quantity, const Party& buy, const Party& sell,
                                Events& events) {
    constexpr bool auction = By == Taker::auction;
    constexpr Liquidity buy_role = auction ? Liquidity::auction : By == Taker::buy ? Liquidity::taker : Liquidity::maker;
    constexpr Liquidity sell_role = auction ? Liquidity::auction : By == Taker::sell ? Liquidity::taker : Liquidity::maker;
    const std::uint64_t trade = next_trade_++;
    events.append<TradeRecord>() = {{Kind::trade, record_version, 0, 0, time, trade, book.number, price, quantity, 0},
                                    buy.id, sell.id, auction, static_cast<std::uint8_t>(By), 0, 0};
    events.append<FillRecord>() = {{Kind::fill, record_version, 0, buy.tenant, time, buy.id, book.number, price, quantity, buy.account},
                                   trade, buy.leaves, Side::buy, buy_role, 0, 0, 0};
    events.append<FillRecord>() = {{Kind::fill, record_version, 0, sell.tenant, time, sell.id, book.number, price, quantity, sell.account},
                                   trade, sell.leaves, Side::sell, sell_role, 0, 0, 0};
    book.last = price;
    if (book.open == 0) [[unlikely]] book.open = price;
    book.window.add(time, price, quantity);
}

}  // namespace yunhai
