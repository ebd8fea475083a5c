#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "feed_arrays.hpp"
#include "parley/tardis_csv.hpp"
#include "venue_feed_bindings.hpp"

namespace {

using namespace parley::bindings;
using namespace nanobind::literals;

parley::TardisKind to_kind(const std::string& name) {
    constexpr std::pair<const char*, parley::TardisKind> kNames[] = {
        {"incremental_book_L2", parley::TardisKind::incremental_book_l2},
        {"book_snapshot", parley::TardisKind::book_snapshot},
        {"trades", parley::TardisKind::trades},
        {"quotes", parley::TardisKind::quotes}};
    for (const auto& [known, kind] : kNames) {
        if (name == known) return kind;
    }
    throw std::invalid_argument("kind must be incremental_book_L2, book_snapshot, trades or quotes, not " + name);
}

class Reader {
public:
    explicit Reader(const std::string& kind) : reader_(to_kind(kind)) {}

    std::uint32_t list_instrument(const std::string& symbol, const std::string& price_tick, const std::string& lot) {
        const auto tick = to_scale("price_tick", price_tick);
        const auto size = to_scale("lot", lot);
        const std::lock_guard lock(mutex_);
        const std::uint32_t slot = reader_.instruments().add(symbol, tick, size);
        if (slot == parley::kNoSlot) throw std::invalid_argument(symbol + " is listed already, or the table is full");
        return slot;
    }

    nb::tuple read(nb::handle text, bool is_last) {
        const Buffer buffer(text, PyBUF_C_CONTIGUOUS);
        parley::CsvRead result;
        std::vector<parley::FeedUpdate> updates;
        {
            const nb::gil_scoped_release release;
            const std::lock_guard lock(mutex_);
            result = reader_.read(buffer.text(), is_last);
            updates.assign(reader_.updates().begin(), reader_.updates().end());
        }
        if (result.error != parley::FeedError::none) raise_refused(result.error, result.offset);
        return nb::make_tuple(to_array(updates), result.bytes, result.rows, result.rows_ignored);
    }

private:
    std::mutex mutex_;
    parley::TardisCsv reader_;
};

}  // namespace

void bind_tardis_csv(nb::module_& module) {
    nb::class_<Reader>(module, "TardisReader",
                       "Rows of one CSV file in the layout of Tardis to normalized updates: times in UTC nanoseconds,\n"
                       "prices in ticks, quantities in lots. Columns are found by the names in the file's first line.")
        .def(nb::init<const std::string&>(), "kind"_a,
             "`kind`: incremental_book_L2, book_snapshot (any number of levels), trades or quotes.")
        .def("list_instrument", &Reader::list_instrument, "symbol"_a, "price_tick"_a, "lot"_a,
             "Lists a symbol of the file and returns its slot, counted from 0. `price_tick` and `lot` are decimals in\n"
             "quote and base currency. ValueError where it is listed already or a size is not a positive decimal.")
        .def("read", &Reader::read, "text"_a, "is_last"_a,
             nb::sig("def read(self, text: bytes | bytearray | memoryview, is_last: bool) -> "
                     "tuple[numpy.typing.NDArray[numpy.void], int, int, int]"),
             "Reads lines, without the GIL: (updates as an array of update_dtype(), bytes taken, rows, rows of\n"
             "instruments that are not listed). Bytes not taken must come again, before what follows them; `is_last` says\n"
             "that nothing follows. FrameRefused, with the offset of the line in `text` in bytes, where one is malformed.");
}
