// The scan of a journal: one segment of arbitrary bytes, seeded with good ones. It gives records in sequence, cuts a
// tail, or says JournalDamaged; what it left behind reads the same a second time.

#include <limits>

#include "fuzz.hpp"
#include "parley/journal.hpp"
#include "parley/memory_storage.hpp"

namespace {

using namespace parley;

constexpr auto kEverything = std::numeric_limits<std::uint64_t>::max();

Scan scan(Storage& storage, bool may_cut) {
    std::uint64_t expected = 1;
    return scan_journal(storage, 0, kEverything, may_cut, [&](std::uint64_t sequence, auto payload) {
        FUZZ_INSIST(sequence == expected++);
        FUZZ_INSIST(!payload.empty());
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    MemoryStorage storage;
    storage.open("00000000000000000001.journal", OpenMode::create)->write_at(0, {data, size});
    try {
        const Scan reading = scan(storage, false);
        const Scan cutting = scan(storage, true);
        FUZZ_INSIST(reading.last_sequence == cutting.last_sequence && reading.bytes_cut == cutting.bytes_cut);
        const Scan after = scan(storage, true);
        FUZZ_INSIST(after.last_sequence == cutting.last_sequence && after.bytes_cut == 0);
    } catch (const JournalDamaged&) {
        return 0;
    }
    return 0;
}
