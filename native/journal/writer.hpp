// The journal's writer: group commit in a pipeline.
//
//   submit (caller)  copies records into the filling group, fills their checksums
//   placing thread   takes a group, gives it its place, hashes it
//   disk thread      writes it and syncs; only then is it durable and may be acknowledged
//   space thread     writes the next segment's zeros ahead of use
//
// While group N is being synced, N + 1 is hashed and N + 2 filled. The number of groups is fixed: a caller that is
// faster than the disk waits. After the first failure nothing is written or acknowledged any more.
// Without threads `commit` does the same work inline, in the same order: for tests that cut the power at call n.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "log.hpp"

namespace yunhai::journal {

struct WriterOptions {
    LogOptions log;
    std::size_t groups = 4;  // buffers: filling, hashing, waiting, on the disk
    bool merge = true;       // what arrives while the disk is busy goes into one group; false: one group a submit
    bool threads = true;
};

class Writer {
  public:
    Writer(std::shared_ptr<Disk> disk, WriterOptions options);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    Status open();
    // Takes whole records (facts with their content). `sequence`: the last one's. Fault::bad_input: nothing was taken;
    // Fault::halted: the disk failed meanwhile, and a part may have been written, of which `durable` tells. `hold`: nobody is
    // woken for it; it goes with what comes next, or at `wake`. A hint: it may go earlier.
    Status submit(Bytes records, std::int64_t wall_ns, std::uint64_t& sequence, bool hold = false);
    // Sends on what was held.
    void wake() { to_place_.notify_one(); }
    // Without threads: writes what was submitted. With threads: hands the filling group on and returns.
    Status commit();
    // Until `sequence` is durable or `timeout_ns` has passed (then `sequence` > durable()). What was never submitted,
    // and what a closed journal does not hold, is refused.
    Status wait(std::uint64_t sequence, std::int64_t timeout_ns);
    Status flush();
    // Flushes, marks the end as deliberate, releases the lock.
    Status close();

    std::uint64_t durable() const { return durable_.load(std::memory_order_acquire); }
    std::uint64_t submitted() const { return submitted_.load(std::memory_order_acquire); }
    std::uint64_t groups_written() const { return groups_written_.load(std::memory_order_relaxed); }
    Status status();
    // Chain and tenant heads are those of the last placed group: call after `flush`.
    const Log& log() const { return log_; }

  private:
    using Buffer = std::unique_ptr<GroupBuffer>;

    Status acquire(Buffer& buffer);
    Status hand_on(Buffer buffer);
    void place_loop();
    void disk_loop();
    void space_loop();
    Status write_one(GroupBuffer& group);
    void acknowledge(const GroupBuffer& group);
    Status commit_submitted();
    void halt(const Status& status);
    void wake_everyone();
    void stop_threads();
    Status check(Bytes records, std::vector<std::uint32_t>& starts) const;
    bool fits_without_threads(const std::vector<std::uint32_t>& starts, Bytes records);
    std::size_t largest_fit(const std::vector<std::uint32_t>& starts, Bytes records, std::size_t from, std::size_t room) const;

    std::shared_ptr<Disk> disk_;
    WriterOptions options_;
    Log log_;
    std::size_t capacity_ = 0;

    std::mutex submitting_;  // taken before `mutex_`, never after
    std::uint64_t next_sequence_ = 1;
    std::int64_t last_wall_ns_ = 0;

    std::mutex mutex_;
    // One for each thread, so that a step wakes only whoever it is for; `changed_` for callers, who wait for room or the disk.
    std::condition_variable to_place_;
    std::condition_variable to_write_;
    std::condition_variable to_prepare_;
    std::condition_variable changed_;
    std::deque<Buffer> free_;
    std::deque<Buffer> full_;    // to be placed
    std::deque<Buffer> placed_;  // to be written
    Buffer filling_;
    std::size_t busy_ = 0;  // groups held by the placing and disk threads
    bool stopping_ = false;
    bool open_ = false;  // changed under both locks: either is enough to read it
    bool space_wanted_ = false;
    bool space_busy_ = false;
    Status status_;
    std::atomic<std::uint64_t> submitted_{0};
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::uint64_t> groups_written_{0};
    std::vector<std::thread> threads_;
};

}  // namespace yunhai::journal
