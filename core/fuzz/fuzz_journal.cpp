// The scan of a journal: one segment of arbitrary bytes, under the name of the format that they begin with, seeded with
// good ones of both. It gives records in sequence up to a
// torn tail, or says JournalDamaged, and finds the same a second time: it changes nothing.

#include <limits>

#include "fuzz.hpp"
#include "parley/journal.hpp"
#include "parley/memory_storage.hpp"

namespace {

using namespace parley;

constexpr auto kEverything = std::numeric_limits<std::uint64_t>::max();

Scan scan(const Storage& storage, Verify verify) {
    std::uint64_t expected = 1;
    return scan_journal(storage, 0, kEverything, verify, [&](std::uint64_t sequence, auto payload) {
        FUZZ_INSIST(sequence == expected++);
        FUZZ_INSIST(!payload.empty());
    });
}

std::string name_for(std::span<const std::uint8_t> bytes) {
    const bool is_format_2 =
        bytes.size() >= 8 && journal_format::get<std::uint64_t>(bytes.data()) == journal_format::kSegmentMagic2;
    return is_format_2 ? segment_name(1, 1) : "00000000000000000001.journal";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemoryStorage storage;
    storage.open(name_for({data, size}), OpenMode::create)->write_at(0, {data, size});
    try {
        const Scan first = scan(storage, Verify::everything);
        const Scan second = scan(storage, Verify::what_is_given);
        FUZZ_INSIST(first.last_sequence == second.last_sequence && first.bytes_cut == second.bytes_cut);
        FUZZ_INSIST(first.last_segment_bytes <= size);
    } catch (const JournalDamaged&) {
        return 0;
    }
    return 0;
}
