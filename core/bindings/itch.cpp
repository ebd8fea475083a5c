#include "parley/itch.hpp"

#include <nanobind/stl/string_view.h>

#include <algorithm>

#include "feeds.hpp"
#include "parley/itch_records.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

nb::dict to_dict(const itch::Walk& walk) {
    nb::dict answer;
    answer["messages"] = walk.messages;
    answer["malformed"] = walk.malformed;
    answer["zero_lengths"] = walk.zero_lengths;
    answer["consumed"] = walk.consumed;
    answer["stopped_by"] = itch::name_of(walk.last_flaw);
    answer["first_flaw"] = itch::name_of(walk.first_flaw);
    answer["first_flaw_at"] = walk.first_flaw_at;
    return answer;
}

nb::dict itch_count(const nb::handle& data) {
    itch::Counts counts;
    const bindings::ByteView view(data);
    const auto bytes = view.bytes();
    const itch::Walk walk = bindings::over_bytes(bytes, [&] { return itch::walk(bytes, counts); });
    nb::dict answer = to_dict(walk);
    nb::dict types;
    for (const char type : itch::kMessageTypes) {
        if (counts.of(type) != 0) types[nb::str(&type, 1)] = counts.of(type);
    }
    answer["types"] = types;
    return answer;
}

constexpr std::size_t kRecordsMax = 10'000'000;

struct Field {
    const char* name;
    const char* type;
    std::size_t offset;
};

constexpr Field kFields[] = {
    {"timestamp_ns", "<u8", offsetof(itch::Record, timestamp_ns)},
    {"order_reference", "<u8", offsetof(itch::Record, order_reference)},
    {"new_reference", "<u8", offsetof(itch::Record, new_reference)},
    {"match_number", "<u8", offsetof(itch::Record, match_number)},
    {"shares", "<u8", offsetof(itch::Record, shares)},
    {"stock", "S8", offsetof(itch::Record, stock)},
    {"price_e4", "<u4", offsetof(itch::Record, price_e4)},
    {"stock_locate", "<u2", offsetof(itch::Record, stock_locate)},
    {"tracking_number", "<u2", offsetof(itch::Record, tracking_number)},
    {"type", "S1", offsetof(itch::Record, type)},
    {"side", "S1", offsetof(itch::Record, side)},
    {"is_printable", "S1", offsetof(itch::Record, is_printable)},
    {"cross_type", "S1", offsetof(itch::Record, cross_type)},
};

nb::object record_dtype() {
    nb::list names;
    nb::list formats;
    nb::list offsets;
    for (const Field& field : kFields) {
        names.append(field.name);
        formats.append(field.type);
        offsets.append(field.offset);
    }
    nb::dict layout;
    layout["names"] = names;
    layout["formats"] = formats;
    layout["offsets"] = offsets;
    layout["itemsize"] = sizeof(itch::Record);
    return nb::module_::import_("numpy").attr("dtype")(layout);
}

// The array is the buffer that the records are written into; what stays unused of it is cut off.
nb::tuple itch_records(const nb::handle& data, std::size_t start, std::size_t records_max) {
    const bindings::ByteView view(data);
    if (start > view.bytes().size()) throw nb::value_error("start is behind the end of the data");
    if (records_max == 0 || records_max > kRecordsMax) throw nb::value_error("records_max: 1 to 10,000,000");
    const auto bytes = view.bytes().subspan(start);
    constexpr std::size_t kShortest = 21;  // a delete and its length: no more records than that fit
    const std::size_t room = std::min(records_max, bytes.size() / kShortest + 1);
    const nb::object array = nb::module_::import_("numpy").attr("empty")(room, record_dtype());
    itch::RecordWalk result;
    {
        Py_buffer buffer;
        if (PyObject_GetBuffer(array.ptr(), &buffer, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) != 0) throw nb::python_error();
        const std::span<itch::Record> records(static_cast<itch::Record*>(buffer.buf), room);
        result = bindings::over_bytes(bytes, [&] { return itch::read_records(bytes, records); });
        PyBuffer_Release(&buffer);
    }
    nb::dict walk = to_dict(result.walk);
    walk["next_start"] = start + result.walk.consumed;
    return nb::make_tuple(array[nb::slice(std::size_t{0}, result.records, std::size_t{1})], walk);
}

}  // namespace

void bind_itch(nb::module_& module) {
    module.def("itch_count", itch_count, "data"_a, nb::sig("def itch_count(data: bytes | bytearray | memoryview) -> dict"),
               "Messages of a Nasdaq ITCH 5.0 file or of a part of it, each behind its length in two bytes. Returns types\n"
               "(letter to count), messages (well formed), malformed (skipped: unknown type, wrong length), zero_lengths\n"
               "(taken from the type), consumed (bytes up to the first unfinished message), stopped_by (none, truncated,\n"
               "lost), first_flaw and first_flaw_at (its offset).");
    module.def("itch_records", itch_records, "data"_a, "start"_a = 0, "records_max"_a = 1'000'000,
               nb::sig("def itch_records(data: bytes | bytearray | memoryview, start: int = 0, records_max: int = 1000000)"
                       " -> tuple[numpy.ndarray, dict]"),
               "The messages of the order book and the trades (A F E C X D U P Q B) from byte `start` on, at most\n"
               "`records_max`, as a structured array: timestamp_ns (since midnight of New York), order_reference,\n"
               "new_reference (of U), match_number, shares, stock (empty where the message has only its locate), price_e4\n"
               "(1e-4 US dollar), stock_locate, tracking_number, type, side (B, S), is_printable (of C), cross_type (of\n"
               "Q). And what itch_count returns of the walk, with next_start, where the next batch begins.");
}
