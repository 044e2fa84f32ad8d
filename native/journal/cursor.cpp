#include "cursor.hpp"

#include <algorithm>

namespace yunhai::journal {

std::int64_t first_bad_slot(Bytes payload, std::uint64_t first_sequence, std::uint32_t& records) {
    const std::size_t slots = payload.size() / slot_bytes;
    records = 0;
    for (std::size_t slot = 0; slot < slots; ++records) {
        const std::byte* at = payload.data() + slot * slot_bytes;
        const std::size_t length = slots_of(at, slots - slot);
        const auto expected = static_cast<std::uint32_t>(first_sequence + records);
        if (length == 0 || sequence_told(at, length) != expected) return static_cast<std::int64_t>(slot);
        slot += length;
    }
    return -1;
}

Cursor::~Cursor() {
    if (file_ >= 0) disk_.close(file_);
}

Status Cursor::disk_failed(std::int64_t error, const char* call) const {
    return {.fault = Fault::disk,
            .error = static_cast<int>(-error),
            .segment = index_ < names_.size() ? names_[index_] : "",
            .sequence = expected_,
            .offset = offset_,
            .detail = call};
}

Step Cursor::fail(Status status) {
    status_ = std::move(status);
    return Step::damage;
}

Step Cursor::damage(Fault fault, std::uint64_t sequence, std::uint64_t offset, std::string detail) {
    return fail({.fault = fault, .error = 0, .segment = names_[index_], .sequence = sequence, .offset = offset, .detail = std::move(detail)});
}

Status Cursor::read_at(WritableBytes to, std::uint64_t offset) {
    const std::int64_t count = read_full(disk_, file_, to, offset);
    if (count < 0) return disk_failed(count, "read");
    std::fill(to.begin() + count, to.end(), std::byte{0});
    return {};
}

Status Cursor::list_segments() {
    std::vector<std::string> all;
    if (const int error = disk_.list(all); error < 0) return disk_failed(error, "list");
    names_.clear();
    for (const std::string& name : all) {
        if (read_segment_name(name)) names_.push_back(name);
    }
    std::sort(names_.begin(), names_.end());
    Status status;
    if (names_.empty()) status = {.fault = Fault::not_found, .error = 0, .segment = "", .detail = "no segment file"};
    if (names_.size() > max_segments) status = {.fault = Fault::bad_input, .error = 0, .segment = "", .detail = "too many segments"};
    return status;
}

Status Cursor::open(std::uint64_t from_sequence) {
    if (Status listed = list_segments(); !listed.ok()) return listed;
    std::size_t start = 0;
    while (start + 1 < names_.size() && read_segment_name(names_[start + 1])->first_sequence <= from_sequence) ++start;
    return enter(start, false);
}

// Opens a segment file and checks its header. `continues`: it must carry on where the cursor stands.
Status Cursor::enter(std::size_t index, bool continues) {
    if (file_ >= 0) disk_.close(file_);
    index_ = index;
    file_ = disk_.open(names_[index], Access::read);
    if (file_ < 0) return disk_failed(file_, "open");
    const std::int64_t size = disk_.size(file_);
    if (size < 0) return disk_failed(size, "size");
    file_size_ = static_cast<std::uint64_t>(size);
    std::array<std::byte, segment_header_bytes> raw;
    if (Status read = read_at(raw, 0); !read.ok()) return read;
    const auto header = read_segment_header(raw.data());
    const SegmentName named = *read_segment_name(names_[index]);
    Status bad{.fault = Fault::segment_header, .error = 0, .segment = names_[index], .sequence = named.first_sequence, .detail = "header damaged"};
    if (!header) {
        if (is_of_other_version(raw.data())) bad.detail = "of another version of the format";
        return bad;
    }
    const bool same_journal = !continues || (header->journal == segment_.journal && header->secret == segment_.secret);
    if (header->first_sequence != named.first_sequence || header->number != named.number || !same_journal || file_size_ > max_segment_bytes) {
        bad.detail = same_journal ? "header does not fit the file" : "segment of another journal";
        return bad;
    }
    if (continues || index == 0) {
        const std::uint64_t sequence = continues ? expected_ : 1;
        const std::uint64_t number = continues ? segment_.number + 1 : 1;
        const std::uint64_t group = continues ? next_group_ : 1;
        if (header->first_sequence != sequence || header->number != number || header->next_group != group) {
            bad.fault = Fault::segment_missing;
            bad.sequence = sequence;
            bad.detail = "records before this segment are missing";
            return bad;
        }
        if (header->previous != (continues ? chain_ : genesis_chain(header->journal))) {
            bad.fault = Fault::chain_broken;
            bad.detail = "previous chain hash differs";
            return bad;
        }
    }
    if (file_size_ < header->length && tail_.short_segment.empty()) tail_.short_segment = names_[index];
    segment_ = *header;
    splitter_.reset(segment_.secret);
    expected_ = header->first_sequence;
    next_group_ = header->next_group;
    chain_ = header->previous;
    offset_ = segment_header_bytes;
    last_group_offset_ = 0;
    return {};
}

bool Cursor::continues(const GroupHeader& header) const {
    return header.first_sequence == expected_ && header.number == next_group_ && header.offset == offset_ &&
           header.journal == load<std::uint64_t>(segment_.journal.data()) && header.previous == chain_ &&
           offset_ + header.extent() <= segment_.length;
}

bool Cursor::good(const GroupHeader& header) {
    const std::size_t length = std::size_t{header.slots} * slot_bytes;
    const Bytes records = Bytes(buffer_).subspan(group_header_bytes, length);
    std::uint32_t count = 0;
    if (checks_.checksums && (first_bad_slot(records, expected_, count) >= 0 || count != header.count)) return false;
    const Bytes padding = Bytes(buffer_).first(static_cast<std::size_t>(header.extent())).subspan(group_header_bytes + length);
    if (!all_zero(padding)) return false;
    return group_chain(buffer_.data(), splitter_.split(records, header.first_sequence)) == header.chain || !checks_.chain;
}

// The group at `offset_`. `header`: it has a header that continues what came before; `right`: all of it is good.
Status Cursor::read_group(std::optional<GroupHeader>& header, bool& right) {
    right = false;
    // Grown, never shrunk: a vector that grows again would be cleared again.
    if (buffer_.size() < group_header_bytes) buffer_.resize(group_header_bytes);
    if (Status read = read_at(WritableBytes(buffer_).first(group_header_bytes), offset_); !read.ok()) return read;
    header = read_group_header(buffer_.data());
    if (header && !continues(*header)) header.reset();
    if (!header) return {};
    const auto extent = static_cast<std::size_t>(header->extent());
    if (buffer_.size() < extent) buffer_.resize(extent);
    const WritableBytes rest = WritableBytes(buffer_).first(extent).subspan(group_header_bytes);
    if (Status read = read_at(rest, offset_ + group_header_bytes); !read.ok()) return read;
    right = good(*header);
    return {};
}

void Cursor::accept(const GroupHeader& header) {
    group_ = header;
    last_group_offset_ = offset_;
    offset_ += header.extent();
    expected_ += header.count;
    ++next_group_;
    chain_ = header.chain;
    tail_.sealed = header.count == 0;
}

Step Cursor::next() {
    for (;;) {
        std::optional<GroupHeader> header;
        bool right = false;
        if (Status read = read_group(header, right); !read.ok()) return fail(read);
        if (right) {
            accept(*header);
            if (!tail_.sealed) return Step::group;
        } else if (const Step judged = judge(); judged != Step::group) {
            return judged;
        }
    }
}

// Whether zeros are all that is left of the file. The usual case, and a long way to the end: in small bites.
Status Cursor::look_for_use(bool& unused) {
    std::vector<std::byte> bite(1U << 18);
    for (std::uint64_t at = offset_; at < file_size_ && unused; at += bite.size()) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(bite.size(), file_size_ - at));
        if (Status read = read_at(WritableBytes(bite).first(count), at); !read.ok()) return read;
        unused = all_zero(Bytes(bite).first(count));
    }
    return {};
}

