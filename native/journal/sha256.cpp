#include "sha256.hpp"

#include <algorithm>
#include <bit>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace yunhai::journal {
namespace {

alignas(16) constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void compress_portable(std::array<std::uint32_t, 8>& state, const std::byte* block) {
    std::array<std::uint32_t, 64> words;
    for (std::size_t i = 0; i < 16; ++i) words[i] = __builtin_bswap32(load<std::uint32_t>(block + 4 * i));
    for (std::size_t i = 16; i < 64; ++i) {
        const std::uint32_t early = words[i - 15];
        const std::uint32_t late = words[i - 2];
        words[i] = words[i - 16] + (std::rotr(early, 7) ^ std::rotr(early, 18) ^ (early >> 3)) + words[i - 7] +
                   (std::rotr(late, 17) ^ std::rotr(late, 19) ^ (late >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (std::size_t i = 0; i < 64; ++i) {
        const std::uint32_t first =
            h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + round_constants[i] + words[i];
        const std::uint32_t second = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const std::array<std::uint32_t, 8> added = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += added[i];
}

#if defined(__x86_64__)
__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha(std::array<std::uint32_t, 8>& state, const std::byte* blocks,
                                                              std::size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    const __m128i dcba = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data()));
    const __m128i hgfe = _mm_loadu_si128(reinterpret_cast<const __m128i*>(state.data() + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
    for (; count > 0; --count, blocks += 64) {
        const __m128i abef_before = abef;
        const __m128i cdgh_before = cdgh;
        __m128i words[16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            if (i < 4) {
                words[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(blocks) + i), big_endian);
            } else {
                const __m128i sum =
                    _mm_add_epi32(_mm_sha256msg1_epu32(words[i - 4], words[i - 3]), _mm_alignr_epi8(words[i - 1], words[i - 2], 4));
                words[i] = _mm_sha256msg2_epu32(sum, words[i - 1]);
            }
            const __m128i keyed =
                _mm_add_epi32(words[i], _mm_load_si128(reinterpret_cast<const __m128i*>(round_constants.data()) + i));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, keyed);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(keyed, 0x0E));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1B);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

// One block of each of two messages. A single stream waits for its own rounds half of the time; two fill the gaps.
__attribute__((target("sha,sse4.1,ssse3"))) void compress_sha_twice(std::array<std::array<std::uint32_t, 8>, 2>& states,
                                                                    std::array<const std::byte*, 2> blocks, std::size_t count) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
    __m128i abef[2];
    __m128i cdgh[2];
    for (std::size_t lane = 0; lane < 2; ++lane) {
        const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(states[lane].data())), 0xB1);
        const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(states[lane].data() + 4)), 0x1B);
        abef[lane] = _mm_alignr_epi8(cdab, efgh, 8);
        cdgh[lane] = _mm_blend_epi16(efgh, cdab, 0xF0);
    }
    for (std::size_t block = 0; block < count; ++block) {
        const __m128i before[4] = {abef[0], cdgh[0], abef[1], cdgh[1]};
        __m128i words[2][16];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            const __m128i constants = _mm_load_si128(reinterpret_cast<const __m128i*>(round_constants.data()) + i);
            __m128i keyed[2];
#pragma GCC unroll 2
            for (int lane = 0; lane < 2; ++lane) {
                __m128i* const word = words[lane];
                if (i < 4) {
                    const auto* from = reinterpret_cast<const __m128i*>(blocks[static_cast<std::size_t>(lane)] + block * 64);
                    word[i] = _mm_shuffle_epi8(_mm_loadu_si128(from + i), big_endian);
                } else {
                    const __m128i sum =
                        _mm_add_epi32(_mm_sha256msg1_epu32(word[i - 4], word[i - 3]), _mm_alignr_epi8(word[i - 1], word[i - 2], 4));
                    word[i] = _mm_sha256msg2_epu32(sum, word[i - 1]);
                }
                keyed[lane] = _mm_add_epi32(word[i], constants);
            }
            cdgh[0] = _mm_sha256rnds2_epu32(cdgh[0], abef[0], keyed[0]);
            cdgh[1] = _mm_sha256rnds2_epu32(cdgh[1], abef[1], keyed[1]);
            abef[0] = _mm_sha256rnds2_epu32(abef[0], cdgh[0], _mm_shuffle_epi32(keyed[0], 0x0E));
            abef[1] = _mm_sha256rnds2_epu32(abef[1], cdgh[1], _mm_shuffle_epi32(keyed[1], 0x0E));
        }
        for (int lane = 0; lane < 2; ++lane) {
            abef[lane] = _mm_add_epi32(abef[lane], before[2 * lane]);
            cdgh[lane] = _mm_add_epi32(cdgh[lane], before[2 * lane + 1]);
        }
    }
    for (std::size_t lane = 0; lane < 2; ++lane) {
        const __m128i feba = _mm_shuffle_epi32(abef[lane], 0x1B);
        const __m128i dchg = _mm_shuffle_epi32(cdgh[lane], 0xB1);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(states[lane].data()), _mm_blend_epi16(feba, dchg, 0xF0));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(states[lane].data() + 4), _mm_alignr_epi8(dchg, feba, 8));
    }
}
#endif

