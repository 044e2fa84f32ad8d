// One side of a book: a first-in-first-out queue on each rung and a three-layer bitmap of the rungs in use.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "orders.hpp"

namespace yunhai {

// Which rungs hold orders. A set bit in a layer says that its 64 bits in the layer below are not all zero.
class RungMap {
public:
    explicit RungMap(std::size_t rungs) : low_((rungs + 63) / 64), mid_((low_.size() + 63) / 64) {}

    void set(Rung rung) {
        low_[rung >> 6] |= 1ULL << (rung & 63);
        mid_[rung >> 12] |= 1ULL << (rung >> 6 & 63);
        top_ |= 1ULL << (rung >> 12);
    }
    void clear(Rung rung) {
        if ((low_[rung >> 6] &= ~(1ULL << (rung & 63))) != 0) return;
        if ((mid_[rung >> 12] &= ~(1ULL << (rung >> 6 & 63))) != 0) return;
        top_ &= ~(1ULL << (rung >> 12));
    }

    // Lowest rung in use that is >= rung, or `none`.
    Rung at_least(Rung rung, Rung none) const {
        std::size_t word = rung >> 6;
        if (word >= low_.size()) return none;
        if (const std::uint64_t bits = low_[word] & (~0ULL << (rung & 63))) return first_bit(word, bits);
        std::size_t group = word >> 6;
        std::uint64_t bits = word % 64 == 63 ? 0 : mid_[group] & (~0ULL << (word % 64 + 1));
        if (!bits) {
            const std::uint64_t groups = group == 63 ? 0 : top_ & (~0ULL << (group + 1));
            if (!groups) return none;
            group = static_cast<std::size_t>(std::countr_zero(groups));
            bits = mid_[group];
        }
        word = group << 6 | static_cast<std::size_t>(std::countr_zero(bits));
        return first_bit(word, low_[word]);
    }

    // Highest rung in use that is <= rung, or `none`.
    Rung at_most(Rung rung, Rung none) const {
        std::size_t word = rung >> 6;
        if (const std::uint64_t bits = low_[word] & (~0ULL >> (63 - (rung & 63)))) return last_bit(word, bits);
        std::size_t group = word >> 6;
        std::uint64_t bits = mid_[group] & ((1ULL << word % 64) - 1);
        if (!bits) {
            const std::uint64_t groups = top_ & ((1ULL << group) - 1);
            if (!groups) return none;
            group = 63 - static_cast<std::size_t>(std::countl_zero(groups));
            bits = mid_[group];
        }
        word = group << 6 | (63 - static_cast<std::size_t>(std::countl_zero(bits)));
        return last_bit(word, low_[word]);
    }

private:
    static Rung first_bit(std::size_t word, std::uint64_t bits) {
        return static_cast<Rung>(word << 6 | static_cast<std::size_t>(std::countr_zero(bits)));
    }
    static Rung last_bit(std::size_t word, std::uint64_t bits) {
        return static_cast<Rung>(word << 6 | (63 - static_cast<std::size_t>(std::countl_zero(bits))));
    }

    std::vector<std::uint64_t> low_;
    std::vector<std::uint64_t> mid_;
    std::uint64_t top_ = 0;
};

struct Queue {
    Slot head = no_slot;
    Slot tail = no_slot;
    std::uint64_t quantity = 0;
};

// IsBuy decides which way is better. `best` is kept at every change: buys 0 = none, sells N + 1 = none.
template <bool IsBuy>
class Queues {
public:
    explicit Queues(Rung top) : none_(IsBuy ? 0 : top + 1), best_(none_), queues_(std::size_t{top} + 2), used_(std::size_t{top} + 2) {}

    Rung best() const { return best_; }
    Rung none() const { return none_; }
    const Queue& operator[](Rung rung) const { return queues_[rung]; }
    Queue& operator[](Rung rung) { return queues_[rung]; }

    // The next rung in priority order after `rung`.
    Rung worse(Rung rung) const {
        if constexpr (IsBuy) return rung <= 1 ? none_ : used_.at_most(rung - 1, none_);
        else return used_.at_least(rung + 1, none_);
    }
    const RungMap& used() const { return used_; }

    void push_back(OrderPool& pool, Slot slot) {
        Order& order = pool[slot];
        Queue& queue = queues_[order.rung];
        order.next = no_slot;
        order.prev = queue.tail;
        if (queue.tail != no_slot) {
            pool[queue.tail].next = slot;
        } else {
            queue.head = slot;
            used_.set(order.rung);
            if (IsBuy ? order.rung > best_ : order.rung < best_) best_ = order.rung;
        }
        queue.tail = slot;
        queue.quantity += order.leaves;
    }

    void remove(OrderPool& pool, Slot slot) {
        const Order& order = pool[slot];
        Queue& queue = queues_[order.rung];
        queue.quantity -= order.leaves;
        if (order.prev != no_slot) pool[order.prev].next = order.next;
        else queue.head = order.next;
        if (order.next != no_slot) pool[order.next].prev = order.prev;
        else queue.tail = order.prev;
        if (queue.head == no_slot) emptied(order.rung);
    }

    // The head of the best queue was filled: its leaves were already taken off the queue's quantity.
    void pop_best(OrderPool& pool) {
        Queue& queue = queues_[best_];
        queue.head = pool[queue.head].next;
        if (queue.head != no_slot) {
            pool[queue.head].prev = no_slot;
        } else {
            queue.tail = no_slot;
            emptied(best_);
        }
    }

private:
    void emptied(Rung rung) {
        used_.clear(rung);
        if (rung == best_) best_ = worse(rung);
    }

    Rung none_;
    Rung best_;
    std::vector<Queue> queues_;
    RungMap used_;
};

}  // namespace yunhai
