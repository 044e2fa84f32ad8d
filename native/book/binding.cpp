// The Python face of the engine: NumPy arrays of 64-byte records in and out, and one call for one command.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>

#include <cstring>
#include <stdexcept>

#include "engine.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace yunhai {

namespace {

// Borrow a contiguous buffer of records (any dtype of 64 bytes an item, or bytes).
class Buffer {
public:
    explicit Buffer(nb::handle object) {
        if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_C_CONTIGUOUS) != 0) throw nb::python_error();
    }
    ~Buffer() { PyBuffer_Release(&view_); }
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    std::span<const std::uint8_t> bytes() const { return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)}; }
    std::span<const Record> records() const {
        if (view_.len % static_cast<Py_ssize_t>(sizeof(Record)) != 0) throw nb::value_error("commands must be whole 64-byte records");
        if (reinterpret_cast<std::uintptr_t>(view_.buf) % alignof(Record) != 0) throw nb::value_error("commands must be 8-byte aligned");
        return {static_cast<const Record*>(view_.buf), static_cast<std::size_t>(view_.len) / sizeof(Record)};
    }

private:
    Py_buffer view_{};
};

// A Python integer as int64, -1 with an exception set when it is none. Small ones are read in place where the layout is known.
inline long long integer(PyObject* object) {
#if PY_VERSION_HEX < 0x030C0000
    if (PyLong_CheckExact(object)) {
        const Py_ssize_t size = Py_SIZE(object);
        const digit* digits = reinterpret_cast<PyLongObject*>(object)->ob_digit;
        if (size == 1) return digits[0];
        if (size == 0) return 0;
        if (size < 0) return PyLong_AsLongLong(object);
        const long long two = static_cast<long long>(digits[0]) | static_cast<long long>(digits[1]) << PyLong_SHIFT;
        if (size == 2) return two;
        if (size == 3 && digits[2] < 8) return two | static_cast<long long>(digits[2]) << 2 * PyLong_SHIFT;
    }
#endif
    return PyLong_AsLongLong(object);
}

// The same for the whole range of uint64; 2^64 - 1 with an exception set when it is none.
inline std::uint64_t unsigned_integer(PyObject* object) {
#if PY_VERSION_HEX < 0x030C0000
    if (PyLong_CheckExact(object) && (Py_SIZE(object) == 1 || Py_SIZE(object) == 2)) return static_cast<std::uint64_t>(integer(object));
#endif
    return PyLong_AsUnsignedLongLong(object);
}

template <class T>
T number(nb::handle config, const char* name) {
    return nb::cast<T>(config.attr(name));
}

template <std::size_t N>
std::array<std::uint8_t, N> masks(nb::handle config, const char* name) {
    std::array<std::uint8_t, N> out{};
    nb::object sequence = config.attr(name);
    if (nb::len(sequence) != N) throw nb::value_error("allowed and actions: one mask per phase");
    for (std::size_t i = 0; i < N; ++i) out[i] = nb::cast<std::uint8_t>(sequence[i]);
    return out;
}

BookConfig read_config(nb::handle config) {
    BookConfig out;
    nb::object prices = config.attr("prices");
    const Buffer buffer(prices);
    if (nb::cast<std::size_t>(prices.attr("itemsize")) != 4) throw nb::value_error("prices must be int32");
    out.prices.resize(buffer.bytes().size() / 4);
    std::memcpy(out.prices.data(), buffer.bytes().data(), out.prices.size() * 4);
    out.lot = number<std::uint32_t>(config, "lot");
    out.max_quantity = number<std::uint32_t>(config, "max_quantity");
    out.reference = number<std::int32_t>(config, "reference");
    out.allowed = masks<phase_count>(config, "allowed");
    out.actions = masks<phase_count>(config, "actions");
    out.shuffle = number<bool>(config, "shuffle");
    out.seed = number<std::uint64_t>(config, "seed");
    out.tie_break = number<std::uint8_t>(config, "tie_break");
    out.candidates = number<std::uint8_t>(config, "candidates");
    out.equal_distance = number<std::uint8_t>(config, "equal_distance");
    out.better_filled = number<bool>(config, "better_filled");
    const auto rule = number<std::uint8_t>(config, "market_price_rule");
    if (rule > 1) throw nb::value_error("market_price_rule: 0 or 1");
    out.market_price_rule = static_cast<MarketPriceRule>(rule);
    out.band_ppm = number<std::uint32_t>(config, "band_ppm");
    out.band_mode = number<std::uint8_t>(config, "band_mode");
    out.band_fallback = number<std::uint8_t>(config, "band_fallback");
    out.band_from = number<std::int64_t>(config, "band_from");
    out.band_open_until = number<std::int64_t>(config, "band_open_until");
    out.band_until = number<std::int64_t>(config, "band_until");
    out.band_window_s = number<std::uint32_t>(config, "band_window_s");
    out.halt_ns = number<std::int64_t>(config, "halt_ns");
    out.defer_ppm = number<std::uint32_t>(config, "defer_ppm");
    return out;
}

