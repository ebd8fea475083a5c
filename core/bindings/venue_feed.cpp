#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "feed_arrays.hpp"
#include "venue_feed_bindings.hpp"
#include "parley/recorded_frames.hpp"
#include "parley/venue_feed.hpp"

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;
using parley::Decoded;
using parley::FeedError;

constexpr std::size_t kFrameBytesWithoutGil = 32'768;  // about 50 microseconds of decoding
constexpr std::int64_t kDepthMax = 100'000;

std::optional<parley::Venue> to_venue(const std::string& name) {
    constexpr std::pair<const char*, parley::Venue> kNames[] = {{"binance_spot", parley::Venue::binance_spot},
                                                                {"binance_usdm", parley::Venue::binance_usdm},
                                                                {"deribit", parley::Venue::deribit},
                                                                {"coinbase", parley::Venue::coinbase}};
    for (const auto& [known, venue] : kNames) {
        if (name == known) return venue;
    }
    if (name == "recorded") return std::nullopt;
    throw std::invalid_argument("venue must be binance_spot, binance_usdm, deribit, coinbase or recorded, not " + name);
}

std::vector<parley::Level> levels_of(const parley::L2Side& side, std::size_t levels) {
    std::vector<parley::Level> best(std::min(levels, side.size()));
    for (std::size_t at = 0; at != best.size(); ++at) best[at] = side.at(at);
    return best;
}

nb::tuple to_lists(const std::vector<parley::Level>& levels) {
    nb::list prices;
    nb::list lots;
    for (const parley::Level& level : levels) {
        prices.append(level.price_ticks);
        lots.append(level.quantity_lots);
    }
    return nb::make_tuple(prices, lots);
}

/// What Python holds: the feed behind a lock, because long calls give the GIL away. No Python object is made or asked
/// under the lock: Python may hand the GIL to a thread that waits for it.
class Feed {
public:
    explicit Feed(const std::string& venue) : feed_(to_venue(venue)), has_decoder_(venue != "recorded") {}

    std::uint32_t list_instrument(const std::string& symbol, const std::string& price_tick, const std::string& lot) {
        const auto tick = to_scale("price_tick", price_tick);
        const auto size = to_scale("lot", lot);
        const std::lock_guard lock(mutex_);
        const std::uint32_t slot = feed_.list_instrument(symbol, tick, size);
        if (slot == parley::kNoSlot) throw std::invalid_argument(symbol + " is listed already, or the table is full");
        return slot;
    }

    nb::object decode(const nb::bytes& frame, std::int64_t receive_time_ns, std::int64_t slot) {
        require_decoder();
        Decoded decoded;
        std::vector<parley::FeedUpdate> updates;
        locked(frame.size() >= kFrameBytesWithoutGil, [&] {
            decoded = feed_.decode(view(frame), receive_time_ns, hint(slot));
            updates.assign(feed_.updates().begin(), feed_.updates().end());
        });
        if (decoded.error != FeedError::none) raise_refused(decoded.error, decoded.offset);
        return to_array(updates);
    }

    std::size_t apply_frame(const nb::bytes& frame, std::int64_t receive_time_ns, std::int64_t slot) {
        require_decoder();
        Decoded decoded;
        std::size_t count = 0;
        locked(frame.size() >= kFrameBytesWithoutGil, [&] {
            decoded = feed_.apply_frame(view(frame), receive_time_ns, hint(slot));
            count = feed_.updates().size();
        });
        if (decoded.error != FeedError::none) raise_refused(decoded.error, decoded.offset);
        return count;
    }

    /// (bytes taken, lines refused)
    nb::tuple apply_recording(nb::handle lines, std::int64_t slot, std::int64_t until_ns) {
        require_decoder();
        const Buffer buffer(lines, PyBUF_C_CONTIGUOUS);
        parley::RecordedFrames played;
        locked(true, [&] { played = parley::apply_recorded_frames(feed_, buffer.text(), hint(slot), until_ns); });
        return nb::make_tuple(played.bytes, played.lines, played.lines_refused);
    }

