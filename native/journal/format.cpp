#include "format.hpp"

#include <charconv>
#include <cstdio>

namespace yunhai::journal {
namespace {

constexpr std::size_t segment_secret_at = 104;
constexpr std::size_t segment_crc_at = 124;
constexpr std::size_t group_chain_at = group_hashed_bytes;
constexpr std::size_t group_crc_at = 124;

void store_digest(std::byte* to, const Digest& digest) { std::memcpy(to, digest.data(), digest.size()); }

Digest load_digest(const std::byte* from) {
    Digest digest;
    std::memcpy(digest.data(), from, digest.size());
    return digest;
}

Bytes text(const char* words) { return std::as_bytes(std::span(words, std::strlen(words))); }

}  // namespace

void write_segment_header(std::byte* to, const SegmentHeader& header) {
    std::memset(to, 0, segment_header_bytes);
    store(to, segment_magic);
    store(to + 8, format_version);
    store(to + 12, static_cast<std::uint32_t>(segment_header_bytes));
    std::memcpy(to + 16, header.journal.data(), header.journal.size());
    store(to + 32, header.first_sequence);
    store(to + 40, header.number);
    store(to + 48, header.length);
    store(to + 56, header.wall_ns);
    store(to + 64, header.next_group);
    store_digest(to + 72, header.previous);
    std::memcpy(to + segment_secret_at, header.secret.data(), header.secret.size());
    store(to + segment_crc_at, crc32c(Bytes(to, segment_crc_at)));
}

std::optional<SegmentHeader> read_segment_header(const std::byte* from) {
    if (load<std::uint64_t>(from) != segment_magic || load<std::uint32_t>(from + 8) != format_version ||
        load<std::uint32_t>(from + 12) != segment_header_bytes ||
        load<std::uint32_t>(from + segment_crc_at) != crc32c(Bytes(from, segment_crc_at)) ||
        load<std::uint32_t>(from + segment_secret_at + sizeof(Secret)) != 0 ||
        !all_zero(Bytes(from + segment_crc_at + 4, segment_header_bytes - segment_crc_at - 4))) {
        return std::nullopt;
    }
    SegmentHeader header;
    std::memcpy(header.journal.data(), from + 16, header.journal.size());
    header.first_sequence = load<std::uint64_t>(from + 32);
    header.number = load<std::uint64_t>(from + 40);
    header.length = load<std::uint64_t>(from + 48);
    header.wall_ns = load<std::int64_t>(from + 56);
    header.next_group = load<std::uint64_t>(from + 64);
    header.previous = load_digest(from + 72);
    std::memcpy(header.secret.data(), from + segment_secret_at, header.secret.size());
    if (header.length < min_segment_bytes || header.length > max_segment_bytes) return std::nullopt;
    return header;
}

bool is_of_other_version(const std::byte* from) {
    return load<std::uint64_t>(from) == segment_magic && load<std::uint32_t>(from + 8) != format_version &&
           load<std::uint32_t>(from + segment_crc_at) == crc32c(Bytes(from, segment_crc_at));
}

void write_group_header(std::byte* to, const GroupHeader& header) {
    std::memset(to, 0, group_header_bytes);
    store(to, group_magic);
    store(to + 8, header.first_sequence);
    store(to + 16, header.count);
    store(to + 20, header.slots);
    store(to + 24, header.wall_ns);
    store(to + 32, header.number);
    store(to + 40, header.offset);
    store(to + 48, header.journal);
    store_digest(to + 56, header.previous);
}

void seal_group(std::byte* header, const Digest& chain) {
    store_digest(header + group_chain_at, chain);
    store(header + group_crc_at, crc32c(Bytes(header, group_crc_at)));
}

std::optional<GroupHeader> read_group_header(const std::byte* from) {
    if (load<std::uint64_t>(from) != group_magic) return std::nullopt;
    if (load<std::uint32_t>(from + group_crc_at) != crc32c(Bytes(from, group_crc_at))) return std::nullopt;
    GroupHeader header;
    header.first_sequence = load<std::uint64_t>(from + 8);
    header.count = load<std::uint32_t>(from + 16);
    header.slots = load<std::uint32_t>(from + 20);
    header.wall_ns = load<std::int64_t>(from + 24);
    header.number = load<std::uint64_t>(from + 32);
    header.offset = load<std::uint64_t>(from + 40);
    header.journal = load<std::uint64_t>(from + 48);
    header.previous = load_digest(from + 56);
    header.chain = load_digest(from + group_chain_at);
    if (header.slots > max_group_slots || header.count > header.slots || (header.count == 0 && header.slots != 0)) return std::nullopt;
    if (!all_zero(Bytes(from + group_chain_at + 32, group_crc_at - group_chain_at - 32))) return std::nullopt;
    return header;
}

std::size_t slots_of(const std::byte* at, std::size_t available) {
    if (available == 0 || at[0] == std::byte{0}) return 0;
    if (at[0] != std::byte{fact_kind}) return 1;
    const auto length = load<std::uint32_t>(at + 16);
    if (length > max_fact_bytes) return 0;
    const std::size_t slots = 1 + (length + slot_bytes - 1) / slot_bytes;
    return slots <= available ? slots : 0;
}

std::uint32_t record_checksum(const std::byte* at, std::size_t slots) {
    const std::uint32_t head = crc32c(Bytes(at, 60));
    if (slots == 1) return head;
    // A fact: the head's checksum, then the checksum of the content that follows, rotated so that neither cancels.
    return std::rotl(head, 1) ^ crc32c(Bytes(at + slot_bytes, (slots - 1) * slot_bytes));
}

std::string segment_name(std::uint64_t number, std::uint64_t first_sequence) {
    char name[48];
    std::snprintf(name, sizeof name, "%012llu-%020llu.yj", static_cast<unsigned long long>(number),
                  static_cast<unsigned long long>(first_sequence));
    return name;
}

std::optional<SegmentName> read_segment_name(const std::string& name) {
    if (name.size() != 36 || name[12] != '-' || !name.ends_with(".yj")) return std::nullopt;
    SegmentName parts;
    const char* begin = name.data();
    const auto number = std::from_chars(begin, begin + 12, parts.number);
    const auto first = std::from_chars(begin + 13, begin + 33, parts.first_sequence);
    if (number.ec != std::errc{} || number.ptr != begin + 12 || first.ec != std::errc{} || first.ptr != begin + 33) return std::nullopt;
    return parts;
}

Digest genesis_chain(const JournalId& journal) { return Sha256().update(text("yunhai journal 1")).update(journal).finish(); }

Digest genesis_tenant(const JournalId& journal, std::uint32_t tenant) {
    std::array<std::byte, 4> number;
    store(number.data(), tenant);
    return Sha256().update(text("yunhai tenant 1")).update(journal).update(number).finish();
}

Digest salt_seed(const Secret& secret, std::uint64_t group_first_sequence, std::uint32_t tenant) {
    std::array<std::byte, 12> place;
    store(place.data(), group_first_sequence);
    store(place.data() + 8, tenant);
    return Sha256().update(text("yunhai salts 1")).update(secret).update(place).finish();
}

Digest tenant_step(const Digest& head, std::uint64_t group_first_sequence, std::uint32_t slots, const Digest& digest) {
    std::array<std::byte, 12> place;
    store(place.data(), group_first_sequence);
    store(place.data() + 8, slots);
    return Sha256().update(head).update(place).update(digest).finish();
}

}  // namespace yunhai::journal
