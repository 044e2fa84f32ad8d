// What stands after the last good group: a crash's leavings, or damage.
//
// The writer has one group in flight and writes into sectors that hold zeros. So a crash leaves, from the end of the
// last good group on, sectors that are either right or still zero. Anything else is not a crash. If nothing valid
// stands there it is harmless and may be cut; if something valid does, somebody's records would be lost, and it is refused.
#include <algorithm>

#include "cursor.hpp"

namespace yunhai::journal {
namespace {

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

bool valid_header_from(const TailInput& input, std::size_t begin) {
    for (std::size_t at = begin; at + group_header_bytes <= input.region.size(); at += alignment_bytes) {
        const auto header = read_group_header(input.region.data() + at);
        if (header && header->journal == input.journal && header->offset == input.offset + at) return true;
    }
    return false;
}

// A whole record whose sequence belongs to what could have been written here.
bool valid_record_from(const TailInput& input, std::size_t begin) {
    const std::size_t slots = input.region.size() / slot_bytes;
    const auto expected = static_cast<std::uint32_t>(input.expected_sequence);
    for (std::size_t slot = begin / slot_bytes; slot < slots; ++slot) {
        const std::byte* at = input.region.data() + slot * slot_bytes;
        const std::size_t length = slots_of(at, slots - slot);
        if (length == 0) continue;
        if (sequence_told(at, length) - expected <= static_cast<std::uint32_t>(slot)) return true;
    }
    return false;
}

// The group's header is right: each record must be right, or touch a sector that never arrived.
Status judge_torn_group(const TailInput& input, const GroupHeader& header, Tail& tail) {
    const std::size_t length = group_header_bytes + std::size_t{header.slots} * slot_bytes;
    const auto extent = static_cast<std::size_t>(header.extent());
    std::vector<std::byte> group(extent);
    std::copy_n(input.region.data(), std::min(extent, input.region.size()), group.data());
    bool missing = false;
    std::uint64_t sequence = header.first_sequence;
    for (std::size_t at = group_header_bytes; at < length; ++sequence) {
        const std::size_t slots = slots_of(group.data() + at, (length - at) / slot_bytes);
        const std::size_t end = at + std::max<std::size_t>(slots, 1) * slot_bytes;
        if (slots == 0 || sequence_told(group.data() + at, slots) != static_cast<std::uint32_t>(sequence)) {
            if (!touches_missing_sector(input.region, at, end)) return damaged(input, at, "record damaged");
            missing = true;
            // A lost head hides how long a fact was: what follows cannot be told from records.
            if (slots == 0) break;
        }
        at = end;
    }
    if (!missing) return damaged(input, 0, "no sector is missing, yet the group is wrong");
    if (!all_zero(Bytes(group).subspan(length))) return damaged(input, length, "bytes after the last record");
    if (extent < input.region.size() && !all_zero(input.region.subspan(extent))) return damaged(input, extent, "bytes after a torn group");
    tail.ending = Ending::torn;
    return {};
}

}  // namespace

Status judge_tail(const TailInput& input, Tail& tail) {
    const Bytes region = input.region;
    tail.used_until = input.offset;
    tail.ending = Ending::clean;
    if (all_zero(region)) return {};
    const auto last = std::find_if(region.rbegin(), region.rend(), [](std::byte byte) { return byte != std::byte{0}; });
    tail.used_until = input.offset + static_cast<std::uint64_t>(region.rend() - last);
    if (input.header_expected) return judge_torn_group(input, *read_group_header(region.data()), tail);
    if (valid_header_from(input, 0)) return damaged(input, 0, "a later group is valid");
    const bool header_missing = touches_missing_sector(region, 0, sector_bytes);
    if (!header_missing && valid_record_from(input, 0)) return damaged(input, 0, "later records are valid");
    tail.ending = header_missing ? Ending::torn : Ending::garbage;
    return {};
}

}  // namespace yunhai::journal
