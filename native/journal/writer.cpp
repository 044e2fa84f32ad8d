#include "writer.hpp"

#include <algorithm>
#include <chrono>

namespace yunhai::journal {
namespace {

using Lock = std::unique_lock<std::mutex>;

constexpr std::size_t most_waiting_groups = 1;  // more would only make groups smaller and acknowledgements later

Status refuse(const char* why, std::uint64_t place) {
    Status status;
    status.fault = Fault::bad_input;
    status.offset = place;
    status.detail = why;
    return status;
}

}  // namespace

Writer::Writer(std::shared_ptr<Disk> disk, WriterOptions options) : disk_(std::move(disk)), options_(options), log_(disk_, options.log) {}

Writer::~Writer() { close(); }

Status Writer::open() {
    Status opened = log_.open();
    if (!opened.ok()) return opened;
    capacity_ = log_.capacity_slots();
    for (std::size_t i = 0; i < std::max<std::size_t>(options_.groups, 2); ++i) free_.push_back(std::make_unique<GroupBuffer>(capacity_));
    next_sequence_ = log_.next_sequence();
    submitted_ = next_sequence_ - 1;
    durable_ = next_sequence_ - 1;
    disk_->publish_durable(durable_);
    open_ = true;
    if (options_.threads) {
        threads_.emplace_back([this] { place_loop(); });
        threads_.emplace_back([this] { disk_loop(); });
        threads_.emplace_back([this] { space_loop(); });
    }
    return opened;
}

Status Writer::status() {
    const Lock lock(mutex_);
    return status_;
}

void Writer::halt(const Status& status) {
    if (options_.log.plant == Plant::goes_on_after_failure) return;
    if (status_.ok()) {
        status_ = status;
        status_.fault = Fault::halted;
    }
    wake_everyone();
}

void Writer::wake_everyone() {
    to_place_.notify_all();
    to_write_.notify_all();
    to_prepare_.notify_all();
    changed_.notify_all();
}

Status Writer::check(Bytes records, std::vector<std::uint32_t>& starts) const {
    if (records.empty() || records.size() % slot_bytes != 0) return refuse("records must be a positive number of 64-byte slots", 0);
    const std::size_t slots = records.size() / slot_bytes;
    if (slots > UINT32_MAX / 2) return refuse("too many records at once", slots);
    starts.clear();
    for (std::size_t slot = 0; slot < slots;) {
        const std::size_t length = slots_of(records.data() + slot * slot_bytes, slots - slot);
        if (length == 0) return refuse("kind 0, or a fact whose length does not fit", slot);
        if (length > capacity_) return refuse("a fact larger than a segment holds", slot);
        starts.push_back(static_cast<std::uint32_t>(slot));
        slot += length;
    }
    starts.push_back(static_cast<std::uint32_t>(slots));
    return {};
}

// How many of the records from index `from` on go into `room` slots. A command is not parted from its events unless it
// alone is larger than an empty group.
std::size_t Writer::largest_fit(const std::vector<std::uint32_t>& starts, Bytes records, std::size_t from, std::size_t room) const {
    const auto begin = starts.begin() + static_cast<std::ptrdiff_t>(from);
    const auto past = std::upper_bound(begin, starts.end(), starts[from] + static_cast<std::uint32_t>(room));
    const std::size_t fit = static_cast<std::size_t>(past - begin) - 1;
    if (from + fit + 1 == starts.size()) return fit;
    for (std::size_t count = fit; count > 0; --count) {
        const auto kind = static_cast<std::uint8_t>(records[std::size_t{starts[from + count]} * slot_bytes]);
        if (kind < first_event_kind || kind == fact_kind) return count;
    }
    return room == capacity_ ? fit : 0;
}

Status Writer::acquire(Buffer& buffer) {
    Lock lock(mutex_);
    if (filling_) {
        buffer = std::move(filling_);
    } else {
        changed_.wait(lock, [this] { return !free_.empty() || !status_.ok(); });
        if (!status_.ok()) return status_;
        buffer = std::move(free_.front());
        free_.pop_front();
        buffer->clear();
    }
    if (!status_.ok()) return status_;
    return {};
}

Status Writer::hand_on(Buffer buffer) {
    const Lock lock(mutex_);
    full_.push_back(std::move(buffer));
    to_place_.notify_one();
    return status_;
}

// Whether the groups at hand hold all of it: without threads nobody empties one meanwhile.
bool Writer::fits_without_threads(const std::vector<std::uint32_t>& starts, Bytes records) {
    const Lock lock(mutex_);
    if (!status_.ok()) return true;  // told as such when a group is asked for
    std::size_t groups = free_.size() + (filling_ ? 1 : 0);
    std::size_t room = capacity_ - (filling_ ? filling_->slots : 0);
    for (std::size_t from = 0; from + 1 < starts.size(); room = capacity_) {
        if (groups == 0) return false;
        --groups;
        from += largest_fit(starts, records, from, room);
    }
    return true;
}

Status Writer::submit(Bytes records, std::int64_t wall_ns, std::uint64_t& sequence, bool hold) {
    const Lock submitting(submitting_);
    if (!open_) return refuse("the journal is closed", 0);
    thread_local std::vector<std::uint32_t> starts;
    if (Status bad = check(records, starts); !bad.ok()) return bad;
    if (!options_.threads && !fits_without_threads(starts, records)) return refuse("call commit: every group is full", 0);
    const std::size_t total = starts.size() - 1;
    for (std::size_t from = 0; from < total;) {
        Buffer buffer;
        if (Status halted = acquire(buffer); !halted.ok()) return halted;
        const std::size_t count = largest_fit(starts, records, from, capacity_ - buffer->slots);
        if (count > 0) {
            const std::size_t begin = std::size_t{starts[from]} * slot_bytes;
            const std::size_t end = std::size_t{starts[from + count]} * slot_bytes;
            buffer->append(records.subspan(begin, end - begin), next_sequence_, static_cast<std::uint32_t>(count));
            buffer->wall_ns = std::max(buffer->wall_ns, wall_ns);
            next_sequence_ += count;
            submitted_.store(next_sequence_ - 1, std::memory_order_release);
            from += count;
        }
        if (from < total || !options_.merge) {
            if (Status halted = hand_on(std::move(buffer)); !halted.ok()) return halted;
        } else {
            const Lock lock(mutex_);
            filling_ = std::move(buffer);
            if (!hold) to_place_.notify_one();
        }
    }
    sequence = next_sequence_ - 1;
    last_wall_ns_ = std::max(last_wall_ns_, wall_ns);
    return {};
}

Status Writer::write_one(GroupBuffer& group) {
    const bool early = options_.log.plant == Plant::acknowledge_before_sync;
    if (early && group.count > 0) durable_.store(group.last_sequence(), std::memory_order_release);
    return log_.write(group);
}

// Under the lock, and only while nothing has failed: a failure elsewhere (the next segment's space) ends acknowledging too.
void Writer::acknowledge(const GroupBuffer& group) {
    groups_written_.fetch_add(1, std::memory_order_relaxed);
    durable_.store(group.last_sequence(), std::memory_order_release);
    disk_->publish_durable(group.last_sequence());
}

void Writer::place_loop() {
    Lock lock(mutex_);
    for (;;) {
        const auto ready = [this] { return placed_.size() < most_waiting_groups && (!full_.empty() || filling_); };
        to_place_.wait(lock, [&] { return ready() || stopping_ || !status_.ok(); });
        if (!status_.ok() || (stopping_ && full_.empty() && !filling_)) return;
        if (!ready()) {
            to_place_.wait(lock);
            continue;
        }
        Buffer buffer;
        if (full_.empty()) {
            buffer = std::move(filling_);
        } else {
            buffer = std::move(full_.front());
            full_.pop_front();
        }
        ++busy_;
        lock.unlock();
        log_.place(*buffer);
        lock.lock();
        --busy_;
        placed_.push_back(std::move(buffer));
        to_write_.notify_one();
    }
}

void Writer::disk_loop() {
    Lock lock(mutex_);
    for (;;) {
        to_write_.wait(lock, [this] { return !placed_.empty() || stopping_ || !status_.ok(); });
        if (!status_.ok()) return;
        if (placed_.empty()) {
            if (full_.empty() && !filling_ && busy_ == 0) return;
            to_write_.wait(lock);
            continue;
        }
        Buffer buffer = std::move(placed_.front());
        placed_.pop_front();
        ++busy_;
        to_place_.notify_one();
        if (buffer->opens_segment) {
            space_wanted_ = false;  // whatever is missing now is made inline, by this thread alone
            to_write_.wait(lock, [this] { return !space_busy_; });
        }
        if (!status_.ok()) return;
        lock.unlock();
        const Status written = write_one(*buffer);
        lock.lock();
        --busy_;
        if (!written.ok()) halt(written);
        if (!status_.ok()) return;
        acknowledge(*buffer);
        space_wanted_ = log_.wants_space();
        if (space_wanted_) to_prepare_.notify_one();
        free_.push_back(std::move(buffer));
        changed_.notify_all();
    }
}

void Writer::space_loop() {
    Lock lock(mutex_);
    for (;;) {
        to_prepare_.wait(lock, [this] { return space_wanted_ || stopping_ || !status_.ok(); });
        if (stopping_ || !status_.ok()) return;
        space_wanted_ = false;
        if (log_.has_space()) continue;
        space_busy_ = true;
        lock.unlock();
        const Status prepared = log_.prepare();
        lock.lock();
        space_busy_ = false;
        if (!prepared.ok()) {
            halt(prepared);
            return;
        }
        to_write_.notify_one();
    }
}

Status Writer::commit() {
    const Lock submitting(submitting_);
    return commit_submitted();
}

// Under `submitting_`.
Status Writer::commit_submitted() {
    const Lock lock(mutex_);
    if (filling_) full_.push_back(std::move(filling_));
    if (options_.threads) {
        to_place_.notify_one();
        return status_;
    }
    while (status_.ok() && !full_.empty()) {
        Buffer buffer = std::move(full_.front());
        full_.pop_front();
        log_.place(*buffer);
        const Status written = write_one(*buffer);
        if (!written.ok()) halt(written);
        if (status_.ok()) acknowledge(*buffer);
        free_.push_back(std::move(buffer));
    }
    return status_;
}

Status Writer::wait(std::uint64_t sequence, std::int64_t timeout_ns) {
    Lock lock(mutex_);
    const auto done = [&] { return durable() >= sequence || !status_.ok() || !open_; };
    if (!done() && sequence > submitted()) return refuse("nothing with this sequence was submitted", sequence);
    if (options_.threads && timeout_ns < 0) {
        changed_.wait(lock, done);
    } else if (options_.threads) {
        changed_.wait_for(lock, std::chrono::nanoseconds(timeout_ns), done);
    }
    if (durable() >= sequence) return {};
    return status_.ok() && !open_ ? refuse("the journal is closed and does not hold this sequence", sequence) : status_;
}

Status Writer::flush() {
    if (Status handed = commit(); !handed.ok()) return handed;
    return wait(submitted(), -1);
}

void Writer::stop_threads() {
    {
        const Lock lock(mutex_);
        stopping_ = true;
        wake_everyone();
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
}

Status Writer::close() {
    const Lock submitting(submitting_);
    if (!open_) return {};
    Status status = commit_submitted();
    if (status.ok()) status = wait(submitted(), -1);
    stop_threads();
    const bool already_sealed = log_.found().sealed && groups_written_ == 0;
    if (status.ok() && !already_sealed && log_.has_room_for_seal()) {
        GroupBuffer seal(1);
        seal.wall_ns = last_wall_ns_;
        log_.place(seal);
        status = log_.write(seal);
    }
    if (status.ok()) log_.drop_space();
    log_.release();
    const Lock lock(mutex_);
    open_ = false;
    changed_.notify_all();
    return status;
}

}  // namespace yunhai::journal
