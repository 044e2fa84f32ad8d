// SHA-256 (FIPS 180-4): the processor's SHA instructions where it has them, portable code elsewhere.
#pragma once

#include <array>
#include <cstdint>

#include "bytes.hpp"

namespace yunhai::journal {

using Digest = std::array<std::byte, 32>;

class Sha256 {
  public:
    // `portable` forces the plain code, so that a test can compare both on one machine.
    explicit Sha256(bool portable = false);
    Sha256& update(Bytes bytes);
    Digest finish();

  private:
    friend void sha256_many(std::span<const Bytes> messages, std::span<Digest> digests);
    // Goes on from whole blocks that were compressed elsewhere; `total` bytes of them.
    Sha256(const std::array<std::uint32_t, 8>& state, std::uint64_t total);
    void compress(const std::byte* blocks, std::size_t count);

    std::array<std::uint32_t, 8> state_;
    std::array<std::byte, 64> partial_;
    std::size_t held_ = 0;
    std::uint64_t total_ = 0;
    bool portable_;
};

bool sha256_is_accelerated();

// The digests of several messages: two at a time where the processor's SHA unit has room for a second stream.
void sha256_many(std::span<const Bytes> messages, std::span<Digest> digests);

}  // namespace yunhai::journal
