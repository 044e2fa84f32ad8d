#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "disk.hpp"

namespace yunhai::journal {
namespace {

constexpr const char* lock_name = "writer.lock";
constexpr const char* durable_name = "durable.hint";

// A symbolic link in the folder is never followed: opening would write through it to somebody's file. A pipe does not
// hold the opener up.
constexpr int plainly = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

int failed() { return -errno; }

struct flock whole_file(short type) {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    return range;
}

class RealDisk final : public Disk {
  public:
    RealDisk(std::string folder, int folder_file) : folder_(std::move(folder)), folder_file_(folder_file) {}

    ~RealDisk() override {
        if (hint_ != nullptr) munmap(hint_, sizeof(std::uint64_t));
        unlock();
        ::close(folder_file_);
    }

    int lock() override {
        const int file = openat(folder_file_, lock_name, O_RDWR | O_CREAT | plainly, 0644);
        if (file < 0) return failed();
        struct flock wanted = whole_file(F_WRLCK);
        if (fcntl(file, F_OFD_SETLK, &wanted) != 0) {
            const int error = errno == EACCES || errno == EAGAIN ? -EWOULDBLOCK : failed();
            ::close(file);
            return error;
        }
        lock_file_ = file;
        return map_hint(true);
    }

    void unlock() override {
        if (lock_file_ >= 0) ::close(lock_file_);
        lock_file_ = -1;
    }

    bool locked_by_anyone() override {
        if (lock_file_ >= 0) return true;
        // Asking takes no lock, so a reader never makes a starting writer fail.
        const int file = openat(folder_file_, lock_name, O_RDONLY | plainly);
        if (file < 0) return false;
        struct flock asked = whole_file(F_RDLCK);
        const bool held = fcntl(file, F_OFD_GETLK, &asked) == 0 && asked.l_type != F_UNLCK;
        ::close(file);
        return held;
    }

    int list(std::vector<std::string>& names) override {
        const int copy = openat(folder_file_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (copy < 0) return failed();
        DIR* stream = fdopendir(copy);
        if (stream == nullptr) {
            const int error = failed();
            ::close(copy);
            return error;
        }
        names.clear();
        errno = 0;  // the end and a failure look alike but for this
        while (const dirent* entry = readdir(stream)) names.emplace_back(entry->d_name);
        const int error = failed();
        closedir(stream);
        return error;
    }

    int open(const std::string& name, Access access) override {
        int flags = plainly;
        if (access == Access::read) flags |= O_RDONLY;
        if (access == Access::write) flags |= O_RDWR;
        if (access == Access::create) flags |= O_RDWR | O_CREAT | O_EXCL;
        const int file = openat(folder_file_, name.c_str(), flags, 0644);
        return file < 0 ? failed() : file;
    }

    void close(int file) override { ::close(file); }

    std::int64_t size(int file) override {
        struct stat facts {};
        return fstat(file, &facts) != 0 ? failed() : facts.st_size;
    }

    std::int64_t read(int file, WritableBytes to, std::uint64_t offset) override {
        const ssize_t count = pread(file, to.data(), to.size(), static_cast<off_t>(offset));
        return count < 0 ? failed() : count;
    }

    std::int64_t write(int file, Bytes from, std::uint64_t offset) override {
        const ssize_t count = pwrite(file, from.data(), from.size(), static_cast<off_t>(offset));
        return count < 0 ? failed() : count;
    }

    int sync(int file) override { return fdatasync(file) != 0 ? failed() : 0; }

    int sync_folder() override { return fsync(folder_file_) != 0 ? failed() : 0; }

    int rename(const std::string& from, const std::string& to) override {
        // Never over a file that is there: that would be a segment.
        return renameat2(folder_file_, from.c_str(), folder_file_, to.c_str(), RENAME_NOREPLACE) != 0 ? failed() : 0;
    }

    int remove(const std::string& name) override { return unlinkat(folder_file_, name.c_str(), 0) != 0 ? failed() : 0; }

    void publish_durable(std::uint64_t sequence) override {
        if (hint_ != nullptr) std::atomic_ref<std::uint64_t>(*hint_).store(sequence, std::memory_order_release);
    }

    std::uint64_t published_durable() override {
        if (hint_ == nullptr && map_hint(false) != 0) return 0;
        return std::atomic_ref<std::uint64_t>(*hint_).load(std::memory_order_acquire);
    }

  private:
    int map_hint(bool writable) {
        const int file = openat(folder_file_, durable_name, (writable ? O_RDWR | O_CREAT : O_RDONLY) | plainly, 0644);
        if (file < 0) return failed();
        struct stat facts {};
        if (writable && ftruncate(file, sizeof(std::uint64_t)) != 0) return close_with_error(file);
        if (fstat(file, &facts) != 0) return close_with_error(file);
        if (facts.st_size < static_cast<off_t>(sizeof(std::uint64_t))) {
            ::close(file);
            return -EIO;
        }
        void* at = mmap(nullptr, sizeof(std::uint64_t), writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file, 0);
        if (at == MAP_FAILED) return close_with_error(file);
        ::close(file);
        hint_ = static_cast<std::uint64_t*>(at);
        return 0;
    }

    static int close_with_error(int file) {
        const int error = failed();
        ::close(file);
        return error;
    }

    std::string folder_;
    int folder_file_;
    int lock_file_ = -1;
    std::uint64_t* hint_ = nullptr;
};

}  // namespace

int write_full(Disk& disk, int file, Bytes from, std::uint64_t offset) {
    while (!from.empty()) {
        const std::int64_t count = disk.write(file, from, offset);
        if (count == -EINTR) continue;
        if (count < 0) return static_cast<int>(count);
        if (count == 0) return -EIO;
        from = from.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return 0;
}

std::int64_t read_full(Disk& disk, int file, WritableBytes to, std::uint64_t offset) {
    std::int64_t total = 0;
    while (!to.empty()) {
        const std::int64_t count = disk.read(file, to, offset);
        if (count == -EINTR) continue;
        if (count < 0) return count;
        if (count == 0) break;
        to = to.subspan(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
        total += count;
    }
    return total;
}

std::unique_ptr<Disk> open_real_disk(const std::string& folder, int& error) {
    error = 0;
    const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) {
        error = failed();
        return nullptr;
    }
    return std::make_unique<RealDisk>(folder, file);
}

}  // namespace yunhai::journal
