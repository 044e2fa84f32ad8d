// Reading a journal from front to back, checking everything, and judging what stands at its end.
//
// A group is good when its header, every record's checksum and the chain hash are right and it continues what came
// before. What follows the last good group is one of: nothing (zeros: space is written with zeros ahead of use); a torn
// group (a crash: sectors of the one group that was being written are missing, those that arrived are right); bytes
// that hold no valid record at all; or damage: something wrong with something valid behind it. Only the first three
// may be cut off. The judgement is in tail.cpp.
#pragma once

#include "disk.hpp"
#include "tenants.hpp"

namespace yunhai::journal {

// For planted mistakes only: what a reader may leave out. Tests prove that each omission is caught.
struct Checks {
    bool checksums = true;
    bool chain = true;
    bool writer_may_live = false;  // a reader's cursor: what stands at the end may be a group being written this moment
};

// `living`: a writer is at work there; nothing it has promised is missing.
enum class Ending { clean, torn, garbage, living };

struct Tail {
    Ending ending = Ending::clean;
    std::string segment;
    std::uint64_t offset = 0;      // end of the last good group
    std::uint64_t used_until = 0;  // end of the last byte that is not zero
    bool sealed = false;           // the writer closed the journal
    std::string short_segment;     // a file shorter than its header says; none: empty
};

enum class Step { group, end, damage };

// Slot of the first record of `payload` that is wrong, or -1. `first_sequence` is its first record's.
std::int64_t first_bad_slot(Bytes payload, std::uint64_t first_sequence, std::uint32_t& records);

struct TailInput {
    Disk& disk;  // read in windows: a hostile file may be of any size
    int file;
    std::uint64_t size;    // of the file
    std::string segment;
    std::uint64_t offset;  // the end of the last good group
    std::uint64_t expected_sequence;
    std::uint64_t journal;
    bool header_expected;  // the group header at `offset` is right and continues the chain
};
// Judge what follows the last good group of the last segment. Fault::disk: it cannot be read; any other means damage.
Status judge_tail(const TailInput& input, Tail& tail);

class Cursor {
  public:
    explicit Cursor(Disk& disk, Checks checks = {}) : disk_(disk), checks_(checks) {}
    ~Cursor();
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    // Starts at the segment that holds `from_sequence` (0: the beginning, which also proves the beginning).
    Status open(std::uint64_t from_sequence = 0);
    Step next();

    const GroupHeader& group() const { return group_; }
    Bytes payload() const { return Bytes(buffer_.data() + group_header_bytes, std::size_t{group_.slots} * slot_bytes); }
    const std::vector<TenantPart>& parts() const { return splitter_.parts(); }  // of the group just read
    const SegmentHeader& segment() const { return segment_; }
    const std::string& segment_file() const { return names_[index_]; }
    const Status& status() const { return status_; }
    const Tail& tail() const { return tail_; }
    const Digest& chain() const { return chain_; }
    std::uint64_t next_sequence() const { return expected_; }
    std::uint64_t next_group() const { return next_group_; }
    std::uint64_t offset() const { return offset_; }
    std::uint64_t last_group_offset() const { return last_group_offset_; }  // 0: this segment holds none
    std::size_t segments() const { return names_.size(); }

  private:
    Status list_segments();
    Status enter(std::size_t index, bool continues);
    Status read_group(std::optional<GroupHeader>& header, bool& right);
    void accept(const GroupHeader& header);
    Step judge();
    Step judge_end(bool header_expected);
    Step fail(Status status);
    Step damage(Fault fault, std::uint64_t sequence, std::uint64_t offset, std::string detail);
    Step name_damage(bool header_expected);
    Step name_record(Bytes group, const GroupHeader& header);
    bool continues(const GroupHeader& header) const;
    bool good(const GroupHeader& header);
    Status read_at(WritableBytes to, std::uint64_t offset);
    Status look_for_use(bool& unused);
    Status disk_failed(std::int64_t error, const char* call) const;

    Disk& disk_;
    Checks checks_;
    std::vector<std::string> names_;
    std::size_t index_ = 0;
    int file_ = -1;
    std::uint64_t file_size_ = 0;
    SegmentHeader segment_;
    GroupHeader group_;
    std::vector<std::byte> buffer_;
    Splitter splitter_;
    std::uint64_t offset_ = 0;
    std::uint64_t last_group_offset_ = 0;
    std::uint64_t expected_ = 1;
    std::uint64_t next_group_ = 1;
    Digest chain_{};
    Tail tail_;
    Status status_;
};

}  // namespace yunhai::journal
