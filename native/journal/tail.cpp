// What stands after the last good group: a crash's leavings, or damage.
//
// The writer has one group in flight and writes into sectors that hold zeros. So a crash leaves, from the end of the
// last good group on, sectors that are either right or still zero. Anything else is not a crash. If nothing valid
// stands there it is harmless and may be cut; if something valid does, somebody's records would be lost, and it is refused.
//
// The file is read in windows, so that one of any size costs no more memory than a group.
#include <algorithm>

#include "cursor.hpp"

namespace yunhai::journal {
namespace {

constexpr std::size_t window_bytes = 4U << 20;
constexpr std::size_t overlap_bytes = 1U << 19;  // a record that begins in one window ends in it
constexpr std::size_t step_bytes = window_bytes - overlap_bytes;
static_assert(overlap_bytes >= slot_bytes + max_fact_bytes && step_bytes % alignment_bytes == 0);
static_assert(step_bytes >= group_header_bytes + max_group_slots * slot_bytes + alignment_bytes);

Status damaged(const TailInput& input, std::uint64_t at, const char* why) {
    return {.fault = Fault::damaged_group,
            .error = 0,
            .segment = input.segment,
            .sequence = input.expected_sequence,
            .offset = input.offset + at,
            .detail = why};
}

// Whether any sector that [begin, end) touches is missing: still zero, or not wholly inside the file.
bool touches_missing_sector(Bytes region, std::size_t begin, std::size_t end) {
    for (std::size_t from = begin / sector_bytes * sector_bytes; from < end; from += sector_bytes) {
        if (from + sector_bytes > region.size() || all_zero(region.subspan(from, sector_bytes))) return true;
    }
    return false;
}

// `window` stands `begin` bytes after the end of the last good group.
bool holds_valid_header(const TailInput& input, Bytes window, std::uint64_t begin) {
    for (std::size_t at = 0; at + group_header_bytes <= window.size(); at += alignment_bytes) {
        const auto header = read_group_header(window.data() + at);
        if (header && header->journal == input.journal && header->offset == input.offset + begin + at) return true;
    }
    return false;
}

// A whole record whose sequence belongs to what could have been written here.
bool holds_valid_record(const TailInput& input, Bytes window, std::uint64_t begin) {
    const std::size_t slots = window.size() / slot_bytes;
    const auto expected = static_cast<std::uint32_t>(input.expected_sequence);
    for (std::size_t slot = 0; slot < slots; ++slot) {
        const std::byte* at = window.data() + slot * slot_bytes;
        const std::size_t length = slots_of(at, slots - slot);
        if (length == 0) continue;
        if (sequence_told(at, length) - expected <= static_cast<std::uint32_t>(begin / slot_bytes + slot)) return true;
    }
    return false;
}

// The group's header is right: each record must be right, or touch a sector that never arrived. `region`: the first window.
Status judge_torn_group(const TailInput& input, Bytes region, const GroupHeader& header, Tail& tail) {
    const std::size_t length = group_header_bytes + std::size_t{header.slots} * slot_bytes;
    const auto extent = static_cast<std::size_t>(header.extent());
    std::vector<std::byte> group(extent);
    std::copy_n(region.data(), std::min(extent, region.size()), group.data());
    bool missing = false;
    std::uint64_t sequence = header.first_sequence;
    for (std::size_t at = group_header_bytes; at < length; ++sequence) {
        const std::size_t slots = slots_of(group.data() + at, (length - at) / slot_bytes);
        const std::size_t end = at + std::max<std::size_t>(slots, 1) * slot_bytes;
        if (slots == 0 || sequence_told(group.data() + at, slots) != static_cast<std::uint32_t>(sequence)) {
            if (!touches_missing_sector(region, at, end)) return damaged(input, at, "record damaged");
            missing = true;
            // A lost head hides how long a fact was: what follows cannot be told from records.
            if (slots == 0) break;
        }
        at = end;
    }
    if (!missing) return damaged(input, 0, "no sector is missing, yet the group is wrong");
    if (!all_zero(Bytes(group).subspan(length))) return damaged(input, length, "bytes after the last record");
    if (tail.used_until > input.offset + extent) return damaged(input, extent, "bytes after a torn group");
    tail.ending = Ending::torn;
    return {};
}

struct Findings {
    bool header_missing = false;
    bool header = false;
    bool record = false;
};

// Looks at everything up to the end of the file and leaves the beginning in `first`. `used_until`: the end of what is not zero.
Status look_through(const TailInput& input, std::vector<std::byte>& first, Findings& found, Tail& tail) {
    std::vector<std::byte> later;
    for (std::uint64_t begin = 0; input.offset + begin < input.size; begin += step_bytes) {
        std::vector<std::byte>& window = begin == 0 ? first : later;
        window.resize(static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes, input.size - input.offset - begin)));
        const std::int64_t count = read_full(input.disk, input.file, window, input.offset + begin);
        if (count < 0) return {.fault = Fault::disk, .error = static_cast<int>(-count), .segment = input.segment, .detail = "read"};
        std::fill(window.begin() + count, window.end(), std::byte{0});
        if (begin == 0) found.header_missing = touches_missing_sector(window, 0, sector_bytes);
        const auto last = std::find_if(window.rbegin(), window.rend(), [](std::byte byte) { return byte != std::byte{0}; });
        if (last == window.rend()) continue;
        tail.used_until = input.offset + begin + static_cast<std::uint64_t>(window.rend() - last);
        if (input.header_expected) continue;
        found.header = found.header || holds_valid_header(input, window, begin);
        if (!found.header_missing && !found.record) found.record = holds_valid_record(input, window, begin);
    }
    return {};
}

}  // namespace

Status judge_tail(const TailInput& input, Tail& tail) {
    std::vector<std::byte> first;
    Findings found;
    tail.used_until = input.offset;
    tail.ending = Ending::clean;
    if (Status looked = look_through(input, first, found, tail); !looked.ok()) return looked;
    if (tail.used_until == input.offset) return {};
    if (input.header_expected) {
        const auto header = first.size() < group_header_bytes ? std::nullopt : read_group_header(first.data());
        return header ? judge_torn_group(input, first, *header, tail) : damaged(input, 0, "the file changes while it is read");
    }
    if (found.header) return damaged(input, 0, "a later group is valid");
    if (found.record) return damaged(input, 0, "later records are valid");
    tail.ending = found.header_missing ? Ending::torn : Ending::garbage;
    return {};
}

}  // namespace yunhai::journal
