#include "parley/lobster.hpp"

#include <nanobind/stl/string_view.h>

#include "feeds.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

std::string_view text(const bindings::ByteView& view) {
    return {reinterpret_cast<const char*>(view.bytes().data()), view.bytes().size()};
}

nb::dict lobster_replay(const nb::handle& messages, const nb::handle& books) {
    const bindings::ByteView message_view(messages);
    const bindings::ByteView book_view(books);
    const auto result = bindings::over_bytes(book_view.bytes(), [&] { return lobster::replay(text(message_view), text(book_view)); });
    nb::dict answer;
    answer["rows"] = result.rows;
    answer["exact"] = result.exact;
    answer["revealed"] = result.revealed;
    answer["forgotten"] = result.forgotten;
    answer["first_mismatch"] = result.first_mismatch;
    answer["orders"] = result.orders;
    answer["flaw"] = lobster::name_of(result.flaw);
    answer["flaw_line"] = result.flaw_line;
    return answer;
}

}  // namespace

void bind_lobster(nb::module_& module) {
    module.def("lobster_replay", lobster_replay, "messages"_a, "books"_a,
               nb::sig("def lobster_replay(messages: bytes | bytearray | memoryview, books: bytes | bytearray | memoryview) -> dict"),
               "Builds a book from a LOBSTER message file and holds it against the order book file after every line.\n"
               "Returns rows, exact (rows in which every known level agrees in price and shares), revealed (levels that\n"
               "came up from below the recorded depth and were taken from the row), forgotten (levels that fell below\n"
               "it), first_mismatch (line from 1, 0 for none), orders at the end, flaw and flaw_line that stopped it.");
}
