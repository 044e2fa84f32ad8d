// The Python face of the journal. C++ reports by Status; here, and only here, a Status becomes a Python exception.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include "sim_disk.hpp"
#include "writer.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace yunhai::journal {
namespace {

PyObject* fault_type = nullptr;

nb::bytes to_bytes(Bytes bytes) { return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }

// Fault(code, errno, segment, sequence, offset, detail)
[[noreturn]] void raise(const Status& status) {
    nb::object arguments = nb::make_tuple(static_cast<int>(status.fault), status.error, status.segment, status.sequence, status.offset, status.detail);
    PyErr_SetObject(fault_type, arguments.ptr());
    throw nb::python_error();
}

void require(const Status& status) {
    if (!status.ok()) raise(status);
}

class Buffer {
  public:
    explicit Buffer(nb::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    Bytes bytes() const { return {static_cast<const std::byte*>(view_.buf), static_cast<std::size_t>(view_.len)}; }

  private:
    Py_buffer view_{};
};

// `missing`: the fault of a folder that cannot be opened.
std::shared_ptr<Disk> disk_of(nb::handle place, Fault missing) {
    if (nb::isinstance<SimDisk>(place)) return nb::cast<std::shared_ptr<SimDisk>>(place);
    int error = 0;
    std::shared_ptr<Disk> disk = open_real_disk(nb::cast<std::string>(place), error);
    if (disk == nullptr) {
        Status status;
        status.fault = missing;
        status.error = -error;
        status.detail = "open folder";
        raise(status);
    }
    return disk;
}

JournalId journal_id(nb::bytes given) {
    JournalId id{};
    if (given.size() != id.size()) throw nb::value_error("journal id: 16 bytes");
    std::memcpy(id.data(), given.c_str(), id.size());
    return id;
}

Secret secret_of(nb::bytes given) {
    Secret secret{};
    if (given.size() != secret.size()) throw nb::value_error("a secret is 16 bytes");
    std::memcpy(secret.data(), given.c_str(), secret.size());
    return secret;
}

nb::object owned_array(Bytes bytes) {
    auto* copy = new std::byte[bytes.size()];
    std::memcpy(copy, bytes.data(), bytes.size());
    nb::capsule owner(copy, [](void* at) noexcept { delete[] static_cast<std::byte*>(at); });
    return nb::cast(nb::ndarray<nb::numpy, std::uint8_t, nb::ndim<1>>(copy, {bytes.size()}, owner));
}

const char* ending_name(Ending ending) {
    switch (ending) {
        case Ending::torn: return "torn";
        case Ending::garbage: return "garbage";
        case Ending::living: return "living";
        default: return "clean";
    }
}

nb::dict tail_facts(const Tail& tail) {
    nb::dict facts;
    facts["ending"] = ending_name(tail.ending);
    facts["segment"] = tail.segment;
    facts["offset"] = tail.offset;
    facts["used_until"] = tail.used_until;
    facts["sealed"] = tail.sealed;
    facts["short_segment"] = tail.short_segment;
    return facts;
}

nb::dict head_facts(const TenantHeads& tenants) {
    nb::dict heads;
    for (const auto& [tenant, head] : tenants.heads()) heads[nb::int_(tenant)] = to_bytes(head);
    return heads;
}

class PyWriter {
  public:
    PyWriter(nb::handle place, nb::bytes id, nb::bytes secret, std::uint64_t segment_bytes, std::int64_t wall_ns, std::size_t groups, bool merge, bool threads,
             int plant) {
        WriterOptions options;
        options.log.segment_bytes = segment_bytes;
        options.log.journal = journal_id(id);
        options.log.secret = secret_of(secret);
        options.log.wall_ns = wall_ns;
        options.log.plant = static_cast<Plant>(plant);
        options.groups = groups;
        options.merge = merge;
        options.threads = threads;
        writer_ = std::make_unique<Writer>(disk_of(place, Fault::disk), options);
        Status opened;
        {
            const nb::gil_scoped_release free;
            opened = writer_->open();
        }
        require(opened);
    }

    std::uint64_t submit(nb::handle records, std::int64_t wall_ns, bool hold) {
        const Buffer buffer(records);
        std::uint64_t sequence = 0;
        Status status;
        {
            const nb::gil_scoped_release free;
            status = writer_->submit(buffer.bytes(), wall_ns, sequence, hold);
        }
        require(status);
        return sequence;
    }

    void commit() { run([this] { return writer_->commit(); }); }
    void flush() { run([this] { return writer_->flush(); }); }
    void close() { run([this] { return writer_->close(); }); }
    bool wait(std::uint64_t sequence, std::int64_t timeout_ns) {
        run([&] { return writer_->wait(sequence, timeout_ns); });
        return writer_->durable() >= sequence;
    }
    Writer& writer() { return *writer_; }

  private:
    template <class Call>
    void run(Call call) {
        Status status;
        {
            const nb::gil_scoped_release free;
            status = call();
        }
        require(status);
    }

