// The engine: books, live orders and the day's ids, driven by 64-byte commands (docs/concepts/matching.md).
//
// Every command is copied to the event arena first and its outcome written into that copy, so the arena is
// at once the answer and the journal's payload. A refused command changes nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "auction.hpp"
#include "book.hpp"

namespace yunhai {

struct EngineLimits {
    std::uint32_t order_capacity;
    std::uint64_t first_order_id;
    std::uint32_t id_capacity;
    std::size_t event_capacity;
};

class Engine {
public:
    explicit Engine(EngineLimits limits)
        : pool_(limits.order_capacity), ids_(limits.first_order_id, limits.id_capacity) {
        scratch_.reserve(limits.order_capacity);
    }

    std::uint32_t add_book(const BookConfig& config) {
        const auto number = static_cast<std::uint32_t>(books_.size());
        books_.push_back(std::make_unique<Book>(config, number));
        return number;
    }

    // Room that one command may need: its record, a trade and two fills per resting order, a removal per market order, a halt.
    std::size_t worst_case_events() const { return 16 + 4 * std::size_t{pool_.live()}; }
    static std::size_t worst_case_events(std::uint32_t order_capacity) { return 16 + 4 * std::size_t{order_capacity}; }

    // Runs one command; its record and events are appended. The caller has seen to the room.
    Record& apply(const Record& command, Events& events);
    // Runs commands until the arena might not hold the next one's events; returns how many were run.
    std::size_t process(std::span<const Record> commands, Events& events);

    std::int64_t clock() const { return clock_; }
    std::size_t book_count() const { return books_.size(); }
    Book& book(std::uint32_t number) { return *books_.at(number); }
    const Book& book(std::uint32_t number) const { return *books_.at(number); }
    const OrderPool& pool() const { return pool_; }

    std::vector<std::uint8_t> state() const;            // state.cpp
    void restore(std::span<const std::uint8_t> state);  // state.cpp; throws std::invalid_argument and changes nothing

private:
    struct Arrival {
        Order order;  // leaves, rung and owner of the arriving order; no slot yet
        std::int64_t time;
        bool market;
    };
    struct Sweep {
        bool stopped_by_band = false;
        bool band_looked_at = false;
        std::int32_t centre = 0;
        std::int32_t outside = 0;
    };

    void new_order(Record& record, Book& book, Events& events);
    template <bool IsBuy>
    void arrive_continuous(Record& record, Book& book, Rung rung, Events& events);
    template <bool IsBuy>
    void trade_through(Arrival& arriving, Book& book, Sweep& sweep, Rung limit, Events& events);
    template <bool IsBuy>
    void fill_head(Arrival& arriving, Book& book, std::int32_t price, Events& events);
    template <bool IsBuy>
    std::uint64_t available(Book& book, Rung limit, std::uint64_t wanted, const Band& band, bool market) const;
    template <bool IsBuy>
    void rest(Book& book, const Order& order);
    Code price_to_rung(const Book& book, std::int32_t price, Rung& rung) const;
    Code existing_order(const Record& record, const Book& book, std::uint8_t action, Slot& slot);
    void cancel(Record& record, Book& book);
    void cut(Record& record, Book& book);
    void reprice(Record& record, Book& book, Events& events);
    template <bool IsBuy>
    void reprice_to(Record& record, Book& book, Slot slot, Rung rung, Events& events);
    void change_phase(Record& record, Book& book, Events& events);
    void uncross(Record& record, Book& book, Events& events);
    void execute_uncross(const Record& record, Book& book, AuctionResult result, Events& events);
    void trial(Record& record, Book& book);
    void expire(Record& record, Book& book, Events& events);

    std::int32_t band_centre(Book& book, std::int64_t time) const;
    template <bool IsBuy>
    std::int32_t resting_market_price(const Book& book, std::int32_t incoming) const;
    void write_trade(const Record& by, Book& book, std::int32_t price, std::uint32_t quantity, const Order& buy, const Order& sell,
                     std::uint8_t taker_side, Events& events);
    void halt(const Record& record, Book& book, const Sweep& sweep, Events& events);
    void remove_market_orders(std::int64_t time, Book& book, Events& events);
    template <bool IsBuy>
    void remove_queue(std::int64_t time, Book& book, Rung rung, RemovalReason reason, Events& events);
    void finish(Book& book, Slot slot);
    void accept(Record& record, State state, std::uint32_t leaves) {
        record.state = state;
        record.leaves = leaves;
        clock_ = record.head.time;
    }
    static void refuse(Record& record, Code code) {
        record.head.code = static_cast<std::uint16_t>(code);
        record.status = exchange_status(code);
    }

    static Record& refused(Record& record, Code code) {
        refuse(record, code);
        return record;
    }

    OrderPool pool_;
    IdTable ids_;
    std::vector<std::unique_ptr<Book>> books_;
    std::vector<Slot> scratch_;
    std::int64_t clock_ = 0;
    std::uint64_t next_trade_ = 1;
};

}  // namespace yunhai
