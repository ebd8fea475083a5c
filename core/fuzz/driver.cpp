// What libFuzzer does where there is no libFuzzer: the files of the corpus, then random mutations of them, without
// any guidance by coverage. Takes the few of its options that Parley uses; a crash leaves its input in crash-plain.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kInputBytesMax = 4'096;
constexpr std::size_t kMutationsMax = 8;

struct Options {
    std::uint64_t runs = UINT64_MAX;
    std::uint64_t seconds = 0;
    std::uint64_t seed = 1;
    std::vector<fs::path> corpus;
};

Options parse(int count, char** arguments) {
    Options options;
    for (int at = 1; at < count; ++at) {
        const std::string text = arguments[at];
        const auto number = [&](const char* name, std::uint64_t& value) {
            if (text.rfind(name, 0) == 0) value = std::strtoull(text.c_str() + std::strlen(name), nullptr, 10);
        };
        number("-runs=", options.runs);
        number("-max_total_time=", options.seconds);
        number("-seed=", options.seed);
        if (text[0] != '-') options.corpus.emplace_back(text);
    }
    if (options.runs == UINT64_MAX && options.seconds == 0) options.runs = 10'000;
    return options;
}

Bytes read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<Bytes> load(const std::vector<fs::path>& paths) {
    std::vector<Bytes> inputs{{}};
    for (const fs::path& path : paths) {
        if (fs::is_regular_file(path)) inputs.push_back(read(path));
        if (!fs::is_directory(path)) continue;
        std::vector<fs::path> files;
        for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) inputs.push_back(read(file));
    }
    return inputs;
}

class Mutator {
public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    Bytes from(const std::vector<Bytes>& inputs) {
        Bytes bytes = inputs[below(inputs.size())];
        const std::size_t changes = 1 + below(kMutationsMax);
        for (std::size_t i = 0; i < changes; ++i) change(bytes, inputs);
        bytes.resize(std::min(bytes.size(), kInputBytesMax));
        return bytes;
    }

private:
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

    void change(Bytes& bytes, const std::vector<Bytes>& inputs) {
        const auto at = static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
        const auto rest = static_cast<std::ptrdiff_t>(bytes.size()) - at;
        switch (below(7)) {
            case 0:
                bytes.insert(bytes.begin() + at, byte());
                return;
            case 1:
                bytes.resize(static_cast<std::size_t>(at));
                return;
            case 2:
                bytes.erase(bytes.begin() + at, bytes.begin() + at + std::min<std::ptrdiff_t>(rest, 4));
                return;
            case 3: {
                const Bytes& other = inputs[below(inputs.size())];
                const auto from = static_cast<std::ptrdiff_t>(below(other.size()));
                bytes.insert(bytes.begin() + at, other.begin() + from, other.end());
                return;
            }
            case 4:
                if (rest > 0) bytes[static_cast<std::size_t>(at)] = kExtremes[below(std::size(kExtremes))];
                return;
            case 5:
                if (rest > 0) bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1u << below(8));
                return;
            default:
                if (rest > 0) bytes[static_cast<std::size_t>(at)] = byte();
        }
    }

    static constexpr std::uint8_t kExtremes[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    std::mt19937_64 random_;
};

const Bytes* g_running = nullptr;

/// A sanitizer ends the process by abort where abort_on_error is set; a failed check always does.
void keep_input() {
    if (g_running == nullptr) return;
    std::FILE* file = std::fopen("crash-plain", "wb");
    if (file == nullptr) return;
    std::fwrite(g_running->data(), 1, g_running->size(), file);
    std::fclose(file);
}

void run(const Bytes& bytes) {
    g_running = &bytes;
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    g_running = nullptr;
}

}  // namespace

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __asan_on_error() { keep_input(); }
#endif

int main(int count, char** arguments) {
    const Options options = parse(count, arguments);
    const auto inputs = load(options.corpus);
    std::atexit(keep_input);
    std::uint64_t runs = 0;
    for (const Bytes& input : inputs) run(input), ++runs;
    Mutator mutator(options.seed != 0 ? options.seed : std::random_device()());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
    while (runs < options.runs && (options.seconds == 0 || std::chrono::steady_clock::now() < until)) {
        run(mutator.from(inputs));
        ++runs;
    }
    std::printf("Done %llu runs of %zu seeds\n", static_cast<unsigned long long>(runs), inputs.size());
    return 0;
}
