// Live orders in one block of memory reserved at start, and what became of every id of the day.
#pragma once

#include <cstdint>
#include <vector>

#include "ladder.hpp"
#include "record.hpp"

namespace yunhai {

using Slot = std::uint32_t;  // place of a live order; 0 is none
inline constexpr Slot no_slot = 0;

// What a trade needs to know of either side of it.
struct Party {
    std::uint64_t id;
    std::uint32_t tenant;
    std::uint32_t account;
    std::uint32_t leaves;
    Rung rung;
};

struct Order : Party {
    Slot next;
    Slot prev;
    std::uint32_t entry;
    std::uint32_t book;
    Side side;
};
static_assert(sizeof(Order) == 48);

class OrderPool {
public:
    explicit OrderPool(std::uint32_t capacity) : orders_(std::size_t{capacity} + 1), capacity_(capacity) {
        for (Slot slot = 1; slot <= capacity; ++slot) orders_[slot].next = slot == capacity ? no_slot : slot + 1;
        free_ = capacity ? 1 : no_slot;
    }

    Order& operator[](Slot slot) { return orders_[slot]; }
    const Order& operator[](Slot slot) const { return orders_[slot]; }
    bool full() const { return free_ == no_slot; }
    std::uint32_t live() const { return live_; }
    std::uint32_t capacity() const { return capacity_; }

    Slot take() {
        const Slot slot = free_;
        free_ = orders_[slot].next;
        ++live_;
        return slot;
    }
    void give_back(Slot slot) {
        orders_[slot].next = free_;
        free_ = slot;
        --live_;
    }

private:
    std::vector<Order> orders_;
    Slot free_ = no_slot;
    std::uint32_t live_ = 0;
    std::uint32_t capacity_;
};

// Every id of the day, dense: ids are issued in sequence by the core, so a table beats a hash.
class IdTable {
public:
    struct Entry {
        Slot slot = no_slot;  // no_slot: never accepted; `done`: nothing left of it
        std::uint32_t tenant = 0;
    };
    static constexpr Slot done = 0xFFFF'FFFF;

    IdTable(std::uint64_t first, std::uint32_t capacity) : first_(first), count_(capacity), entries_(capacity) {}

    bool in_range(std::uint64_t id) const { return id - first_ < count_; }
    Entry& operator[](std::uint64_t id) { return entries_[id - first_]; }
    std::uint64_t first() const { return first_; }
    const std::vector<Entry>& entries() const { return entries_; }
    std::vector<Entry>& entries() { return entries_; }

private:
    std::uint64_t first_;
    std::uint64_t count_;
    std::vector<Entry> entries_;
};

}  // namespace yunhai
