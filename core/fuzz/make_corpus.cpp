// Writes the seed corpus of the binary formats into a folder: make_corpus FOLDER. Seeds of text formats lie in
// fuzz/corpus/<target>/ as they are.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "feed_corpus.hpp"
#include "parley/engine.hpp"
#include "parley/journal_chain.hpp"
#include "parley/journal_format.hpp"

namespace {

using namespace parley;
namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr TimeNs kNow = 1'700'000'000'000'000'000;

template <typename Input>
Bytes payload_of(const Input& input) {
    Bytes bytes;
    Writer writer(bytes);
    codec::encode(writer, kNow, input);
    return bytes;
}

/// As journals held it before there were records of fixed form.
template <typename Input>
Bytes in_numbers(const Input& input) {
    Bytes bytes;
    Writer writer(bytes);
    codec::encode_numbers(writer, kNow, input);
    return bytes;
}

Bytes quotes() {
    Quotes quotes;
    quotes.instrument_id = 1;
    quotes.mark_ticks = 1'000;
    for (int level = 0; level < 4; ++level) {
        quotes.add(Side::buy, {999 - level}, {5 + level});
        quotes.add(Side::sell, {1'001 + level}, {5 + level});
    }
    Bytes bytes = payload_of(SetQuotes{kNow});
    Writer writer(bytes);
    writer.number(1);
    codec::put_quotes(writer, quotes);
    return bytes;
}

Bytes reservation(std::int64_t sequence) {
    Bytes bytes = payload_of(ReserveBlock{sequence, 7, kNow + 1});
    Writer writer(bytes);
    writer.number(1);
    BlockLeg leg{1, Side::buy, {1'000}, {2}, 1, 2};
    codec::put_fields(writer, leg);
    return bytes;
}

PlaceOrder order(std::int64_t sequence, OrderId id, AccountId account, Side side, std::int64_t price) {
    PlaceOrder order;
    order.command_sequence = sequence;
    order.valid_until_ns = kNow + 1'000'000'000;
    order.order_id = id;
    order.account_id = account;
    order.user_id = 5;
    order.desk_id = 4;
    order.firm_id = 3;
    order.instrument_id = 1;
    order.side = side;
    order.quantity = {4};
    order.price = {price};
    return order;
}

Bytes entered(OrderId id) {
    Bytes bytes;
    Writer writer(bytes);
    codec::encode_entered(writer, kNow, EnterOrder{"desk", "A-1"}, order(0, id, 1, Side::buy, 990));
    return bytes;
}

Bytes entered_route(OrderId id) {
    Bytes bytes;
    Writer writer(bytes);
    codec::encode_entered(writer, kNow, EnterRoute{"ALGO", "7-1", "0a1b2c"}, PlaceRoute{"aster", 7},
                          order(0, id, 1, Side::buy, 990));
    return bytes;
}

/// One of every kind of input, in an order in which each does something.
std::vector<Bytes> day() {
    ListInstrument listing;
    listing.instrument_id = 1;
    listing.name = "BTC";
    listing.terms_json = "{}";
    listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
    const Limits limits{100, 1LL << 50, 10'000, 1LL << 60, 5'000};
    return {payload_of(listing),
            payload_of(SetIndex{0, 60'000'000'000}),
            quotes(),
            payload_of(FeedHeartbeat{kNow}),
            payload_of(SetLimits{1, 1, 3, 4, limits, kAllCoins, ""}),
            payload_of(SetLimits{2, 2, 3, 4, limits, kAllCoins, ""}),
            payload_of(order(3, 11, 1, Side::buy, 1'000)),
            in_numbers(order(4, 12, 2, Side::sell, 999)),
            payload_of(order(5, 13, 2, Side::sell, 1'003)),
            reservation(6),
            payload_of(ConfirmBlock{7, 7}),
            payload_of(VoidBlock{8, 9}),
            payload_of(AmendOrder{9, kNow, 13, {3}, {1'004}}),
            payload_of(CancelOrder{10, 13}),
            entered(kEnteredOrdersFrom + 1),
            entered(kEnteredOrdersFrom + 2),
            payload_of(EnterAmend{"desk", "A-2", 5, kNow + 1, kEnteredOrdersFrom + 1, {3}, {}}),
            payload_of(EnterCancel{"desk", "A-3", 5, kEnteredOrdersFrom + 1, false}),
            payload_of(EnterCancel{"desk", "", 5, kEnteredOrdersFrom + 2, true}),
            entered_route(kEnteredOrdersFrom + 3),
            payload_of(EnterRouteCancel{kEnteredOrdersFrom + 3}),
            payload_of(SetTradingState{11, ControlScope::firm, 3, TradingState::reducing}),
            payload_of(CancelAll{12, ControlScope::all, 0}),
            payload_of(SetKillSwitch{13, ControlScope::user, 5, true}),
            in_numbers(AmendOrder{14, kNow, 12, {3}, {1'004}}),
            in_numbers(CancelOrder{15, 12}),
            payload_of(RefuseCommand{16, "place:1", "malformed", 0, 0}),
            payload_of(NoteCommand{17}),
            payload_of(Deliver{kNow, 1, 60'000'000'000}),
            payload_of(SettleInstrument{18, 1, "settle:1"})};
}

void write(const fs::path& path, const Bytes& bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

void write_commands(const fs::path& folder, const std::vector<Bytes>& payloads) {
    Bytes whole;
    for (std::size_t at = 0; at < payloads.size(); ++at) {
        whole.push_back(static_cast<std::uint8_t>(payloads[at].size()));
        whole.push_back(static_cast<std::uint8_t>(payloads[at].size() >> 8));
        whole.insert(whole.end(), payloads[at].begin(), payloads[at].end());
        write(folder / "fuzz_commands" / std::to_string(at), whole);
    }
}

void write_snapshots(const fs::path& folder, const std::vector<Bytes>& payloads) {
    Engine engine;
    std::vector<Event> events;
    std::uint64_t sequence = 0;
    for (const Bytes& payload : payloads) {
        engine.apply(++sequence, payload, events);
        Bytes state;
        engine.save(state);
        write(folder / "fuzz_snapshot" / std::to_string(sequence), state);
    }
}

/// `name`: before the number of the seed.
void write_segments(const fs::path& folder, const std::string& name, Bytes segment, const std::vector<Bytes>& payloads) {
    std::uint64_t sequence = 0;
    for (const Bytes& payload : payloads) {
        Bytes record(journal_format::kRecordHeaderBytes);
        journal_format::put(record.data(), static_cast<std::uint32_t>(payload.size()));
        record.insert(record.end(), payload.begin(), payload.end());
        journal_format::stamp(record, sequence + 1, sequence);
        ++sequence;
        segment.insert(segment.end(), record.begin(), record.end());
        write(folder / (name + std::to_string(sequence)), segment);
    }
    for (const std::size_t cut : {std::size_t{1}, std::size_t{10}, std::size_t{25}}) {
        write(folder / (name + "torn" + std::to_string(cut)),
              Bytes(segment.begin(), segment.end() - static_cast<std::ptrdiff_t>(cut)));
    }
    segment.resize(segment.size() + 4'096);  // as a prepared segment ends
    write(folder / (name + "zeros"), segment);
}

void write_journals(const fs::path& folder, const std::vector<Bytes>& payloads) {
    const auto format_1 = journal_format::segment_header_1(1);
    const auto format_2 = journal_format::segment_header({1, 1, 1, kFormat1Epoch, 1});
    write_segments(folder / "fuzz_journal", "", Bytes(format_1.begin(), format_1.end()), payloads);
    write_segments(folder / "fuzz_journal", "format2-", Bytes(format_2.begin(), format_2.end()), payloads);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: parley_fuzz_corpus FOLDER\n");
        return 2;
    }
    const auto payloads = day();
    write_commands(arguments[1], payloads);
    write_snapshots(arguments[1], payloads);
    write_journals(arguments[1], payloads);
    feed_corpus::write_all(arguments[1]);
    return 0;
}
