#include <cstdlib>
#include <string_view>

#include "agreement.hpp"
#include "check.hpp"
#include "long_replay.hpp"

namespace {

constexpr std::int64_t kCommandsPerSeed = 50'000;

int run_tests() {
    for (const auto& test : check::tests()) {
        const int before = check::failures();
        test.run();
        std::printf("%s %s\n", check::failures() == before ? "ok  " : "FAIL", test.name);
    }
    return check::failures() == 0 ? 0 : 1;
}

/// Engine and reference book on this many random commands, a new seed every kCommandsPerSeed.
int run_agreement(std::int64_t commands) {
    std::int64_t events = 0;
    std::uint64_t seed = 0;
    for (std::int64_t left = commands; left > 0; left -= kCommandsPerSeed) {
        if (!agree(++seed, left < kCommandsPerSeed ? left : kCommandsPerSeed, events)) return 1;
    }
    std::printf("engine and reference agree: %lld commands, %lld events, %llu seeds\n", static_cast<long long>(commands),
                static_cast<long long>(events), static_cast<unsigned long long>(seed));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count == 3 && std::string_view(arguments[1]) == "agreement") return run_agreement(std::atoll(arguments[2]));
    if (count == 3 && std::string_view(arguments[1]) == "replay") {
        return replay_long(1, std::atoll(arguments[2])) ? 0 : 1;
    }
    return run_tests();
}
