// parley_simulate [--seeds N] [--first S] [--seed S] [--steps K] [--jobs J] [--no-faults]
// Ends with 1 and the trace of the first seed whose oracles do not hold.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include "world.hpp"

namespace {

using namespace parley::sim;

constexpr std::size_t kTraceLinesMax = 80;

struct Arguments {
    std::uint64_t first = 1;
    std::uint64_t seeds = 100;
    std::uint64_t steps = 2'500;
    std::uint64_t jobs = 1;
    bool is_faulty = true;
};

Arguments parse(int count, char** values) {
    Arguments arguments;
    for (int at = 1; at < count; ++at) {
        const auto is = [&](const char* name) { return std::strcmp(values[at], name) == 0; };
        const auto number = [&] { return at + 1 < count ? std::strtoull(values[++at], nullptr, 10) : 0; };
        if (is("--seeds")) {
            arguments.seeds = number();
        } else if (is("--first")) {
            arguments.first = number();
        } else if (is("--steps")) {
            arguments.steps = number();
        } else if (is("--jobs")) {
            arguments.jobs = number();
        } else if (is("--seed")) {
            arguments.first = number();
            arguments.seeds = 1;
        } else if (is("--no-faults")) {
            arguments.is_faulty = false;
        } else {
            std::fprintf(stderr, "unknown argument %s\n", values[at]);
            std::exit(2);
        }
    }
    return arguments;
}

struct Totals {
    std::mutex mutex;
    FaultCounts faults;
    std::uint64_t seeds = 0, steps = 0, lives = 0;
    std::int64_t commands = 0, events = 0;
    std::atomic<std::uint64_t> failing_seed = 0;
    std::uint64_t digest = 0;  // whatever the order of the seeds

    void add(std::uint64_t seed, const Outcome& outcome) {
        const std::lock_guard lock(mutex);
        ++seeds;
        faults.add(outcome.faults);
        steps += outcome.steps;
        lives += outcome.lives;
        commands += outcome.commands;
        events += outcome.events;
        digest += outcome.digest;
        if (outcome.violation.empty() || (failing_seed != 0 && failing_seed < seed)) return;
        failing_seed = seed;
    }
};

void print(const Totals& totals, double seconds) {
    std::printf("%llu seeds, %llu steps, %lld commands, %lld events, %llu lives of the gateway, %.1f s\n",
                static_cast<unsigned long long>(totals.seeds), static_cast<unsigned long long>(totals.steps),
                static_cast<long long>(totals.commands), static_cast<long long>(totals.events),
                static_cast<unsigned long long>(totals.lives), seconds);
    std::printf("digest %016llx\n", static_cast<unsigned long long>(totals.digest));
    std::printf("faults fired: %llu\n", static_cast<unsigned long long>(totals.faults.total()));
    for (std::size_t at = 0; at < static_cast<std::size_t>(Fault::count); ++at) {
        const auto fault = static_cast<Fault>(at);
        std::printf("  %-36s %llu\n", std::string(fault_name(fault)).c_str(),
                    static_cast<unsigned long long>(totals.faults.of(fault)));
    }
}

/// The failing seed once more, now with its trace: the same seed does the same.
int explain(std::uint64_t seed, const Arguments& arguments) {
    const Outcome outcome = World({seed, arguments.steps, true, arguments.is_faulty}).run();
    const auto& lines = outcome.trace;
    for (std::size_t at = lines.size() > kTraceLinesMax ? lines.size() - kTraceLinesMax : 0; at < lines.size(); ++at) {
        std::printf("%s\n", lines[at].c_str());
    }
    std::printf("seed %llu, step %llu: %s\n", static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(outcome.steps), outcome.violation.c_str());
    std::printf("again: make simulate SEED=%llu\n", static_cast<unsigned long long>(seed));
    return 1;
}

}  // namespace

int main(int count, char** values) {
    const Arguments arguments = parse(count, values);
    const auto began = std::chrono::steady_clock::now();
    Totals totals;
    std::atomic<std::uint64_t> next = arguments.first;
    const auto work = [&] {
        for (std::uint64_t seed = next++; seed < arguments.first + arguments.seeds; seed = next++) {
            totals.add(seed, World({seed, arguments.steps, false, arguments.is_faulty}).run());
            if (totals.failing_seed != 0) return;
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t job = 1; job < arguments.jobs; ++job) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    print(totals, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    return totals.failing_seed == 0 ? 0 : explain(totals.failing_seed, arguments);
}
