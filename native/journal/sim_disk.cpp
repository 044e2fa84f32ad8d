#include "sim_disk.hpp"

#include <algorithm>

namespace yunhai::journal {
namespace {

using Guard = std::lock_guard<std::mutex>;

// splitmix64: small, seedable, the same on every machine.
class Coin {
  public:
    explicit Coin(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }
    bool percent(unsigned chance) { return next() % 100 < chance; }

  private:
    std::uint64_t state_;
};

constexpr int dead_error = -ENODEV;

int error_of(DiskFault fault) {
    switch (fault) {
        case DiskFault::no_space: return -ENOSPC;
        case DiskFault::interrupted: return -EINTR;
        case DiskFault::power_cut: return dead_error;
        default: return -EIO;
    }
}

}  // namespace

DiskFault SimDisk::next_fault() {
    ++calls_;
    const auto planned = faults_.find(calls_);
    if (planned == faults_.end()) return DiskFault::none;
    if (planned->second == DiskFault::power_cut) dead_ = true;
    return planned->second;
}

std::uint64_t SimDisk::used() const {
    std::uint64_t total = 0;
    for (const auto& [name, file] : seen_) total += file->seen.size();
    return total;
}

void SimDisk::note_folder_change() { folder_states_.push_back(seen_); }

int SimDisk::lock() {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    if (locked_) return -EWOULDBLOCK;
    locked_ = true;
    return 0;
}

void SimDisk::unlock() {
    const Guard guard(mutex_);
    locked_ = false;
}

bool SimDisk::locked_by_anyone() {
    const Guard guard(mutex_);
    return locked_;
}

int SimDisk::list(std::vector<std::string>& names) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    names.clear();
    for (const auto& [name, file] : seen_) names.push_back(name);
    return 0;
}

int SimDisk::open(const std::string& name, Access access) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    auto place = seen_.find(name);
    if (access == Access::create) {
        if (place != seen_.end()) return -EEXIST;
        const DiskFault fault = next_fault();
        if (fault != DiskFault::none && fault != DiskFault::short_write && fault != DiskFault::lying_sync) return error_of(fault);
        place = seen_.emplace(name, std::make_shared<File>()).first;
        note_folder_change();
    }
    if (place == seen_.end()) return -ENOENT;
    open_[next_handle_] = place->second;
    return next_handle_++;
}

void SimDisk::close(int file) {
    const Guard guard(mutex_);
    open_.erase(file);
}

std::int64_t SimDisk::size(int file) {
    const Guard guard(mutex_);
    return dead_ ? dead_error : static_cast<std::int64_t>(open_.at(file)->seen.size());
}

std::int64_t SimDisk::read(int file, WritableBytes to, std::uint64_t offset) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    const std::vector<std::byte>& seen = open_.at(file)->seen;
    if (offset >= seen.size()) return 0;
    const std::size_t count = std::min<std::size_t>(to.size(), seen.size() - static_cast<std::size_t>(offset));
    std::copy_n(seen.data() + offset, count, to.data());
    return static_cast<std::int64_t>(count);
}

std::int64_t SimDisk::write(int handle, Bytes from, std::uint64_t offset) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    File& file = *open_.at(handle);
    const DiskFault fault = next_fault();
    if (fault == DiskFault::io_error || fault == DiskFault::no_space || fault == DiskFault::interrupted) return error_of(fault);
    std::size_t count = from.size();
    if (fault == DiskFault::short_write && count > 1) count /= 2;
    const std::uint64_t others = used() - file.seen.size();
    const std::uint64_t room = capacity_ > others ? capacity_ - others : 0;
    if (offset + count > file.seen.size() && offset + count > room) {
        if (offset >= room) return -ENOSPC;
        count = static_cast<std::size_t>(room - offset);
    }
    if (offset + count > file.seen.size()) file.seen.resize(static_cast<std::size_t>(offset) + count);
    std::copy_n(from.data(), count, file.seen.data() + offset);
    for (std::size_t sector = static_cast<std::size_t>(offset) / sector_bytes; sector * sector_bytes < offset + count; ++sector) {
        file.dirty.insert(sector);
    }
    if (fault == DiskFault::power_cut) return dead_error;  // the bytes are in flight: crash decides which arrive
    return static_cast<std::int64_t>(count);
}

int SimDisk::sync(int handle) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    File& file = *open_.at(handle);
    const DiskFault fault = next_fault();
    if (fault == DiskFault::lying_sync) return 0;
    if (fault == DiskFault::power_cut || fault == DiskFault::interrupted) return error_of(fault);
    if (fault == DiskFault::io_error || fault == DiskFault::no_space) {
        file.dirty.clear();
        return error_of(fault);
    }
    file.platter.resize(file.seen.size());
    for (const std::size_t sector : file.dirty) {
        const std::size_t begin = sector * sector_bytes;
        if (begin >= file.seen.size()) continue;
        const std::size_t count = std::min(sector_bytes, file.seen.size() - begin);
        std::copy_n(file.seen.data() + begin, count, file.platter.data() + begin);
    }
    file.dirty.clear();
    return 0;
}

