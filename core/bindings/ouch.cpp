#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "feeds.hpp"
#include "parley/big_endian.hpp"
#include "parley/ouch_events.hpp"
#include "parley/ouch_layout.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley;

namespace {

constexpr std::size_t kOptionsBytesMax = 65'535;
constexpr std::size_t kOptionBytesMax = 254;

std::span<const ouch::Layout> layouts(bool is_event) noexcept {
    if (is_event) return ouch::kEventLayouts;
    return ouch::kRequestLayouts;
}

const ouch::Layout& layout_of(bool is_event, const std::string& type) {
    const ouch::Layout* const layout = type.size() == 1 ? ouch::find_layout(layouts(is_event), type[0]) : nullptr;
    if (layout == nullptr) throw std::invalid_argument("OUCH has no message of type " + type);
    return *layout;
}

[[noreturn]] void refuse(const ouch::Field& field, const char* why) {
    throw std::invalid_argument(std::string(field.name) + ": " + why);
}

void store_number(const ouch::Field& field, nb::handle value, std::uint8_t* at) {
    std::uint64_t number = 0;
    if (PyBool_Check(value.ptr()) || !nb::try_cast(value, number)) refuse(field, "a whole number, not negative, of 64 bits");
    if (field.width < 8 && number >> (8 * field.width) != 0) refuse(field, "too large for its field");
    for (std::size_t i = field.width; i-- != 0; number >>= 8) at[i] = static_cast<std::uint8_t>(number);
}

void store_text(const ouch::Field& field, nb::handle value, std::uint8_t* at) {
    std::string text;
    if (!nb::try_cast(value, text)) refuse(field, "a text");
    if (text.size() > field.width) refuse(field, "longer than its field");
    if (field.kind == ouch::FieldKind::letter && text.size() != 1) refuse(field, "one letter");
    for (const char letter : text) {
        if (letter < ' ' || letter > '~') refuse(field, "only printable ASCII");
    }
    big_endian::store_text(at, field.width, text);
}

void store(const ouch::Field& field, nb::handle value, std::uint8_t* at) {
    if (field.kind == ouch::FieldKind::number) return store_number(field, value, at);
    if (field.kind != ouch::FieldKind::flag) return store_text(field, value, at);
    if (!PyBool_Check(value.ptr())) refuse(field, "True or False");
    *at = value.ptr() == Py_True ? 'Y' : 'N';
}

std::vector<std::uint8_t> options_bytes(const nb::dict& options) {
    std::vector<std::uint8_t> bytes;
    for (const auto& [tag, value] : options) {
        unsigned char number = 0;
        if (!nb::try_cast(tag, number) || number == 0) throw std::invalid_argument("options: a tag is 1 to 255");
        const bindings::ByteView view(value);
        if (view.bytes().size() > kOptionBytesMax) throw std::invalid_argument("options: a value has at most 254 bytes");
        bytes.push_back(static_cast<std::uint8_t>(1 + view.bytes().size()));
        bytes.push_back(number);
        bytes.insert(bytes.end(), view.bytes().begin(), view.bytes().end());
    }
    if (bytes.size() > kOptionsBytesMax) throw std::invalid_argument("options: at most 65,535 bytes together");
    return bytes;
}

nb::bytes ouch_encode(bool is_event, const std::string& type, const nb::tuple& values, const nb::dict& options) {
    const ouch::Layout& layout = layout_of(is_event, type);
    if (values.size() != layout.fields.size()) throw std::invalid_argument("a value for each field, in their order");
    std::vector<std::uint8_t> message(layout.bytes());
    message[0] = static_cast<std::uint8_t>(layout.type);
    std::size_t at = 1;
    std::size_t index = 0;
    for (const ouch::Field& field : layout.fields) {
        store(field, values[index++], message.data() + at);
        at += field.width;
    }
    const auto behind = options_bytes(options);
    if (!behind.empty() || layout.has_option_length) {
        message.resize(at + 2);
        big_endian::store(message.data() + at, static_cast<std::uint16_t>(behind.size()));
        message.insert(message.end(), behind.begin(), behind.end());
    }
    return nb::bytes(message.data(), message.size());
}

nb::object load(const ouch::Field& field, const std::uint8_t* at) {
    if (field.kind == ouch::FieldKind::flag) return nb::bool_(*at == 'Y');
    if (field.kind == ouch::FieldKind::number) {
        std::uint64_t number = 0;
        for (std::size_t i = 0; i < field.width; ++i) number = number << 8 | at[i];
        return nb::int_(number);
    }
    const std::size_t width = field.kind == ouch::FieldKind::letter ? 1 : big_endian::load_text(at, field.width).size();
    PyObject* const text = PyUnicode_DecodeLatin1(reinterpret_cast<const char*>(at), static_cast<Py_ssize_t>(width), nullptr);
    if (text == nullptr) throw nb::python_error();
    return nb::steal(text);
}

/// Options of a message whose fields end at `body`; ValueError where lengths contradict one another.
nb::dict read_options(std::span<const std::uint8_t> message, std::size_t body) {
    nb::dict answer;
    if (message.size() == body) return answer;
    if (message.size() < body + 2) throw std::invalid_argument("wrong_length");
    const auto options = message.subspan(body + 2);
    if (big_endian::load<std::uint16_t>(message.data() + body) != options.size()) throw std::invalid_argument("wrong_length");
    if (!ouch::are_options(options)) throw std::invalid_argument("bad_options");
    for (std::size_t at = 0; at < options.size(); at += 1 + std::size_t{options[at]}) {
        answer[nb::int_(options[at + 1])] = nb::bytes(options.data() + at + 2, options[at] - std::size_t{1});
    }
    return answer;
}

nb::tuple ouch_decode(bool is_event, const nb::handle& data) {
    const bindings::ByteView view(data);
    const auto message = view.bytes();
    if (message.empty()) throw std::invalid_argument("wrong_length");
    const ouch::Layout* const layout = ouch::find_layout(layouts(is_event), static_cast<char>(message[0]));
    if (layout == nullptr) throw std::invalid_argument("unknown_type");
    if (message.size() < layout->bytes()) throw std::invalid_argument("wrong_length");
    const nb::dict options = read_options(message, layout->bytes());
    nb::list values;
    std::size_t at = 1;
    for (const ouch::Field& field : layout->fields) {
        values.append(load(field, message.data() + at));
        at += field.width;
    }
    return nb::make_tuple(nb::str(&layout->type, 1), nb::tuple(values), options);
}

std::vector<std::string> ouch_fields(bool is_event, const std::string& type) {
    std::vector<std::string> names;
    for (const ouch::Field& field : layout_of(is_event, type).fields) names.emplace_back(field.name);
    return names;
}

}  // namespace