// No good group was seen at `offset_`. Step::group: read on, the place has changed or a group stands there by now.
//
// A living writer may have put the group there since. What it has published as durable was on the disk before it said
// so, and a segment is complete before the next one has its name: so both are asked first and the group is read once
// more after them. Only what stands wrong then is damage; what nobody has promised yet is not.
Step Cursor::judge() {
    const bool living = checks_.writer_may_live && disk_.locked_by_anyone();
    const std::uint64_t durable = living ? disk_.published_durable() : 0;
    const std::string current = names_[index_];
    if (Status listed = list_segments(); !listed.ok()) return fail(listed);
    index_ = static_cast<std::size_t>(std::find(names_.begin(), names_.end(), current) - names_.begin());
    if (index_ == names_.size()) {
        return fail({.fault = Fault::segment_missing, .error = 0, .segment = current, .sequence = expected_, .offset = offset_, .detail = "vanished"});
    }
    const std::int64_t size = disk_.size(file_);
    if (size < 0) return fail(disk_failed(size, "size"));
    file_size_ = static_cast<std::uint64_t>(size);
    const bool last = index_ + 1 == names_.size();
    std::optional<GroupHeader> header;
    bool right = false;
    if (Status read = read_group(header, right); !read.ok()) return fail(read);
    if (right) return Step::group;
    tail_.segment = current;
    tail_.offset = offset_;
    if (last && living && durable < expected_) {
        tail_.ending = Ending::living;
        tail_.used_until = offset_;
        return Step::end;
    }
    if (last) {
        const Step judged = judge_end(header.has_value());
        // A writer that came only now has made the judgement worthless.
        const bool came = checks_.writer_may_live && !living && judged == Step::damage && disk_.locked_by_anyone();
        return came ? Step::group : judged;
    }
    bool unused = true;
    if (Status looked = look_for_use(unused); !looked.ok()) return fail(looked);
    if (!unused) return name_damage(header.has_value());
    Status entered = enter(index_ + 1, true);
    return entered.ok() ? Step::group : fail(entered);
}

