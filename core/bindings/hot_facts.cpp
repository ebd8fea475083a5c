#include "hot_facts.hpp"

#include <nanobind/stl/string.h>

#include <array>
#include <exception>
#include <string_view>

namespace parley::bindings {
namespace {

namespace nb = nanobind;
PyObject* refused = nullptr;  // lives as long as the module

struct Form {
    std::string_view name;
    std::size_t fields;
};
/// By kind, with the name and the time.
constexpr std::array<Form, 9> kForms{{{"order", 11}, {"report", 4}, {"ended", 4}, {"opened", 4}, {"lost", 3}, {"gap", 4},
                                      {"refused", 7}, {"steered", 4}, {"over", 3}}};

void translate(const std::exception_ptr& pointer, void*) {
    try {
        std::rethrow_exception(pointer);
    } catch (const HotPathRefused& error) {
        nb::object raised = nb::borrow(refused)(std::string(error.what()));
        raised.attr("reason") = error.reason;
        raised.attr("detail") = error.detail;
        PyErr_SetObject(refused, raised.ptr());
    }
}

nb::str text_of(std::string_view text) { return nb::str(text.data(), text.size()); }

bool is_of_pair(HotSteering what) { return what != HotSteering::entering_on && what != HotSteering::entering_off; }

template <typename Value>
Value field(const nb::tuple& fields, std::size_t at) {
    return nb::cast<Value>(fields[at]);
}

void read_order(const nb::tuple& fields, HotFact& fact) {
    fact.order.order_id = field<std::int64_t>(fields, 2);
    fact.pair = field<std::uint32_t>(fields, 3);
    fact.leg = field<std::uint8_t>(fields, 4);
    fact.order.instrument = field<std::uint32_t>(fields, 5);
    fact.order.side = field<int>(fields, 6) == 0 ? Side::buy : Side::sell;
    fact.order.lots.value = field<std::int64_t>(fields, 7);
    fact.order.price.value = field<std::int64_t>(fields, 8);
    fact.sequence = field<std::uint64_t>(fields, 9);
    fact.zscore = field<double>(fields, 10);
}

void read_report(const nb::tuple& fields, HotFact& fact) {
    const auto message = field<nb::bytes>(fields, 3);
    if (message.size() > HotFact::kBytesMax) throw nb::value_error("a report is longer than any of the specification");
    fact.sequence = field<std::uint64_t>(fields, 2);
    fact.put({reinterpret_cast<const std::uint8_t*>(message.c_str()), message.size()});
}

void read_steering(const nb::tuple& fields, HotFact& fact) {
    if (!parse(field<std::string>(fields, 3), fact.steering)) throw nb::value_error("no such steering");
    if (is_of_pair(fact.steering)) fact.pair = field<std::uint32_t>(fields, 2);
}

nb::tuple order_tuple(const HotFact& fact) {
    const StrategyOrder& order = fact.order;
    return nb::make_tuple("order", fact.at_ns, order.order_id, fact.pair, fact.leg, order.instrument,
                          order.side == Side::buy ? 0 : 1, order.lots.value, order.price.value, fact.sequence, fact.zscore);
}

}  // namespace

nb::tuple to_tuple(const HotFact& fact) {
    switch (fact.kind) {
        case HotFactKind::order: return order_tuple(fact);
        case HotFactKind::report:
            return nb::make_tuple("report", fact.at_ns, fact.sequence, nb::bytes(fact.bytes.data(), fact.size));
        case HotFactKind::ended: return nb::make_tuple("ended", fact.at_ns, fact.order.order_id, text_of(fact.text()));
        case HotFactKind::opened: return nb::make_tuple("opened", fact.at_ns, text_of(fact.text()), fact.sequence);
        case HotFactKind::lost: return nb::make_tuple("lost", fact.at_ns, text_of(fact.text()));
        case HotFactKind::gap: return nb::make_tuple("gap", fact.at_ns, fact.sequence, fact.order.lots.value);
        case HotFactKind::refused:
            return nb::make_tuple("refused", fact.at_ns, fact.pair, fact.order.instrument, text_of(reason_name(fact.refusal.reason)),
                                  fact.refusal.value, fact.refusal.bound);
        case HotFactKind::steered:
            return nb::make_tuple("steered", fact.at_ns, is_of_pair(fact.steering) ? std::int64_t{fact.pair} : -1,
                                  text_of(to_text(fact.steering)));
        case HotFactKind::over: break;
    }
    return nb::make_tuple("over", fact.at_ns, text_of(fact.text()));
}

HotFact to_fact(const nb::tuple& fields) {
    HotFact fact;
    const std::string name = fields.size() == 0 ? "" : field<std::string>(fields, 0);
    std::size_t kind = 0;
    while (kind < kForms.size() && kForms[kind].name != name) ++kind;
    if (kind == kForms.size()) throw nb::value_error(("no fact is called " + name).c_str());
    if (fields.size() != kForms[kind].fields) throw nb::value_error((name + " has another number of fields").c_str());
    fact.kind = static_cast<HotFactKind>(kind);
    fact.at_ns = field<std::int64_t>(fields, 1);
    switch (fact.kind) {
        case HotFactKind::order: read_order(fields, fact); break;
        case HotFactKind::report: read_report(fields, fact); break;
        case HotFactKind::steered: read_steering(fields, fact); break;
        case HotFactKind::ended: fact.order.order_id = field<std::int64_t>(fields, 2); break;
        // the rest is for the record: it changed no pair and no position
        default: break;
    }
    return fact;
}

void bind_hot_errors(nb::module_& module) {
    refused = PyErr_NewExceptionWithDoc("parley_core.HotPathRefused",
                                        "A hot path that cannot be: `reason` says which part of it, `detail` what is wrong.",
                                        PyExc_ValueError, nullptr);
    if (refused == nullptr) throw nb::python_error();
    module.attr("HotPathRefused") = nb::handle(refused);
    nb::register_exception_translator(translate);
}

}  // namespace parley::bindings
