#include "parley/itch.hpp"

#include <nanobind/stl/string_view.h>

#include "feeds.hpp"

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

}  // namespace

void bind_itch(nb::module_& module) {
    module.def("itch_count", itch_count, "data"_a, nb::sig("def itch_count(data: bytes | bytearray | memoryview) -> dict"),
               "Messages of a Nasdaq ITCH 5.0 file or of a part of it, each behind its length in two bytes. Returns types\n"
               "(letter to count), messages (well formed), malformed (skipped: unknown type, wrong length), zero_lengths\n"
               "(taken from the type), consumed (bytes up to the first unfinished message), stopped_by (none, truncated,\n"
               "lost), first_flaw and first_flaw_at (its offset).");
}
