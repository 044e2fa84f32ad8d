// Small helpers for little-endian bytes: every integer of the journal's format goes through these two.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace yunhai::journal {

static_assert(std::endian::native == std::endian::little, "the journal is read and written in place: little-endian only");

using Bytes = std::span<const std::byte>;
using WritableBytes = std::span<std::byte>;

template <class Integer>
inline Integer load(const std::byte* from) {
    Integer value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class Integer>
inline void store(std::byte* to, Integer value) {
    std::memcpy(to, &value, sizeof value);
}

inline bool all_zero(Bytes bytes) {
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 64; left -= 64, at += 64) {
        std::uint64_t words[8];
        std::memcpy(words, at, 64);
        if ((words[0] | words[1] | words[2] | words[3] | words[4] | words[5] | words[6] | words[7]) != 0) return false;
    }
    for (; left > 0; --left, ++at) {
        if (*at != std::byte{0}) return false;
    }
    return true;
}

}  // namespace yunhai::journal