    std::unique_ptr<Writer> writer_;
};

class PyReader {
  public:
    PyReader(nb::handle place, std::uint64_t from_sequence, bool checksums, bool chain, bool follow)
        : disk_(disk_of(place, Fault::not_found)),
          cursor_(*disk_, Checks{.checksums = checksums, .chain = chain, .writer_may_live = true}),
          follow_(follow) {
        require(cursor_.open(from_sequence));
        tenants_.reset(cursor_.segment().journal);
    }

    // None at the end. With `follow` nothing that a living writer has not made durable is given out.
    nb::object next() {
        if (follow_ && disk_->locked_by_anyone() && cursor_.next_sequence() > disk_->published_durable()) return nb::none();
        Step step = Step::end;
        {
            const nb::gil_scoped_release free;
            step = cursor_.next();
        }
        if (step == Step::damage) raise(cursor_.status());
        if (step == Step::end) return nb::none();
        const GroupHeader& group = cursor_.group();
        return nb::make_tuple(group.first_sequence, group.count, group.wall_ns, group.number, cursor_.segment_file(), group.offset,
                              to_bytes(group.chain), owned_array(cursor_.payload()));
    }

    // Reads to the end without handing records out; the last sequence that is right.
    std::uint64_t run(bool tenants) {
        Step step = Step::group;
        {
            const nb::gil_scoped_release free;
            while ((step = cursor_.next()) == Step::group) {
                if (tenants) tenants_.absorb(cursor_.group().first_sequence, cursor_.parts());
            }
        }
        if (step == Step::damage) raise(cursor_.status());
        return cursor_.next_sequence() - 1;
    }

    const Cursor& cursor() const { return cursor_; }
    TenantHeads& tenants() { return tenants_; }

