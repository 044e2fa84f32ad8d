#include "crc32c.hpp"

#include <array>

#if defined(__x86_64__)
#include <cpuid.h>
#include <nmmintrin.h>
#endif

namespace yunhai::journal {
namespace {

constexpr std::uint32_t reversed_polynomial = 0x82F63B78U;

constexpr std::array<std::uint32_t, 256> make_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t value = byte;
        for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? reversed_polynomial : 0U);
        table[byte] = value;
    }
    return table;
}

constexpr std::array<std::uint32_t, 256> table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2,crc32"))) std::uint32_t crc32c_sse42(Bytes bytes) {
    std::uint64_t state = 0xFFFFFFFFU;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) state = _mm_crc32_u64(state, load<std::uint64_t>(at));
    auto narrow = static_cast<std::uint32_t>(state);
    if (left >= 4) {
        narrow = _mm_crc32_u32(narrow, load<std::uint32_t>(at));
        left -= 4;
        at += 4;
    }
    for (; left > 0; --left, ++at) narrow = _mm_crc32_u8(narrow, static_cast<std::uint8_t>(*at));
    return ~narrow;
}
#endif

bool detect() {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & (1U << 20)) != 0;
#else
    return false;
#endif
}

const bool accelerated = detect();

}  // namespace

std::uint32_t crc32c_portable(Bytes bytes) {
    std::uint32_t state = 0xFFFFFFFFU;
    for (const std::byte byte : bytes) {
        state = table[(state ^ static_cast<std::uint32_t>(byte)) & 0xFFU] ^ (state >> 8);
    }
    return ~state;
}

bool crc32c_is_accelerated() { return accelerated; }

std::uint32_t crc32c(Bytes bytes) {
#if defined(__x86_64__)
    if (accelerated) return crc32c_sse42(bytes);
#endif
    return crc32c_portable(bytes);
}

}  // namespace yunhai::journal