    std::size_t apply_updates(nb::handle array) {
        const auto few = peek_updates(array);
        if (few.has_value() && few->size() < kUpdatesWithoutGil) {
            const std::lock_guard lock(mutex_);
            return feed_.apply(*few);
        }
        const UpdateView view(array);
        std::size_t taken = 0;
        locked(view.updates().size() >= kUpdatesWithoutGil, [&] { taken = feed_.apply(view.updates()); });
        return taken;
    }

    nb::object best(std::int64_t slot) {
        parley::Level bid;
        parley::Level ask;
        {
            const std::lock_guard lock(mutex_);
            const parley::L2Book& book = sync(slot).book();
            if (!book.bids().empty()) bid = book.bids().at(0);
            if (!book.asks().empty()) ask = book.asks().at(0);
        }
        if (bid.quantity_lots == 0 || ask.quantity_lots == 0) return nb::none();
        return nb::make_tuple(bid.price_ticks, bid.quantity_lots, ask.price_ticks, ask.quantity_lots);
    }

    nb::tuple depth(std::int64_t slot, std::int64_t levels) {
        if (levels < 1 || levels > kDepthMax) throw std::invalid_argument("levels must be between 1 and 100000");
        std::vector<parley::Level> bids;
        std::vector<parley::Level> asks;
        {
            const std::lock_guard lock(mutex_);
            const parley::L2Book& book = sync(slot).book();
            bids = levels_of(book.bids(), static_cast<std::size_t>(levels));
            asks = levels_of(book.asks(), static_cast<std::size_t>(levels));
        }
        return nb::make_tuple(to_lists(bids), to_lists(asks));
    }

    bool is_stale(std::int64_t slot) {
        const std::lock_guard lock(mutex_);
        return sync(slot).is_stale();
    }
    bool is_crossed(std::int64_t slot) {
        const std::lock_guard lock(mutex_);
        return sync(slot).book().is_crossed();
    }
    const char* state(std::int64_t slot) {
        constexpr const char* kNames[] = {"syncing", "live", "gap"};
        const std::lock_guard lock(mutex_);
        return kNames[static_cast<std::size_t>(sync(slot).state())];
    }
    std::int64_t last_sequence(std::int64_t slot) {
        const std::lock_guard lock(mutex_);
        return sync(slot).last_sequence();
    }

    nb::dict sync_counts(std::int64_t slot) {
        const parley::SyncCounts counts = under_lock([&] { return sync(slot).counts(); });
        nb::dict answer;
        answer["messages"] = counts.messages;
        answer["deltas_applied"] = counts.deltas_applied;
        answer["deltas_buffered"] = counts.deltas_buffered;
        answer["deltas_dropped"] = counts.deltas_dropped;
        answer["duplicates"] = counts.duplicates;
        answer["gaps"] = counts.gaps;
        answer["snapshots"] = counts.snapshots;
        answer["snapshots_refused"] = counts.snapshots_refused;
        answer["crossed"] = counts.crossed;
        answer["overflows"] = counts.overflows;
        return answer;
    }

    nb::dict counts() {
        const parley::FeedCounts counts = under_lock([&] { return feed_.counts(); });
        nb::dict answer;
        answer["frames"] = counts.frames;
        answer["frames_ignored"] = counts.frames_ignored;
        answer["frames_refused"] = counts.frames_refused;
        answer["updates"] = counts.updates;
        answer["trades"] = counts.trades;
        answer["quotes"] = counts.quotes;
        answer["heartbeats"] = counts.heartbeats;
        answer["updates_refused"] = counts.updates_refused;
        answer["connection_gaps"] = counts.connection_gaps;
        answer["connection_duplicates"] = counts.connection_duplicates;
        return answer;
    }

    std::vector<std::uint32_t> snapshots_wanted() {
        std::vector<std::uint32_t> slots;
        const std::lock_guard lock(mutex_);
        feed_.take_snapshot_wishes(slots);
        return slots;
    }

