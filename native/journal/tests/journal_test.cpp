// The journal's library without Python, for runs under the sanitizers: crashes at every call, images with a changed
// byte, threads that meet a failing disk, and the hashes. Ends with 0 if all held.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "../sim_disk.hpp"
#include "../writer.hpp"

using namespace yunhai::journal;

namespace {

[[noreturn]] void fail(const char* what, std::uint64_t where) {
    std::fprintf(stderr, "does not hold: %s (%llu)\n", what, static_cast<unsigned long long>(where));
    std::exit(1);
}

void require(bool held, const char* what, std::uint64_t where = 0) {
    if (!held) fail(what, where);
}

std::vector<std::byte> some_records(std::mt19937_64& random, std::size_t count) {
    std::vector<std::byte> records(count * slot_bytes);
    for (std::byte& byte : records) byte = static_cast<std::byte>(random());
    for (std::size_t i = 0; i < count; ++i) {
        records[i * slot_bytes] = static_cast<std::byte>(i == 0 ? 1 : 1 + random() % 40);
        store(records.data() + i * slot_bytes + 4, static_cast<std::uint32_t>(random() % 4));
    }
    return records;
}

std::vector<std::byte> some_fact(std::mt19937_64& random) {
    const auto length = static_cast<std::uint32_t>(random() % 500);
    std::vector<std::byte> fact((1 + (length + slot_bytes - 1) / slot_bytes) * slot_bytes);
    fact[0] = std::byte{fact_kind};
    store(fact.data() + 16, length);
    for (std::size_t i = slot_bytes; i < slot_bytes + length; ++i) fact[i] = static_cast<std::byte>(random());
    return fact;
}

WriterOptions options(bool threads) {
    WriterOptions made;
    made.log.segment_bytes = 8192;
    made.threads = threads;
    made.merge = !threads;
    return made;
}

// Writes until the disk fails or `groups` are written; the last durable sequence.
std::uint64_t write(const std::shared_ptr<SimDisk>& disk, std::uint64_t seed, int groups, bool threads) {
    std::mt19937_64 random(seed);
    Writer writer(disk, options(threads));
    if (!writer.open().ok()) return 0;
    for (int group = 0; group < groups; ++group) {
        std::uint64_t sequence = 0;
        const auto records = group % 4 == 3 ? some_fact(random) : some_records(random, 1 + random() % 20);
        if (!writer.submit(records, 7, sequence).ok() || !writer.commit().ok()) break;
    }
    writer.flush();
    return writer.durable();
}

std::uint64_t read(SimDisk& disk, Status& status) {
    Cursor cursor(disk);
    status = cursor.open();
    if (!status.ok()) return 0;
    TenantHeads heads;
    heads.reset(cursor.segment().journal);
    for (;;) {
        const Step step = cursor.next();
        if (step == Step::group) heads.absorb(cursor.group().first_sequence, cursor.parts());
        if (step == Step::damage) status = cursor.status();
        if (step != Step::group) return cursor.next_sequence() - 1;
    }
}

void crash_at_every_call(bool threads, std::uint64_t calls) {
    for (std::uint64_t call = 1; call <= calls; ++call) {
        for (const DiskFault fault : {DiskFault::power_cut, DiskFault::io_error, DiskFault::short_write, DiskFault::interrupted}) {
            auto disk = std::make_shared<SimDisk>();
            disk->fail_call(call, fault);
            const std::uint64_t durable = write(disk, call, 30, threads);
            const std::shared_ptr<SimDisk> after = disk->crash(call, static_cast<unsigned>(call % 101));
            if (durable == 0) continue;
            Status status;
            require(read(*after, status) >= durable, "acknowledged records are gone", call);
            require(status.ok(), "a crash was taken for damage", call);
            require(write(after, call + 1, 3, false) > durable, "cannot go on after a crash", call);
        }
    }
}

void change_every_byte() {
    auto disk = std::make_shared<SimDisk>();
    const std::uint64_t all = write(disk, 5, 12, false);
    std::vector<std::string> names;
    disk->list(names);
    for (const std::string& name : names) {
        const std::size_t size = disk->contents(name).size();
        for (std::size_t at = 0; at < size; ++at) {
            disk->flip(name, at, static_cast<std::uint8_t>(1U << (at % 8)));
            Status status;
            const std::uint64_t sequence = read(*disk, status);
            require(sequence <= all && (!status.ok() || sequence == all), "a changed byte was not seen", at);
            disk->flip(name, at, static_cast<std::uint8_t>(1U << (at % 8)));
        }
    }
}

void read_noise(std::uint64_t images) {
    std::mt19937_64 random(9);
    auto disk = std::make_shared<SimDisk>();
    write(disk, 6, 9, false);
    std::vector<std::string> names;
    disk->list(names);
    for (std::uint64_t image = 0; image < images; ++image) {
        const std::shared_ptr<SimDisk> twin = disk->copy();
        for (std::uint64_t change = 1 + random() % 60; change > 0; --change) {
            const std::string& name = names[random() % names.size()];
            twin->flip(name, random() % 8192, static_cast<std::uint8_t>(random()));
        }
        Status status;
        read(*twin, status);
        write(twin, image, 2, false);
    }
}

void hashes() {
    std::mt19937_64 random(3);
    std::vector<std::byte> data(1000);
    for (std::byte& byte : data) byte = static_cast<std::byte>(random());
    for (std::size_t length = 0; length <= data.size(); ++length) {
        const Bytes part = Bytes(data).first(length);
        require(Sha256().update(part).finish() == Sha256(true).update(part).finish(), "the two SHA-256 differ", length);
        require(crc32c(part) == crc32c_portable(part), "the two CRC32C differ", length);
    }
}

}  // namespace

int main(int count, char** words) {
    const std::uint64_t effort = count > 1 ? std::strtoull(words[1], nullptr, 10) : 60;
    hashes();
    crash_at_every_call(false, effort);
    crash_at_every_call(true, effort / 3);
    change_every_byte();
    read_noise(effort * 10);
    std::puts("all held");
    return 0;
}
