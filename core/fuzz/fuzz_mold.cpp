#include "fuzz.hpp"
#include "parley/mold_udp64.hpp"

// Bytes are datagrams: whatever comes, numbers are delivered in order and once.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace parley;
    static_assert(mold::kHeaderBytes == 20);
    mold::Receiver<4, 256> receiver;
    std::uint64_t next = 0;
    bool is_first = true;
    const auto deliver = [&](std::uint64_t sequence, std::span<const std::uint8_t> message) {
        FUZZ_INSIST(is_first || sequence >= next);
        FUZZ_INSIST(message.size() <= size);
        is_first = false;
        next = sequence + 1;
    };
    fuzz::Pieces pieces({data, size});
    TimeNs now = 0;
    while (!pieces.empty()) {
        receiver.push(pieces.take(), deliver);
        std::array<std::uint8_t, mold::kHeaderBytes> out{};
        mold::Datagram request;
        if (receiver.request(now += mold::kRequestIntervalNs, out) != 0) {
            FUZZ_INSIST(mold::read_request(out, request) == mold::Flaw::none && request.count > 0);
            FUZZ_INSIST(request.sequence == receiver.next_sequence());
        }
        if (receiver.counters().requests % 7 == 6) receiver.give_up(deliver);
        FUZZ_INSIST(is_first || next <= receiver.next_sequence());
    }
    return 0;
}
