// The journal's format (docs/reference/journal-format.md): layouts, limits, and the checks of one header or record.
#pragma once

#include <optional>
#include <string>

#include "crc32c.hpp"
#include "sha256.hpp"

namespace yunhai::journal {

inline constexpr std::size_t slot_bytes = 64;
inline constexpr std::size_t alignment_bytes = 512;  // groups start on a sector, so that no write touches synced bytes
inline constexpr std::size_t group_header_bytes = 128;
inline constexpr std::size_t group_hashed_bytes = 88;  // of the header: all before its chain hash
inline constexpr std::size_t segment_header_bytes = 512;
inline constexpr std::uint32_t format_version = 2;
inline constexpr std::uint8_t fact_kind = 64;
inline constexpr std::uint8_t first_event_kind = 32;
inline constexpr std::uint64_t segment_magic = 0x31304745534a4859ULL;  // "YHJSEG01"
inline constexpr std::uint64_t group_magic = 0x31305052474a4859ULL;                            // "YHJGRP01"

inline constexpr std::uint32_t max_fact_bytes = 1U << 18;
inline constexpr std::uint64_t min_segment_bytes = 4096;
inline constexpr std::uint64_t max_segment_bytes = 1ULL << 32;
inline constexpr std::size_t max_group_slots = 1U << 14;  // 1 MiB of records
inline constexpr std::size_t max_segments = 10'000'000;

// What can be wrong, by the numbers of the error registry.
enum class Fault : std::uint16_t {
    none = 0,
    locked = 3001,
    not_found = 3002,
    segment_header = 3003,
    damaged_record = 3004,
    damaged_group = 3005,
    chain_broken = 3006,
    segment_missing = 3007,
    segment_short = 3008,
    bad_input = 3009,
    halted = 3010,
    disk = 3011,
    already_exists = 3012,
};

struct Status {
    Fault fault = Fault::none;
    int error = 0;  // errno, positive, where the disk said no
    std::string segment;
    std::uint64_t sequence = 0;
    std::uint64_t offset = 0;
    std::string detail;

    bool ok() const { return fault == Fault::none; }
};

using JournalId = std::array<std::byte, 16>;
// What the salts of a journal's leaves are made of (tenants.hpp). Whoever has the journal has it; nothing that leaves it does.
using Secret = std::array<std::byte, 16>;

struct SegmentHeader {
    JournalId journal{};
    std::uint64_t first_sequence = 0;
    std::uint64_t number = 0;  // 1, 2, …
    std::uint64_t length = 0;  // of the file, fixed when it was made
    std::int64_t wall_ns = 0;
    std::uint64_t next_group = 0;
    Digest previous{};
    Secret secret{};  // the same in every segment
};

struct GroupHeader {
    std::uint64_t first_sequence = 0;
    std::uint32_t count = 0;  // sequences
    std::uint32_t slots = 0;  // 64-byte slots; more than `count` when there are facts
    std::int64_t wall_ns = 0;
    std::uint64_t number = 0;
    std::uint64_t offset = 0;   // where in its segment
    std::uint64_t journal = 0;  // first 8 bytes of the journal's id
    Digest previous{};
    Digest chain{};

    std::uint64_t extent() const {
        const std::uint64_t length = group_header_bytes + static_cast<std::uint64_t>(slots) * slot_bytes;
        return (length + alignment_bytes - 1) / alignment_bytes * alignment_bytes;
    }
};

void write_segment_header(std::byte* to, const SegmentHeader& header);
std::optional<SegmentHeader> read_segment_header(const std::byte* from);
// Whether a header is whole and of another version of the format.
bool is_of_other_version(const std::byte* from);
// The header without its chain hash and checksum; `seal_group` adds both.
void write_group_header(std::byte* to, const GroupHeader& header);
void seal_group(std::byte* header, const Digest& chain);
std::optional<GroupHeader> read_group_header(const std::byte* from);

// Slots taken by the record at `at` (1, or a fact's length); 0 if malformed or longer than `available`.
std::size_t slots_of(const std::byte* at, std::size_t available);
std::uint32_t record_checksum(const std::byte* at, std::size_t slots);
// A record's stored checksum is CRC32C XOR the low half of its sequence: a record found anywhere tells its sequence.
inline std::uint32_t sequence_told(const std::byte* at, std::size_t slots) {
    return load<std::uint32_t>(at + 60) ^ record_checksum(at, slots);
}

// "000000000003-00000000000000015478.yj": the segment's number and its first sequence. The number is needed: a segment
// that holds nothing but a closing group begins where the next one does.
std::string segment_name(std::uint64_t number, std::uint64_t first_sequence);
struct SegmentName {
    std::uint64_t number = 0;
    std::uint64_t first_sequence = 0;
};
std::optional<SegmentName> read_segment_name(const std::string& name);

Digest genesis_chain(const JournalId& journal);
Digest genesis_tenant(const JournalId& journal, std::uint32_t tenant);
// What the salts of one tenant's leaves in one group are made of.
Digest salt_seed(const Secret& secret, std::uint64_t group_first_sequence, std::uint32_t tenant);
Digest tenant_step(const Digest& head, std::uint64_t group_first_sequence, std::uint32_t slots, const Digest& digest);

}  // namespace yunhai::journal