  private:
    std::shared_ptr<Disk> disk_;
    Cursor cursor_;
    TenantHeads tenants_;
    bool follow_;
};

Digest digest_of(nb::bytes given) {
    Digest digest;
    if (given.size() != digest.size()) throw nb::value_error("a hash is 32 bytes");
    std::memcpy(digest.data(), given.c_str(), digest.size());
    return digest;
}

}  // namespace

NB_MODULE(_journal, module) {
    fault_type = PyErr_NewException("yunhai.native._journal.Fault", PyExc_Exception, nullptr);
    module.attr("Fault") = nb::borrow(fault_type);

    nb::class_<SimDisk>(module, "SimDisk")
        .def(nb::init<>())
        .def("fail_call", [](SimDisk& disk, std::uint64_t call, int fault) { disk.fail_call(call, static_cast<DiskFault>(fault)); }, "call"_a, "fault"_a)
        .def("limit", &SimDisk::limit, "capacity_bytes"_a)
        .def("calls", &SimDisk::calls)
        .def("crash", [](const SimDisk& disk, std::uint64_t seed, unsigned keep) { return std::shared_ptr<SimDisk>(disk.crash(seed, keep)); },
             "seed"_a, "keep_percent"_a)
        .def("copy", [](const SimDisk& disk) { return std::shared_ptr<SimDisk>(disk.copy()); })
        .def("names",
             [](SimDisk& disk) {
                 std::vector<std::string> names;
                 disk.list(names);
                 return names;
             })
        .def("contents", [](const SimDisk& disk, const std::string& name) { return to_bytes(disk.contents(name)); }, "name"_a)
        .def("put", [](SimDisk& disk, const std::string& name, nb::handle contents) { disk.put(name, Buffer(contents).bytes()); }, "name"_a, "contents"_a)
        .def("flip", &SimDisk::flip, "name"_a, "offset"_a, "mask"_a)
        .def("drop", &SimDisk::drop, "name"_a);

    nb::class_<PyWriter>(module, "Writer")
        .def(nb::init<nb::handle, nb::bytes, nb::bytes, std::uint64_t, std::int64_t, std::size_t, bool, bool, int>(), "place"_a, "journal_id"_a,
             "secret"_a, nb::kw_only(),
             "segment_bytes"_a, "wall_ns"_a, "groups"_a = 4, "merge"_a = true, "threads"_a = true, "plant"_a = 0)
        .def("submit", &PyWriter::submit, "records"_a, "wall_ns"_a, "hold"_a = false)
        .def("wake", [](PyWriter& self) { self.writer().wake(); })
        .def("commit", &PyWriter::commit)
        .def("wait", &PyWriter::wait, "sequence"_a, "timeout_ns"_a = -1)
        .def("flush", &PyWriter::flush)
        .def("close", &PyWriter::close)
        .def("durable", [](PyWriter& self) { return self.writer().durable(); })
        .def("submitted", [](PyWriter& self) { return self.writer().submitted(); })
        .def("groups_written", [](PyWriter& self) { return self.writer().groups_written(); })
        .def("next_group", [](PyWriter& self) { return self.writer().log().next_group(); })
        .def("chain", [](PyWriter& self) { return to_bytes(self.writer().log().chain()); })
        .def("tenant_heads", [](PyWriter& self) { return head_facts(self.writer().log().tenants()); })
        .def("journal_id", [](PyWriter& self) { return to_bytes(self.writer().log().journal()); })
        .def("found", [](PyWriter& self) { return tail_facts(self.writer().log().found()); });

    nb::class_<PyReader>(module, "Reader")
        .def(nb::init<nb::handle, std::uint64_t, bool, bool, bool>(), "place"_a, "from_sequence"_a = 0, nb::kw_only(), "checksums"_a = true,
             "chain"_a = true, "follow"_a = false)
        .def("next", &PyReader::next)
        .def("run", &PyReader::run, "tenants"_a = false)
        .def("absorb_tenants", [](PyReader& self) { self.tenants().absorb(self.cursor().group().first_sequence, self.cursor().parts()); })
        .def("tenant_heads", [](PyReader& self) { return head_facts(self.tenants()); })
        .def("parts",
             [](const PyReader& self) {
                 nb::list parts;
                 for (const TenantPart& part : self.cursor().parts()) parts.append(nb::make_tuple(part.tenant, part.slots, to_bytes(part.digest)));
                 return parts;
             })
        .def("tail", [](const PyReader& self) { return tail_facts(self.cursor().tail()); })
        .def("chain", [](const PyReader& self) { return to_bytes(self.cursor().chain()); })
        .def("next_sequence", [](const PyReader& self) { return self.cursor().next_sequence(); })
        .def("next_group", [](const PyReader& self) { return self.cursor().next_group(); })
        .def("segments", [](const PyReader& self) { return self.cursor().segments(); })
        .def("segment_bytes", [](const PyReader& self) { return self.cursor().segment().length; })
        .def("journal_id", [](const PyReader& self) { return to_bytes(self.cursor().segment().journal); })
        .def("secret", [](const PyReader& self) { return to_bytes(self.cursor().segment().secret); });

    module.def("sha256", [](nb::handle data, bool portable) { return to_bytes(Sha256(portable).update(Buffer(data).bytes()).finish()); }, "data"_a,
               "portable"_a = false);
    module.def("sha256_many",
               [](const std::vector<nb::bytes>& data) {
                   std::vector<Bytes> messages;
                   for (const nb::bytes& part : data) messages.emplace_back(reinterpret_cast<const std::byte*>(part.c_str()), part.size());
                   std::vector<Digest> digests(messages.size());
                   sha256_many(messages, digests);
                   std::vector<nb::bytes> answers;
                   for (const Digest& digest : digests) answers.push_back(to_bytes(digest));
                   return answers;
               },
               "messages"_a);
    module.def("crc32c", [](nb::handle data, bool portable) { return portable ? crc32c_portable(Buffer(data).bytes()) : crc32c(Buffer(data).bytes()); },
               "data"_a, "portable"_a = false);
    module.def("accelerated", [] { return std::make_pair(sha256_is_accelerated(), crc32c_is_accelerated()); });
    module.def("first_bad_slot",
               [](nb::handle records, std::uint64_t first_sequence) {
                   std::uint32_t count = 0;
                   const std::int64_t slot = first_bad_slot(Buffer(records).bytes(), first_sequence, count);
                   return std::make_pair(slot, count);
               },
               "records"_a, "first_sequence"_a);
    module.def("first_difference",
               [](nb::handle made, nb::handle held) {
                   const Buffer left(made);
                   const Buffer right(held);
                   if (left.bytes().size() != right.bytes().size()) throw nb::value_error("as many records on both sides");
                   const nb::gil_scoped_release free;
                   const std::size_t slots = left.bytes().size() / slot_bytes;
                   for (std::size_t slot = 0; slot < slots; ++slot) {
                       const std::size_t at = slot * slot_bytes;
                       if (std::memcmp(left.bytes().data() + at, right.bytes().data() + at, 60) != 0) return static_cast<std::int64_t>(slot);
                   }
                   return std::int64_t{-1};
               },
               "made"_a, "held"_a);
    module.def("genesis_tenant", [](nb::bytes id, std::uint32_t tenant) { return to_bytes(genesis_tenant(journal_id(id), tenant)); }, "journal_id"_a,
               "tenant"_a);
    module.def("salt_seed",
               [](nb::bytes secret, std::uint64_t first, std::uint32_t tenant) { return to_bytes(salt_seed(secret_of(secret), first, tenant)); },
               "secret"_a, "group_first_sequence"_a, "tenant"_a);
    module.def("part_digest", [](nb::bytes seed, nb::handle slots) { return to_bytes(part_digest(digest_of(seed), Buffer(slots).bytes())); },
               "seed"_a, "slots"_a);
    module.def("tenant_step",
               [](nb::bytes head, std::uint64_t first, std::uint32_t slots, nb::bytes digest) {
                   return to_bytes(tenant_step(digest_of(head), first, slots, digest_of(digest)));
               },
               "head"_a, "group_first_sequence"_a, "slots"_a, "digest"_a);
    module.attr("SLOT") = slot_bytes;
    module.attr("FACT") = fact_kind;
    module.attr("GROUP_HEADER") = group_header_bytes;
    module.attr("MAX_GROUP_SLOTS") = max_group_slots;
    module.attr("MAX_FACT_BYTES") = max_fact_bytes;
}

}  // namespace yunhai::journal
