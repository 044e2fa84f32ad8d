// A disk in memory that behaves as badly as real ones do.
//
// It keeps two images of every file: what the running process sees and what the platter holds. Only a sync moves bytes
// from the first to the second. `crash` makes the disk that a machine finds after the power came back: synced bytes
// are there, every other 512-byte sector is old or new as a seeded coin decides, pending folder changes survive as a
// prefix. Calls can be made to fail: the n-th call, one kind of fault each. A failed sync loses the dirty marks, as
// Linux does: the process still sees its bytes, a second sync would say yes, and the platter never gets them.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "disk.hpp"

namespace yunhai::journal {

enum class DiskFault { none = 0, io_error = 1, no_space = 2, short_write = 3, interrupted = 4, power_cut = 5, lying_sync = 6 };

class SimDisk final : public Disk {
  public:
    SimDisk() = default;

    int lock() override;
    void unlock() override;
    bool locked_by_anyone() override;
    int list(std::vector<std::string>& names) override;
    int open(const std::string& name, Access access) override;
    void close(int file) override;
    std::int64_t size(int file) override;
    std::int64_t read(int file, WritableBytes to, std::uint64_t offset) override;
    std::int64_t write(int file, Bytes from, std::uint64_t offset) override;
    int sync(int file) override;
    int sync_folder() override;
    int rename(const std::string& from, const std::string& to) override;
    int remove(const std::string& name) override;
    void publish_durable(std::uint64_t sequence) override;
    std::uint64_t published_durable() override;

    // The test's hand.
    void fail_call(std::uint64_t call, DiskFault fault);  // counted from now: 1 is the next changing call
    void limit(std::uint64_t capacity_bytes);             // all files together
    std::uint64_t calls() const;                          // changing calls so far
    std::unique_ptr<SimDisk> crash(std::uint64_t seed, unsigned keep_percent) const;
    std::unique_ptr<SimDisk> copy() const;                // what the process sees, all of it synced
    std::vector<std::byte> contents(const std::string& name) const;
    void put(const std::string& name, Bytes contents);    // replaces, synced
    bool flip(const std::string& name, std::uint64_t offset, std::uint8_t mask);
    void drop(const std::string& name);

  private:
    struct File {
        std::vector<std::byte> seen;
        std::vector<std::byte> platter;
        std::set<std::size_t> dirty;  // sectors
    };
    using Folder = std::map<std::string, std::shared_ptr<File>>;

    DiskFault next_fault();
    std::uint64_t used() const;
    void note_folder_change();

    mutable std::mutex mutex_;
    Folder seen_;
    std::vector<Folder> folder_states_{Folder{}};  // [0] is on the platter, the rest pending, oldest first
    std::map<int, std::shared_ptr<File>> open_;
    int next_handle_ = 3;
    bool locked_ = false;
    bool dead_ = false;
    std::uint64_t calls_ = 0;
    std::map<std::uint64_t, DiskFault> faults_;
    std::uint64_t capacity_ = UINT64_MAX;
    std::uint64_t durable_ = 0;
};

}  // namespace yunhai::journal