    std::vector<std::uint32_t> publish_due(std::int64_t now_ns) {
        std::vector<std::uint32_t> slots;
        const std::lock_guard lock(mutex_);
        feed_.conflation().publish_due(now_ns, [&](std::uint32_t slot) { slots.push_back(slot); });
        return slots;
    }

    void reconnect() {
        const std::lock_guard lock(mutex_);
        feed_.reconnect();
    }

private:
    [[nodiscard]] static std::string_view view(const nb::bytes& frame) { return {frame.c_str(), frame.size()}; }

    void require_decoder() const {
        if (!has_decoder_) throw std::invalid_argument("a feed of recorded updates has no frames to decode");
    }

    template <typename Work>
    [[nodiscard]] std::invoke_result_t<Work> under_lock(Work&& work) {
        const std::lock_guard lock(mutex_);
        return work();
    }

    // The lock is taken and given back without the GIL, so that a caller that waits for it holds nobody up for good.
    template <typename Work>
    void locked(bool is_long, Work&& work) {
        if (!is_long) {
            const std::lock_guard lock(mutex_);
            work();
            return;
        }
        const nb::gil_scoped_release release;
        const std::lock_guard lock(mutex_);
        work();
    }

    [[nodiscard]] std::uint32_t checked_slot(std::int64_t slot) const {
        if (slot < 0 || slot >= feed_.instruments().size()) {
            throw std::out_of_range("slot " + std::to_string(slot) + " is not listed");
        }
        return static_cast<std::uint32_t>(slot);
    }
    [[nodiscard]] const parley::L2Sync& sync(std::int64_t slot) const { return feed_.sync(checked_slot(slot)); }
    [[nodiscard]] std::uint32_t hint(std::int64_t slot) const {
        return slot == -1 ? parley::kNoSlot : checked_slot(slot);
    }

    std::mutex mutex_;
    parley::VenueFeed feed_;
    bool has_decoder_;
};

void bind_feed_reads(nb::class_<Feed>& feed) {
    feed.def("best", &Feed::best, "slot"_a, nb::sig("def best(self, slot: int) -> tuple[int, int, int, int] | None"),
             "(bid price in ticks, bid quantity in lots, ask price in ticks, ask quantity in lots); None where a side "
             "is empty.\nIt is the last known state: ask is_stale too. IndexError for a slot that is not listed.")
        .def("depth", &Feed::depth, "slot"_a, "levels"_a,
             nb::sig("def depth(self, slot: int, levels: int) -> tuple[tuple[list[int], list[int]], "
                     "tuple[list[int], list[int]]]"),
             "((bid prices in ticks, bid quantities in lots), (ask prices, ask quantities)), best first, at most\n"
             "`levels` (1 to 100,000) a side.")
        .def("is_stale", &Feed::is_stale, "slot"_a,
             "True until the first snapshot and from a gap to the next one: the book must not be traded on.")
        .def("is_crossed", &Feed::is_crossed, "slot"_a,
             "True where the best bid price in ticks is at or above the best ask.")
        .def("state", &Feed::state, "slot"_a, "What the book of a slot is: 'syncing' (no snapshot yet), 'live' or 'gap' (waits for a snapshot).")
        .def("last_sequence", &Feed::last_sequence, "slot"_a,
             "The venue's sequence number up to which the book is known; 0 without one.")
        .def("sync_counts", &Feed::sync_counts, "slot"_a, nb::sig("def sync_counts(self, slot: int) -> dict[str, int]"),
             "Counts of messages of one book: messages, deltas_applied, deltas_buffered, deltas_dropped, duplicates,\n"
             "gaps, snapshots, snapshots_refused, crossed, overflows.")
        .def("counts", &Feed::counts, nb::sig("def counts(self) -> dict[str, int]"),
             "Counts of the whole feed: frames, frames_ignored, frames_refused, updates, trades, quotes, heartbeats\n"
             "(messages each), updates_refused, connection_gaps, connection_duplicates.");
}

