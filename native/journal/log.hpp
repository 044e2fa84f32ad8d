// The writing half without threads: opening after a crash, preparing groups, putting them on the disk.
//
// Space is written with zeros and synced before it is used: a group then overwrites blocks the file already owns, its
// sync writes no metadata, and what a crash leaves behind can be judged (tail.cpp). One group is in flight at a time.
// The first failing write or sync halts the log for ever: after a failed sync nobody knows what the disk holds.
#pragma once

#include <atomic>
#include <memory>

#include "cursor.hpp"

namespace yunhai::journal {

// Mistakes that a test plants to prove that its harness sees them. `none` in every real run.
enum class Plant {
    none = 0,
    acknowledge_before_sync = 1,
    no_sync = 2,
    tail_not_cut = 3,
    no_folder_sync = 4,
    sync_retried = 5,
    last_group_not_rewritten = 6,
    goes_on_after_failure = 7,
    nothing_checked = 8,
    chain_not_checked = 9,
    short_write_ignored = 10,
    cuts_only_what_it_sees = 11,
};

struct LogOptions {
    std::uint64_t segment_bytes = 64ULL << 20;  // of a new journal, for all its segments
    JournalId journal{};  // of a new journal; ignored for one that exists
    Secret secret{};      // the same
    std::int64_t wall_ns = 0;
    Plant plant = Plant::none;
};

// One group's memory: header, records, padding. Reserved once.
struct GroupBuffer {
    explicit GroupBuffer(std::size_t capacity_slots);

    std::size_t capacity;  // slots
    std::vector<std::byte> bytes;
    std::uint64_t first_sequence = 0;
    std::uint32_t count = 0;
    std::uint32_t slots = 0;
    std::int64_t wall_ns = 0;
    // Set by `Log::place`.
    std::uint64_t offset = 0;
    std::uint64_t extent = 0;
    bool opens_segment = false;
    SegmentHeader segment;

    std::byte* end() { return bytes.data() + group_header_bytes + std::size_t{slots} * slot_bytes; }
    std::uint64_t last_sequence() const { return first_sequence + count - 1; }
    void clear();
    // Copies whole records in, fills their checksums. The caller has checked them and that they fit.
    void append(Bytes records, std::uint64_t sequence, std::uint32_t records_count);
};

class Log {
  public:
    Log(std::shared_ptr<Disk> disk, LogOptions options) : disk_(std::move(disk)), options_(options) {}
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    Status open();
    // Assigns place and hash, in order of sequence. Touches no disk; may run beside `write` of an earlier group.
    void place(GroupBuffer& group);
    Status write(GroupBuffer& group);
    // Makes the next segment's space. May run beside both.
    Status prepare();
    bool wants_space() const;  // half of the current segment is used, by groups already written
    bool has_space() const { return prepared_; }
    // Once nothing more will be written. A failure costs only room: opening removes what is left over.
    void drop_space();
    void release();

    std::uint64_t next_sequence() const { return next_sequence_; }
    std::uint64_t next_group() const { return next_group_; }
    std::size_t capacity_slots() const;
    const Digest& chain() const { return chain_; }
    const TenantHeads& tenants() const { return tenants_; }
    const JournalId& journal() const { return segment_.journal; }
    const Tail& found() const { return found_; }
    bool has_room_for_seal() const { return place_offset_ + alignment_bytes <= length_; }

  private:
    Status create();
    Status resume();
    Status repair(const Cursor& cursor);
    Status rewrite(const std::string& name, std::uint64_t offset, std::size_t length);
    Status enter_segment(const SegmentHeader& header);
    Status write_and_sync(int file, Bytes bytes, std::uint64_t offset);
    int write_all(int file, Bytes bytes, std::uint64_t offset);
    int sync(int file);
    static Status failed(int error, const char* call);

    std::shared_ptr<Disk> disk_;
    LogOptions options_;
    bool locked_ = false;
    std::uint64_t length_ = 0;  // of every segment
    // The placing side.
    SegmentHeader segment_;
    std::uint64_t place_offset_ = 0;
    std::uint64_t next_sequence_ = 1;
    std::uint64_t next_group_ = 1;
    Digest chain_{};
    Splitter splitter_;
    TenantHeads tenants_;
    // The writing side.
    int file_ = -1;
    std::string file_name_;
    std::atomic<std::uint64_t> written_until_ = 0;
    // The preparing side.
    std::atomic<bool> prepared_ = false;
    Tail found_;
};

}  // namespace yunhai::journal