void bind_ouch(nb::module_& module) {
    module.def("ouch_fields", ouch_fields, "is_event"_a, "type"_a,
               "Names of the fields of an OUCH 5.0 message in their order; units are in the names: price_e4 counts 1e-4 US\n"
               "dollar, quantities shares, timestamp_ns nanoseconds since midnight of New York. ValueError: no such type.");
    module.def("ouch_encode", ouch_encode, "is_event"_a, "type"_a, "values"_a, "options"_a = nb::dict(),
               nb::sig("def ouch_encode(is_event: bool, type: str, values: tuple, options: dict[int, bytes] = {}) -> bytes"),
               "The bytes of one message: of an answer of the exchange (`is_event`) or of a client's request. Values in the order\n"
               "of ouch_fields(): whole numbers, texts, one letter, True or False. ValueError names the field that does not fit.");
    module.def("ouch_decode", ouch_decode, "is_event"_a, "message"_a,
               nb::sig("def ouch_decode(is_event: bool, message: bytes | bytearray | memoryview)"
                       " -> tuple[str, tuple, dict[int, bytes]]"),
               "Type, values in the order of ouch_fields(), and options (tag number to bytes) of one message. ValueError:\n"
               "unknown_type, wrong_length or bad_options; no length in the message is believed.");
}
