// The engine without Python: runs a file of commands made by bench/engine.py and prints one line of JSON.
// usage: book_bench COMMANDS LADDER CONFIG [rounds] [latency]   (64-byte records; int32 prices; int64 numbers)
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

#include "engine.hpp"

namespace {

template <class T>
std::vector<T> read_file(const char* path) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) {
        std::fprintf(stderr, "cannot read %s\n", path);
        std::exit(2);
    }
    std::vector<T> out(static_cast<std::size_t>(in.tellg()) / sizeof(T));
    in.seekg(0);
    in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size() * sizeof(T)));
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    using namespace yunhai;
    if (argc < 4) {
        std::fprintf(stderr, "usage: book_bench COMMANDS LADDER CONFIG [rounds] [latency]\n");
        return 2;
    }
    const auto commands = read_file<Record>(argv[1]);
    BookConfig config;
    config.prices = read_file<std::int32_t>(argv[2]);
    // CONFIG: the numbers of a BookConfig in the order below, as int64, so that this program holds no rule of its own.
    const auto numbers = read_file<std::int64_t>(argv[3]);
    std::size_t at = 0;
    const auto next = [&] { return numbers.at(at++); };
    config.lot = static_cast<std::uint32_t>(next());
    config.max_quantity = static_cast<std::uint32_t>(next());
    config.reference = static_cast<std::int32_t>(next());
    for (auto& mask : config.allowed) mask = static_cast<std::uint8_t>(next());
    for (auto& mask : config.actions) mask = static_cast<std::uint8_t>(next());
    config.shuffle = next() != 0;
    config.band_ppm = static_cast<std::uint32_t>(next());
    config.band_from = next();
    config.band_open_until = next();
    config.band_until = next();
    config.band_window_s = static_cast<std::uint32_t>(next());
    config.halt_ns = next();
    const auto order_capacity = static_cast<std::uint32_t>(next());
    const auto id_capacity = static_cast<std::uint32_t>(next());
    const int rounds = argc > 4 ? std::atoi(argv[4]) : 1;
    const bool latency = argc > 5;
    constexpr std::size_t chunk = 4096;

    std::vector<double> rates;
    std::vector<std::uint32_t> nanoseconds;
    std::size_t events_total = 0;
    std::vector<std::byte> arena((chunk * 4 + Engine::worst_case_events(order_capacity)) * sizeof(Record));
    for (int round = 0; round < rounds; ++round) {
        Engine engine({order_capacity, 1, id_capacity, 0});
        engine.add_book(config);
        Events events(arena.data(), arena.size() / sizeof(Record));
        Record open{};
        open.head.kind = Kind::phase;
        open.head.time = commands.front().head.time;
        open.side = static_cast<std::uint8_t>(Phase::continuous);
        engine.apply(open, events);
        events_total = 0;
        using clock = std::chrono::steady_clock;
        const auto start = clock::now();
        if (latency) {
            nanoseconds.reserve(commands.size());
            for (const Record& command : commands) {
                events.clear();
                const auto before = clock::now();
                engine.apply(command, events);
                nanoseconds.push_back(static_cast<std::uint32_t>((clock::now() - before).count()));
            }
        } else {
            for (std::size_t first = 0; first < commands.size();) {
                events.clear();
                const std::size_t count = std::min(chunk, commands.size() - first);
                first += engine.process({commands.data() + first, count}, events);
                events_total += events.size();
            }
        }
        const std::chrono::duration<double> seconds = clock::now() - start;
        rates.push_back(static_cast<double>(commands.size()) / seconds.count());
    }
    const double best = *std::max_element(rates.begin(), rates.end());
    std::printf("{\"commands\": %zu, \"events\": %zu, \"best_rate\": %.0f", commands.size(), events_total, best);
    if (latency) {
        std::sort(nanoseconds.begin(), nanoseconds.end());
        const auto at_share = [&](double share) { return nanoseconds[static_cast<std::size_t>(share * static_cast<double>(nanoseconds.size() - 1))]; };
        std::printf(", \"p50_ns\": %u, \"p99_ns\": %u, \"p999_ns\": %u", at_share(0.5), at_share(0.99), at_share(0.999));
    }
    std::printf("}\n");
    return 0;
}
