// The disk port. Everything the journal asks of a file system, in one interface, so that the same writer and
// reader run on a real folder and on a simulated disk that forgets, tears, fills up and fails (sim_disk.hpp).
// Every call returns a value >= 0, or a negative errno. Reads and writes may be short; callers loop.
#pragma once

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "bytes.hpp"

namespace yunhai::journal {

inline constexpr std::size_t sector_bytes = 512;  // what a disk writes whole or not at all

enum class Access { read, write, create };  // create: the file must not exist; opened for writing

class Disk {
  public:
    Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    virtual ~Disk() = default;

    virtual int lock() = 0;  // exclusive, -EWOULDBLOCK when another writer holds it
    virtual void unlock() = 0;
    virtual bool locked_by_anyone() = 0;
    virtual int list(std::vector<std::string>& names) = 0;
    virtual int open(const std::string& name, Access access) = 0;
    virtual void close(int file) = 0;
    virtual std::int64_t size(int file) = 0;
    virtual std::int64_t read(int file, WritableBytes to, std::uint64_t offset) = 0;
    virtual std::int64_t write(int file, Bytes from, std::uint64_t offset) = 0;
    virtual int sync(int file) = 0;
    virtual int sync_folder() = 0;
    virtual int rename(const std::string& from, const std::string& to) = 0;  // -EEXIST rather than replace
    virtual int remove(const std::string& name) = 0;

    // A hint in shared memory for readers of other processes: the last durable sequence. Never trusted after a crash.
    virtual void publish_durable(std::uint64_t sequence) = 0;
    virtual std::uint64_t published_durable() = 0;
};

// Loop over short and interrupted calls. 0 or a negative errno; `read_full` gives the bytes read (less only at the end).
int write_full(Disk& disk, int file, Bytes from, std::uint64_t offset);
std::int64_t read_full(Disk& disk, int file, WritableBytes to, std::uint64_t offset);

// The folder must be there, and durably so: who makes one syncs its parent (src/yunhai/journal/files.py).
std::unique_ptr<Disk> open_real_disk(const std::string& folder, int& error);

}  // namespace yunhai::journal