nb::bytes as_bytes(const std::vector<std::uint8_t>& bytes) {
    return nb::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// Aggregated levels of one side, best first; a market level has price 0.
struct PyDepth {
    nb::object price;
    nb::object quantity;
    nb::object orders;
};

// What the engine refuses as std::invalid_argument becomes ValueError here and not in nanobind's general translator, which
// needs std::exception_ptr: not every C++ library that is linked in whole has it.
template <class Call>
auto refused_as_value_error(Call call) {
    try {
        return call();
    } catch (const std::invalid_argument& refusal) {
        throw nb::value_error(refusal.what());
    }
}

class PyEngine {
public:
    PyEngine(std::uint32_t order_capacity, std::uint64_t first_order_id, std::uint32_t id_capacity, std::size_t event_capacity)
        : capacity_(std::max(event_capacity, 2 * Engine::worst_case_events(order_capacity))),
          arena_(new std::byte[capacity_ * sizeof(Record)]),
          events_(arena_.get(), capacity_),
          engine_({order_capacity, first_order_id, id_capacity, capacity_}) {
        record_type_ = nb::module_::import_("yunhai.kernel.records").attr("RECORD");
        no_fills_ = nb::steal(PyTuple_New(0));
        zero_ = nb::steal(PyLong_FromLong(0));
    }

    std::uint32_t add_book(nb::handle config) {
        return refused_as_value_error([&] { return engine_.add_book(read_config(config)); });
    }

    nb::tuple process(nb::handle commands) {
        const Buffer buffer(commands);
        const auto records = buffer.records();
        std::size_t consumed = 0;
        {
            nb::gil_scoped_release release;
            events_.clear();
            consumed = engine_.process(records, events_);
        }
        return nb::make_tuple(events(), consumed);
    }

    // The events of the last call: a read-only view into the arena, which keeps the engine alive as long as it lives.
    nb::object events() {
        nb::ndarray<const std::uint8_t, nb::numpy> view(arena_.get(), {events_.size() * sizeof(Record)}, nb::find(*this));
        return nb::cast(view).attr("view")(record_type_);
    }

    // One command, its report; see submit_doc. Called with the arguments as Python holds them, for speed.
    PyObject* submit(PyObject* const* args, Py_ssize_t count) {
        if (count < 7 || count > 11) {
            PyErr_SetString(PyExc_TypeError, "submit: 7 to 11 arguments");
            return nullptr;
        }
        Record command{};
        bool fits = true;
        bool failed = false;  // -1 is what a failed reading gives; then ask whether it did
        const auto argument = [&]<class T>(Py_ssize_t place, T& field) {
            if (place >= count) return;
            if constexpr (std::is_same_v<T, std::uint64_t>) {
                field = unsigned_integer(args[place]);
                failed |= field == UINT64_MAX;
                return;
            }
            const long long value = integer(args[place]);
            failed |= value == -1;
            field = static_cast<T>(value);
            fits &= static_cast<long long>(field) == value;
        };
        std::uint8_t kind = 0;
        command.head.version = record_version;
        command.order_type = static_cast<std::uint8_t>(OrderType::limit);
        argument(0, command.head.book);
        argument(1, kind);
        argument(2, command.head.order_id);
        argument(3, command.side);
        argument(4, command.head.price);
        argument(5, command.head.quantity);
        argument(6, command.head.time);
        argument(7, command.order_type);
        argument(8, command.time_in_force);
        argument(9, command.head.tenant);
        argument(10, command.head.account);
        command.head.kind = static_cast<Kind>(kind);
        if (failed && PyErr_Occurred()) return nullptr;
        if (!fits) {
            PyErr_SetString(PyExc_OverflowError, "submit: an argument does not fit its field");
            return nullptr;
        }
        events_.clear();
        const Record& record = engine_.apply(command, events_);
        PyObject* report = PyTuple_New(5);
        if (!report) return nullptr;
        const auto same_or_new = [&](std::uint32_t value, std::uint32_t sent) {
            return value == sent ? Py_NewRef(args[5]) : value == 0 ? Py_NewRef(zero_.ptr()) : PyLong_FromUnsignedLong(value);
        };
        PyTuple_SET_ITEM(report, 0, record.head.code == 0 ? Py_NewRef(zero_.ptr()) : PyLong_FromLong(record.head.code));
        PyTuple_SET_ITEM(report, 1, Py_NewRef(args[2]));
        PyTuple_SET_ITEM(report, 2, same_or_new(record.filled, command.head.quantity));
        PyTuple_SET_ITEM(report, 3, same_or_new(record.leaves, command.head.quantity));
        PyTuple_SET_ITEM(report, 4, events_.size() == 1 ? Py_NewRef(no_fills_.ptr()) : fills(command.head.order_id));
        return report;
    }

    nb::bytes state() const { return as_bytes(engine_.state()); }
    nb::object state_hash() const { return nb::module_::import_("hashlib").attr("sha256")(state()).attr("digest")(); }
    void restore(nb::handle state) {
        const Buffer buffer(state);
        refused_as_value_error([&] { engine_.restore(buffer.bytes()); });
    }

    std::int64_t clock() const { return engine_.clock(); }
    const Book& book(std::uint32_t number) const {
        if (number >= engine_.book_count()) throw nb::index_error("no such book");
        return engine_.book(number);
    }
    std::size_t book_count() const { return engine_.book_count(); }
    std::uint32_t live_orders() const { return engine_.pool().live(); }

    nb::tuple depth(std::uint32_t number, std::size_t levels) const {
        const Book& of = book(number);
        return nb::make_tuple(side_depth(of, of.buys, levels), side_depth(of, of.sells, levels));
    }

private:
    // The trades of the last call as their order saw them.
    PyObject* fills(std::uint64_t own_id) const {
        const auto* records = reinterpret_cast<const TradeRecord*>(arena_.get());
        Py_ssize_t count = 0;
        for (std::size_t i = 1; i < events_.size(); ++i) count += records[i].head.kind == Kind::trade;
        PyObject* out = PyTuple_New(count);
        Py_ssize_t place = 0;
        for (std::size_t i = 1; place < count; ++i) {
            const TradeRecord& trade = records[i];
            if (trade.head.kind != Kind::trade) continue;
            const std::uint64_t other = trade.buy_id == own_id ? trade.sell_id : trade.buy_id;
            PyObject* fill = PyTuple_New(3);
            PyTuple_SET_ITEM(fill, 0, PyLong_FromLong(trade.head.price));
            PyTuple_SET_ITEM(fill, 1, PyLong_FromUnsignedLong(trade.head.quantity));
            PyTuple_SET_ITEM(fill, 2, PyLong_FromUnsignedLongLong(other));
            PyTuple_SET_ITEM(out, place++, fill);
        }
        return out;
    }

    template <class Queues>
    nb::object side_depth(const Book& of, const Queues& side, std::size_t levels) const {
        nb::list prices, quantities, orders;
        for (Rung rung = side.best(); rung != side.none() && nb::len(prices) < levels; rung = side.worse(rung)) {
            std::uint32_t count = 0;
            for (Slot slot = side[rung].head; slot != no_slot; slot = engine_.pool()[slot].next) ++count;
            prices.append(of.ladder.price(rung));
            quantities.append(side[rung].quantity);
            orders.append(count);
        }
        nb::object numpy = nb::module_::import_("numpy");
        return nb::cast(PyDepth{numpy.attr("array")(prices, "int32"), numpy.attr("array")(quantities, "uint64"), numpy.attr("array")(orders, "uint32")});
    }

    std::size_t capacity_;
    std::unique_ptr<std::byte[]> arena_;
    Events events_;
    Engine engine_;
    nb::object record_type_;
    nb::object no_fills_;
    nb::object zero_;
};

}  // namespace

}  // namespace yunhai

