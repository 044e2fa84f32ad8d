#include "log.hpp"

#include <algorithm>

namespace yunhai::journal {
namespace {

constexpr const char* space_name = "next.space";
constexpr std::size_t zeros_bytes = 1U << 18;

}  // namespace

GroupBuffer::GroupBuffer(std::size_t capacity_slots)
    : capacity(capacity_slots), bytes(group_header_bytes + capacity_slots * slot_bytes + alignment_bytes) {}

void GroupBuffer::clear() {
    first_sequence = 0;
    count = 0;
    slots = 0;
    wall_ns = 0;
    opens_segment = false;
}

void GroupBuffer::append(Bytes records, std::uint64_t sequence, std::uint32_t records_count) {
    std::byte* at = end();
    std::memcpy(at, records.data(), records.size());
    if (count == 0) first_sequence = sequence;
    std::size_t left = records.size() / slot_bytes;
    slots += static_cast<std::uint32_t>(left);
    count += records_count;
    for (; left > 0; ++sequence) {
        const std::size_t length = slots_of(at, left);
        store(at + 60, record_checksum(at, length) ^ static_cast<std::uint32_t>(sequence));
        at += length * slot_bytes;
        left -= length;
    }
}

Log::~Log() { release(); }

void Log::release() {
    if (file_ >= 0) disk_->close(file_);
    file_ = -1;
    if (locked_) disk_->unlock();
    locked_ = false;
}

// Touches nothing of the log: the three threads come here.
Status Log::failed(int error, const char* call) {
    Status status;
    status.fault = Fault::disk;
    status.error = -error;
    status.detail = call;
    return status;
}

std::size_t Log::capacity_slots() const {
    const std::uint64_t room = (length_ - segment_header_bytes - alignment_bytes) / alignment_bytes * alignment_bytes;
    return std::min<std::size_t>(max_group_slots, static_cast<std::size_t>(room - group_header_bytes) / slot_bytes);
}

int Log::write_all(int file, Bytes bytes, std::uint64_t offset) {
    if (options_.plant == Plant::short_write_ignored) return static_cast<int>(std::min<std::int64_t>(disk_->write(file, bytes, offset), 0));
    return write_full(*disk_, file, bytes, offset);
}

int Log::sync(int file) {
    if (options_.plant == Plant::no_sync) return 0;
    const int result = disk_->sync(file);
    return result < 0 && options_.plant == Plant::sync_retried ? disk_->sync(file) : result;
}

Status Log::write_and_sync(int file, Bytes bytes, std::uint64_t offset) {
    if (const int error = write_all(file, bytes, offset); error < 0) return failed(error, "write");
    if (const int error = sync(file); error < 0) return failed(error, "sync");
    return {};
}

Status Log::open() {
    if (options_.segment_bytes < min_segment_bytes || options_.segment_bytes > max_segment_bytes ||
        options_.segment_bytes % min_segment_bytes != 0) {
        Status status;
        status.fault = Fault::bad_input;
        status.detail = "segment size must be a multiple of 4096 between 4096 and 4 GiB";
        return status;
    }
    if (const int error = disk_->lock(); error < 0) {
        Status status = failed(error, "lock");
        if (error == -EWOULDBLOCK) status.fault = Fault::locked;
        return status;
    }
    locked_ = true;
    std::vector<std::string> names;
    if (const int error = disk_->list(names); error < 0) return failed(error, "list");
    if (std::find(names.begin(), names.end(), space_name) != names.end()) {
        if (const int error = disk_->remove(space_name); error < 0) return failed(error, "remove");
    }
    const bool exists = std::any_of(names.begin(), names.end(), [](const std::string& name) { return read_segment_name(name).has_value(); });
    Status status = exists ? resume() : create();
    if (!status.ok()) release();
    return status;
}

Status Log::create() {
    SegmentHeader first;
    first.journal = options_.journal;
    first.secret = options_.secret;
    first.first_sequence = 1;
    first.number = 1;
    first.length = options_.segment_bytes;
    first.wall_ns = options_.wall_ns;
    first.next_group = 1;
    first.previous = genesis_chain(first.journal);
    segment_ = first;
    length_ = first.length;
    place_offset_ = segment_header_bytes;
    chain_ = first.previous;
    tenants_.reset(first.journal);
    splitter_.reset(first.secret);
    return enter_segment(first);
}

Status Log::resume() {
    const bool nothing = options_.plant == Plant::nothing_checked;
    const Checks checks{.checksums = !nothing, .chain = !nothing && options_.plant != Plant::chain_not_checked};
    Cursor cursor(*disk_, checks);
    if (Status opened = cursor.open(); !opened.ok()) return opened;
    tenants_.reset(cursor.segment().journal);
    for (;;) {
        const Step step = cursor.next();
        if (step == Step::damage) return cursor.status();
        if (step == Step::end) break;
        tenants_.absorb(cursor.group().first_sequence, cursor.parts());
    }
    found_ = cursor.tail();
    if (!found_.short_segment.empty()) {
        Status status;
        status.fault = Fault::segment_short;
        status.segment = found_.short_segment;
        status.sequence = cursor.next_sequence();
        status.offset = cursor.offset();
        status.detail = "the file is shorter than it was made; no crash does that";
        return status;
    }
    segment_ = cursor.segment();
    splitter_.reset(segment_.secret);
    length_ = segment_.length;
    place_offset_ = cursor.offset();
    next_sequence_ = cursor.next_sequence();
    next_group_ = cursor.next_group();
    chain_ = cursor.chain();
    return repair(cursor);
}

// Cuts what a crash left, and puts the last group on the disk once more: the process that wrote it may have died of a
// failed sync, whose pages look clean to the kernel and are not on the disk.
Status Log::repair(const Cursor& cursor) {
    file_name_ = cursor.segment_file();
    file_ = disk_->open(file_name_, Access::write);
    if (file_ < 0) return failed(file_, "open");
    written_until_ = place_offset_;
    if (options_.plant != Plant::tail_not_cut) {
        const std::vector<std::byte> zeros(zeros_bytes);
        // As far as one group reaches, even where zeros are read: an earlier cut may have failed to sync as well.
        const std::uint64_t used = (found_.used_until + sector_bytes - 1) / sector_bytes * sector_bytes;
        const std::uint64_t reach = place_offset_ + group_header_bytes + max_group_slots * slot_bytes + alignment_bytes;
        const std::uint64_t end = options_.plant == Plant::cuts_only_what_it_sees ? used : std::max(used, std::min(reach, length_));
        for (std::uint64_t at = place_offset_; at < end; at += zeros_bytes) {
            const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros_bytes, end - at));
            if (const int error = write_all(file_, Bytes(zeros).first(count), at); error < 0) return failed(error, "write");
        }
    }
    if (options_.plant != Plant::last_group_not_rewritten) {
        const std::uint64_t begin = cursor.last_group_offset();
        if (Status again = rewrite(file_name_, begin, static_cast<std::size_t>(place_offset_ - begin)); !again.ok()) return again;
    }
    if (const int error = sync(file_); error < 0) return failed(error, "sync");
    if (const int error = disk_->sync_folder(); error < 0) return failed(error, "sync folder");
    return {};
}