void bind_feed_writes(nb::class_<Feed>& feed) {
    feed.def("list_instrument", &Feed::list_instrument, "symbol"_a, "price_tick"_a, "lot"_a,
             "Lists an instrument under the venue's own symbol and returns its slot, counted from 0. `price_tick` and\n"
             "`lot` are decimals in quote and base currency, such as '0.01' and '0.00001'. ValueError where the symbol is\n"
             "listed already or a size is not a positive decimal.")
        .def("decode", &Feed::decode, "frame"_a, "receive_time_ns"_a, "slot"_a = -1,
             nb::sig("def decode(self, frame: bytes, receive_time_ns: int, slot: int = -1) -> "
                     "numpy.typing.NDArray[numpy.void]"),
             "The normalized updates of one frame of the venue, as a new array of update_dtype(); empty where it says\n"
             "nothing of listed instruments. `receive_time_ns`: UTC nanoseconds. `slot`: the instrument of a REST answer\n"
             "without a symbol. FrameRefused where it is malformed. Changes no book.")
        .def("apply_frame", &Feed::apply_frame, "frame"_a, "receive_time_ns"_a, "slot"_a = -1,
             "Decodes one frame (see decode; UTC nanoseconds) and applies it to the books; the number of updates in it.")
        .def("apply_recording", &Feed::apply_recording, "lines"_a, "slot"_a = -1,
             "until_ns"_a = std::numeric_limits<std::int64_t>::max(),
             nb::sig("def apply_recording(self, lines: bytes | bytearray | memoryview, slot: int = -1, "
                     "until_ns: int = 9223372036854775807) -> tuple[int, int, int]"),
             "Applies recorded lines '<receive time in UTC nanoseconds> <frame>' without the GIL, up to the first one\n"
             "received after `until_ns`. Returns (bytes taken, lines, lines refused); a last line without its line feed\n"
             "is not taken.")
        .def("apply_updates", &Feed::apply_updates, "updates"_a,
             nb::sig("def apply_updates(self, updates: numpy.typing.NDArray[numpy.void]) -> int"),
             "Applies an array of update_dtype() to the books, in place, without a copy, and from 1,024 updates on\n"
             "without the GIL; the array must not change meanwhile. Returns the number of updates taken; refused are\n"
             "those of unknown slots, kinds or sides and a message without a last update. ValueError for another layout.")
        .def("snapshots_wanted", &Feed::snapshots_wanted,
             "Slots whose book needs a snapshot, each named once for every time it is needed.")
        .def("publish_due", &Feed::publish_due, "now_ns"_a,
             "Slots whose book changed and was not published within the last 50 ms before `now_ns` (nanoseconds of any\n"
             "clock that does not run backwards); each is then taken as published now: at most 20 a second.")
        .def("reconnect", &Feed::reconnect,
             "The connection is a new one: live books are stale until the next snapshot.");
}

}  // namespace

void bind_venue_feed(nb::module_& module) {
    bind_frame_refused(module);
    module.def("update_dtype", &update_dtype, nb::sig("def update_dtype() -> numpy.dtype[numpy.void]"),
               "The layout of a normalized update, 64 bytes: venue_time_ns and receive_time_ns (UTC nanoseconds),\n"
               "first_sequence, last_sequence, previous_sequence (the venue's own), price_ticks, quantity_lots,\n"
               "instrument_slot, kind (0 level, 1 trade, 2 quote, 3 clear, 4 advance, 5 heartbeat), side (0 buy, 1 sell),\n"
               "flags (1 part of a snapshot, 2 last of its message, 4 side of a trade unknown).");
    nb::class_<Feed> feed(module, "VenueFeed",
                          "Books of price levels from the frames of one venue, or from normalized updates: sequences\n"
                          "checked, gaps found, snapshots joined. Prices in ticks, quantities in lots, times in UTC\n"
                          "nanoseconds. Calls from several threads wait for each other.");
    feed.def(nb::init<const std::string&>(), "venue"_a,
             "`venue`: binance_spot, binance_usdm, deribit, coinbase, or recorded for updates without sequences.");
    bind_feed_writes(feed);
    bind_feed_reads(feed);
    bind_tardis_csv(module);
    bind_venue_feed_bench(module);
}