// The last segment, and nobody is writing there, or what is wrong has been promised.
Step Cursor::judge_end(bool header_expected) {
    const TailInput input{.disk = disk_,
                          .file = file_,
                          .size = file_size_,
                          .segment = names_[index_],
                          .offset = offset_,
                          .expected_sequence = expected_,
                          .journal = load<std::uint64_t>(segment_.journal.data()),
                          .header_expected = header_expected};
    const Status judged = judge_tail(input, tail_);
    if (judged.fault == Fault::disk) return fail(disk_failed(-judged.error, "read"));
    return judged.ok() ? Step::end : name_damage(header_expected);
}

// Damage for certain; say which record it is.
Step Cursor::name_damage(bool header_expected) {
    std::vector<std::byte> raw(group_header_bytes);
    if (Status read = read_at(raw, offset_); !read.ok()) return fail(read);
    const auto header = read_group_header(raw.data());
    if (!header) return damage(Fault::damaged_group, expected_, offset_, "group header damaged");
    if (!header_expected) {
        if (header->first_sequence != expected_ || header->number != next_group_) {
            return damage(Fault::damaged_group, expected_, offset_,
                          "the group of sequence " + std::to_string(header->first_sequence) + " stands here");
        }
        const bool moved = header->offset != offset_ || header->journal != load<std::uint64_t>(segment_.journal.data());
        return damage(moved ? Fault::damaged_group : Fault::chain_broken, expected_, offset_,
                      moved ? "a group from elsewhere stands here" : "previous chain hash differs");
    }
    raw.resize(static_cast<std::size_t>(header->extent()));
    if (Status read = read_at(raw, offset_); !read.ok()) return fail(read);
    return name_record(raw, *header);
}

Step Cursor::name_record(Bytes group, const GroupHeader& header) {
    const std::size_t length = std::size_t{header.slots} * slot_bytes;
    const Bytes records = group.subspan(group_header_bytes, length);
    std::uint32_t count = 0;
    const std::int64_t slot = first_bad_slot(records, expected_, count);
    if (slot >= 0) {
        const std::uint64_t place = static_cast<std::uint64_t>(slot) * slot_bytes;
        const std::byte* at = records.data() + place;
        const std::size_t slots = slots_of(at, header.slots - static_cast<std::size_t>(slot));
        std::string detail = "record damaged";
        // The true sequence shows through if the record is whole and only stands in the wrong place.
        const std::uint64_t told = slots > 0 ? sequence_told(at, slots) : 0;
        if (told >= 1 && told < expected_ + 2 * max_group_slots) detail = "the record of sequence " + std::to_string(told) + " stands here";
        return damage(Fault::damaged_record, expected_ + count, offset_ + group_header_bytes + place, detail);
    }
    if (count != header.count) return damage(Fault::damaged_group, expected_, offset_, "the header counts other records");
    if (!all_zero(group.subspan(group_header_bytes + length))) {
        return damage(Fault::damaged_group, expected_ + count - 1, offset_ + group_header_bytes + length, "bytes after the group's last record");
    }
    return damage(Fault::chain_broken, expected_, offset_,
                  "a record of " + std::to_string(expected_) + "-" + std::to_string(expected_ + count - 1) +
                      " was edited and its checksum made to fit");
}

}  // namespace yunhai::journal