Status Log::rewrite(const std::string& name, std::uint64_t offset, std::size_t length) {
    std::vector<std::byte> bytes(length);
    const std::int64_t count = read_full(*disk_, file_, bytes, offset);
    if (count < 0) return failed(static_cast<int>(count), "read");
    if (const int error = write_all(file_, bytes, offset); error < 0) return failed(error, name.c_str());
    return {};
}

void Log::place(GroupBuffer& group) {
    GroupHeader header;
    header.first_sequence = group.count > 0 ? group.first_sequence : next_sequence_;
    header.count = group.count;
    header.slots = group.slots;
    header.wall_ns = group.wall_ns;
    header.number = next_group_;
    // Every segment keeps one sector free, so that closing always finds room for its seal.
    group.extent = header.extent();
    const std::uint64_t needed = group.extent + (group.count > 0 ? alignment_bytes : 0);
    group.opens_segment = place_offset_ + needed > length_;
    if (group.opens_segment) {
        segment_.first_sequence = header.first_sequence;
        segment_.number += 1;
        segment_.wall_ns = group.wall_ns;
        segment_.next_group = header.number;
        segment_.previous = chain_;
        place_offset_ = segment_header_bytes;
        group.segment = segment_;
    }
    group.offset = place_offset_;
    header.offset = place_offset_;
    header.journal = load<std::uint64_t>(segment_.journal.data());
    header.previous = chain_;
    std::memset(group.end(), 0, group.extent - group_header_bytes - std::size_t{group.slots} * slot_bytes);
    write_group_header(group.bytes.data(), header);
    const auto& parts = splitter_.split(Bytes(group.bytes).subspan(group_header_bytes, std::size_t{group.slots} * slot_bytes), header.first_sequence);
    chain_ = group_chain(group.bytes.data(), parts);
    seal_group(group.bytes.data(), chain_);
    tenants_.absorb(header.first_sequence, parts);
    place_offset_ += group.extent;
    next_sequence_ = header.first_sequence + group.count;
    ++next_group_;
}

Status Log::prepare() {
    const int space = disk_->open(space_name, Access::create);
    if (space < 0) return failed(space, "create");
    const std::vector<std::byte> zeros(zeros_bytes);
    int error = 0;
    for (std::uint64_t at = 0; at < length_ && error >= 0; at += zeros_bytes) {
        const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros_bytes, length_ - at));
        error = write_all(space, Bytes(zeros).first(count), at);
    }
    if (error >= 0) error = sync(space);
    disk_->close(space);
    if (error < 0) return failed(error, "write zeros");
    prepared_ = true;
    return {};
}

void Log::drop_space() {
    if (prepared_ && disk_->remove(space_name) >= 0) prepared_ = false;
}

bool Log::wants_space() const { return !prepared_ && written_until_ > length_ / 2; }

// The header is on the disk before the file gets its name: a named segment always has a right header.
Status Log::enter_segment(const SegmentHeader& header) {
    if (!prepared_) {
        if (Status made = prepare(); !made.ok()) return made;
    }
    prepared_ = false;
    const int next = disk_->open(space_name, Access::write);
    if (next < 0) return failed(next, "open");
    if (file_ >= 0) disk_->close(file_);
    file_ = next;
    file_name_ = segment_name(header.number, header.first_sequence);
    written_until_ = segment_header_bytes;
    std::array<std::byte, segment_header_bytes> raw;
    write_segment_header(raw.data(), header);
    if (Status written = write_and_sync(file_, raw, 0); !written.ok()) return written;
    if (const int error = disk_->rename(space_name, file_name_); error < 0) return failed(error, "rename");
    if (options_.plant == Plant::no_folder_sync) return {};
    if (const int error = disk_->sync_folder(); error < 0) return failed(error, "sync folder");
    return {};
}

Status Log::write(GroupBuffer& group) {
    if (group.opens_segment) {
        if (Status entered = enter_segment(group.segment); !entered.ok()) return entered;
    }
    Status status = write_and_sync(file_, Bytes(group.bytes).first(static_cast<std::size_t>(group.extent)), group.offset);
    if (status.ok()) {
        written_until_ = group.offset + group.extent;
    } else {
        status.segment = file_name_;
        status.sequence = group.first_sequence;
        status.offset = group.offset;
    }
    return status;
}

}  // namespace yunhai::journal
