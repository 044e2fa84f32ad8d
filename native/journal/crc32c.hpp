// CRC32C (Castagnoli, RFC 3720 appendix B.4): SSE4.2 where the processor has it, a table elsewhere.
#pragma once

#include <cstdint>

#include "bytes.hpp"

namespace yunhai::journal {

std::uint32_t crc32c(Bytes bytes);
std::uint32_t crc32c_portable(Bytes bytes);
bool crc32c_is_accelerated();

}  // namespace yunhai::journal