constexpr std::array<std::uint32_t, 8> initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

bool detect() {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & (1U << 19)) == 0 || (c & (1U << 9)) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & (1U << 29)) != 0;
#else
    return false;
#endif
}

const bool accelerated = detect();

}  // namespace

bool sha256_is_accelerated() { return accelerated; }

Sha256::Sha256(bool portable)
    : state_(initial_state), partial_{}, portable_(portable || !accelerated) {}

Sha256::Sha256(const std::array<std::uint32_t, 8>& state, std::uint64_t total) : state_(state), partial_{}, total_(total), portable_(false) {}

void Sha256::compress(const std::byte* blocks, std::size_t count) {
#if defined(__x86_64__)
    if (!portable_) {
        compress_sha(state_, blocks, count);
        return;
    }
#endif
    for (; count > 0; --count, blocks += 64) compress_portable(state_, blocks);
}

Sha256& Sha256::update(Bytes bytes) {
    total_ += bytes.size();
    if (held_ > 0) {
        const std::size_t taken = std::min(bytes.size(), partial_.size() - held_);
        std::copy_n(bytes.data(), taken, partial_.data() + held_);
        held_ += taken;
        bytes = bytes.subspan(taken);
        if (held_ < partial_.size()) return *this;
        compress(partial_.data(), 1);
        held_ = 0;
    }
    const std::size_t whole = bytes.size() / 64;
    if (whole > 0) compress(bytes.data(), whole);
    bytes = bytes.subspan(whole * 64);
    std::copy_n(bytes.data(), bytes.size(), partial_.data());
    held_ = bytes.size();
    return *this;
}

Digest Sha256::finish() {
    const std::uint64_t bits = total_ * 8;
    std::array<std::byte, 128> tail{};
    std::copy_n(partial_.data(), held_, tail.data());
    tail[held_] = std::byte{0x80};
    const std::size_t length = held_ < 56 ? 64 : 128;
    store(tail.data() + length - 8, __builtin_bswap64(bits));
    compress(tail.data(), length / 64);
    Digest digest;
    for (std::size_t i = 0; i < 8; ++i) store(digest.data() + 4 * i, __builtin_bswap32(state_[i]));
    return digest;
}

void sha256_many(std::span<const Bytes> messages, std::span<Digest> digests) {
    std::size_t next = 0;
#if defined(__x86_64__)
    struct Lane {
        std::size_t message;
        std::size_t done;  // bytes, whole blocks
        std::size_t left;  // whole blocks
    };
    if (accelerated && messages.size() > 1) {
        std::array<std::array<std::uint32_t, 8>, 2> states;
        std::array<Lane, 2> lanes;
        const auto take = [&](std::size_t lane) {
            if (next == messages.size()) return false;
            states[lane] = initial_state;
            lanes[lane] = {.message = next, .done = 0, .left = messages[next].size() / 64};
            ++next;
            return true;
        };
        const auto finish = [&](std::size_t lane) {
            const Lane& ended = lanes[lane];
            digests[ended.message] = Sha256(states[lane], ended.done).update(messages[ended.message].subspan(ended.done)).finish();
        };
        take(0);
        take(1);
        for (;;) {
            const std::size_t count = std::min(lanes[0].left, lanes[1].left);
            compress_sha_twice(states, {messages[lanes[0].message].data() + lanes[0].done, messages[lanes[1].message].data() + lanes[1].done},
                               count);
            for (Lane& lane : lanes) {
                lane.done += count * 64;
                lane.left -= count;
            }
            const std::size_t ended = lanes[0].left == 0 ? 0 : 1;
            finish(ended);
            if (!take(ended)) {
                finish(1 - ended);
                return;
            }
        }
    }
#endif
    for (; next < messages.size(); ++next) digests[next] = Sha256().update(messages[next]).finish();
}

}  // namespace yunhai::journal