int SimDisk::sync_folder() {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    const DiskFault fault = next_fault();
    if (fault == DiskFault::lying_sync) return 0;
    if (fault != DiskFault::none && fault != DiskFault::short_write) return error_of(fault);
    folder_states_.assign(1, seen_);
    return 0;
}

int SimDisk::rename(const std::string& from, const std::string& to) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    const auto place = seen_.find(from);
    if (place == seen_.end()) return -ENOENT;
    if (seen_.contains(to)) return -EEXIST;
    const DiskFault fault = next_fault();
    if (fault == DiskFault::io_error || fault == DiskFault::no_space || fault == DiskFault::interrupted) return error_of(fault);
    const std::shared_ptr<File> file = place->second;
    seen_.erase(place);
    seen_[to] = file;
    note_folder_change();
    return fault == DiskFault::power_cut ? dead_error : 0;
}

int SimDisk::remove(const std::string& name) {
    const Guard guard(mutex_);
    if (dead_) return dead_error;
    if (!seen_.contains(name)) return -ENOENT;
    const DiskFault fault = next_fault();
    if (fault == DiskFault::io_error || fault == DiskFault::no_space || fault == DiskFault::interrupted) return error_of(fault);
    seen_.erase(name);
    note_folder_change();
    return fault == DiskFault::power_cut ? dead_error : 0;
}

void SimDisk::publish_durable(std::uint64_t sequence) {
    const Guard guard(mutex_);
    durable_ = sequence;
}

std::uint64_t SimDisk::published_durable() {
    const Guard guard(mutex_);
    return durable_;
}

void SimDisk::fail_call(std::uint64_t call, DiskFault fault) {
    const Guard guard(mutex_);
    faults_[calls_ + call] = fault;
}

void SimDisk::limit(std::uint64_t capacity_bytes) {
    const Guard guard(mutex_);
    capacity_ = capacity_bytes;
}

std::uint64_t SimDisk::calls() const {
    const Guard guard(mutex_);
    return calls_;
}

std::unique_ptr<SimDisk> SimDisk::crash(std::uint64_t seed, unsigned keep_percent) const {
    const Guard guard(mutex_);
    Coin coin(seed);
    auto after = std::make_unique<SimDisk>();
    const std::size_t state = coin.percent(keep_percent) ? coin.next() % folder_states_.size() : 0;
    for (const auto& [name, file] : folder_states_[state]) {
        auto found = std::make_shared<File>();
        found->platter = file->platter;
        for (const std::size_t sector : file->dirty) {
            if (!coin.percent(keep_percent)) continue;
            const std::size_t begin = sector * sector_bytes;
            const std::size_t end = std::min(begin + sector_bytes, file->seen.size());
            if (begin >= end) continue;
            if (end > found->platter.size()) found->platter.resize(end);
            std::copy(file->seen.begin() + static_cast<std::ptrdiff_t>(begin), file->seen.begin() + static_cast<std::ptrdiff_t>(end),
                      found->platter.begin() + static_cast<std::ptrdiff_t>(begin));
        }
        if (file->seen.size() > found->platter.size() && coin.percent(keep_percent)) found->platter.resize(file->seen.size());
        found->seen = found->platter;
        after->seen_.emplace(name, std::move(found));
    }
    after->folder_states_.assign(1, after->seen_);
    return after;
}

std::unique_ptr<SimDisk> SimDisk::copy() const {
    const Guard guard(mutex_);
    auto other = std::make_unique<SimDisk>();
    for (const auto& [name, file] : seen_) {
        auto twin = std::make_shared<File>();
        twin->seen = file->seen;
        twin->platter = file->seen;
        other->seen_.emplace(name, std::move(twin));
    }
    other->folder_states_.assign(1, other->seen_);
    return other;
}

std::vector<std::byte> SimDisk::contents(const std::string& name) const {
    const Guard guard(mutex_);
    const auto place = seen_.find(name);
    return place == seen_.end() ? std::vector<std::byte>{} : place->second->seen;
}

void SimDisk::put(const std::string& name, Bytes contents) {
    const Guard guard(mutex_);
    auto file = std::make_shared<File>();
    file->seen.assign(contents.begin(), contents.end());
    file->platter = file->seen;
    seen_[name] = std::move(file);
    folder_states_.assign(1, seen_);
}

bool SimDisk::flip(const std::string& name, std::uint64_t offset, std::uint8_t mask) {
    const Guard guard(mutex_);
    const auto place = seen_.find(name);
    if (place == seen_.end() || offset >= place->second->seen.size()) return false;
    for (std::vector<std::byte>* image : {&place->second->seen, &place->second->platter}) {
        if (offset < image->size()) (*image)[static_cast<std::size_t>(offset)] ^= std::byte{mask};
    }
    return true;
}

void SimDisk::drop(const std::string& name) {
    const Guard guard(mutex_);
    seen_.erase(name);
    folder_states_.assign(1, seen_);
}

}  // namespace yunhai::journal