namespace {

constexpr const char* submit_doc =
    "submit(book, kind, order_id, side, price, quantity, time, order_type=2, time_in_force=0, tenant=0, account=0)\n"
    "Run one command. Returns (code, order id, filled, leaves, ((price, quantity, other order id), ...)). Positional only.";

PyObject* submit(PyObject* self, PyObject* const* args, Py_ssize_t count) {
    return nb::inst_ptr<yunhai::PyEngine>(self)->submit(args, count);
}

PyMethodDef submit_definition{"submit", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(submit)), METH_FASTCALL, submit_doc};

}  // namespace

NB_MODULE(_book, module) {
    using yunhai::PyEngine;
    module.doc() = "The order book in C++. docs/concepts/matching.md is its contract.";
    nb::class_<yunhai::PyDepth>(module, "Depth")
        .def_ro("price", &yunhai::PyDepth::price)
        .def_ro("quantity", &yunhai::PyDepth::quantity)
        .def_ro("orders", &yunhai::PyDepth::orders);
    nb::class_<PyEngine> engine(module, "Engine");
    engine
        .def(nb::init<std::uint32_t, std::uint64_t, std::uint32_t, std::size_t>(), nb::kw_only(), "order_capacity"_a, "first_order_id"_a = 1, "id_capacity"_a,
             "event_capacity"_a = 1 << 16)
        .def("add_book", &PyEngine::add_book, "config"_a)
        .def("process", &PyEngine::process, "commands"_a,
             "Run commands. Returns (events, consumed); the events are a view that the next call overwrites.")
        .def("events", &PyEngine::events, "The events of the last call.")
        .def("state", &PyEngine::state)
        .def("state_hash", &PyEngine::state_hash)
        .def("restore", &PyEngine::restore, "state"_a)
        .def("clock", &PyEngine::clock)
        .def("book_count", &PyEngine::book_count)
        .def("live_orders", &PyEngine::live_orders)
        .def("phase", [](const PyEngine& self, std::uint32_t book) { return static_cast<int>(self.book(book).phase); }, "book"_a)
        .def("last_price", [](const PyEngine& self, std::uint32_t book) { return self.book(book).last; }, "book"_a)
        .def("open_price", [](const PyEngine& self, std::uint32_t book) { return self.book(book).open; }, "book"_a)
        .def("depth", &PyEngine::depth, "book"_a, "levels"_a);
    nb::object method = nb::steal(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(engine.ptr()), &submit_definition));
    engine.attr("submit") = method;
}
