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
        book_count_ = number + 1;
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
    std::size_t book_count() const { return book_count_; }
    Book& book(std::uint32_t number) { return *books_.at(number); }
    const Book& book(std::uint32_t number) const { return *books_.at(number); }
    const OrderPool& pool() const { return pool_; }

    std::vector<std::uint8_t> state() const;            // state.cpp
    void restore(std::span<const std::uint8_t> state);  // state.cpp; throws std::invalid_argument and changes nothing

private:
    enum class Taker : std::uint8_t { auction = 0, buy = 1, sell = 2 };  // whose order arrived; TRADE's taker_side
    struct Sweep {
        std::int32_t incoming = 0;  // the arriving order's limit price, 0 = market
        std::int32_t centre = 0;    // of the band; 0 = no band
        Band band;
        bool stopped_by_band = false;
        std::int32_t outside = 0;
    };

    void apply_control(Record& record, Events& events);
    Record& run(const Record& command, Events& events);
    void new_order(const Record& command, Record& record, Book& book, Events& events);
    Code why_kind_is_wrong(const Record& record) const;
    Code why_quantity_is_wrong(const Record& record, const Book& book) const;
    Code why_price_is_wrong(const Record& record, const Book& book) const;
    template <bool IsBuy>
    void arrive(const Record& command, Record& record, Book& book, Rung rung, Events& events);
    template <bool IsBuy>
    void arrive_crossing(Record& record, Book& book, Party taker, Events& events);
    void watch_band(Sweep& sweep, const Book& book, std::int64_t time) const;
    template <bool IsBuy>
    void trade_through(Party& taker, std::int64_t time, Book& book, Sweep& sweep, Rung limit, Events& events);
    template <bool IsBuy>
    std::uint64_t available(Book& book, Rung limit, std::uint64_t wanted, const Sweep& sweep, const Band& band) const;
    template <bool IsBuy>
    void rest(Book& book, const Party& party);
    Code existing_order(const Record& record, const Book& book, std::uint8_t action, Slot& slot);
    void cancel(const Record& command, Record& record, Book& book);
    void cut(Record& record, Book& book);
    void reprice(Record& record, Book& book, Events& events);
    template <bool IsBuy>
    void reprice_to(Record& record, Book& book, Slot slot, Rung rung, Events& events);
    void change_phase(Record& record, Book& book, Events& events);
    void uncross(Record& record, Book& book, Events& events);
    void execute_uncross(const Record& record, Book& book, AuctionResult result, Events& events);
    void trial(Record& record, Book& book);
    void expire(Record& record, Book& book, Events& events);

    std::int32_t band_centre(const Book& book, std::int64_t time) const;
    template <bool IsBuy>
    std::int32_t resting_market_price(const Book& book, std::int32_t incoming) const;
    template <Taker By>
    void write_trade(std::int64_t time, Book& book, std::int32_t price, std::uint32_t quantity, const Party& buy, const Party& sell, Events& events);
    void halt(const Record& record, Book& book, const Sweep& sweep, Events& events);
    void remove_market_orders(std::int64_t time, Book& book, Events& events);
    template <bool IsBuy>
    void remove_queue(std::int64_t time, Book& book, Rung rung, RemovalReason reason, Events& events);
    void remove(Book& book, Slot slot);
    void finish(Book& book, Slot slot) {
        ids_[pool_[slot].id].slot = IdTable::done;
        pool_.give_back(slot);
        --book.live;
    }
    void accept(Record& record, State state, std::uint32_t leaves) {
        record.state = state;
        record.leaves = leaves;
        clock_ = record.head.time;
    }
    // Refusals, and notices on accepted commands.
    static void set_code(Record& record, Code code) {
        record.head.code = static_cast<std::uint16_t>(code);
        record.status = exchange_status(code);
    }

    OrderPool pool_;
    IdTable ids_;
    std::vector<std::unique_ptr<Book>> books_;
    std::uint32_t book_count_ = 0;
    std::vector<Slot> scratch_;
    std::int64_t clock_ = 0;
    std::uint64_t next_trade_ = 1;
};

}  // namespace yunhai
