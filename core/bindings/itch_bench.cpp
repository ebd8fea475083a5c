#include "parley/itch_bench.hpp"

#include "feeds.hpp"

namespace nb = nanobind;
using namespace nb::literals;
using namespace parley::itch;

namespace {

constexpr std::size_t kMessagesMax = 100'000'000;

nb::dict to_dict(const bench::Timing& timing) {
    nb::dict answer;
    answer["ns_per_message"] = timing.nanoseconds_per_message;
    answer["messages"] = timing.messages;
    answer["checksum"] = timing.checksum;
    return answer;
}

template <typename Work>
auto unlocked(Work&& work) {
    const nb::gil_scoped_release released;
    return work();
}

/// Owns the bytes of the workload, so that every run reads the same ones.
class ItchWorkload {
public:
    ItchWorkload(std::uint64_t seed, std::size_t messages, std::uint16_t symbols) {
        if (messages == 0 || messages > kMessagesMax) throw nb::value_error("messages: 1 to 100,000,000");
        if (symbols == 0 || symbols == 65'535) throw nb::value_error("symbols: 1 to 65,534");
        const nb::gil_scoped_release released;
        bytes_ = bench::make_feed({seed, messages, symbols});
    }

    [[nodiscard]] nb::dict run_floor() const { return to_dict(unlocked([&] { return bench::run_floor(bytes_); })); }
    [[nodiscard]] nb::dict run_decode() const { return to_dict(unlocked([&] { return bench::run_decode(bytes_); })); }
    [[nodiscard]] nb::dict run_books(std::size_t orders_max, bool singly) const {
        const auto result = unlocked([&] { return bench::run_books(bytes_, orders_max, singly); });
        nb::dict answer = to_dict(result.timing);
        answer["orders"] = result.orders;
        answer["flaws"] = result.flaws;
        answer["p50_ns"] = result.p50_ns;
        answer["p99_ns"] = result.p99_ns;
        answer["p999_ns"] = result.p999_ns;
        return answer;
    }
    [[nodiscard]] nb::bytes data() const { return nb::bytes(bytes_.data(), bytes_.size()); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }

private:
    std::vector<std::uint8_t> bytes_;
};

}  // namespace

void bind_itch_bench(nb::module_& module) {
    nb::class_<ItchWorkload>(module, "BenchItchFeed",
                     "The seeded workload ITCH: framed messages of many symbols, drawn and picked evenly. 31 bytes each.")
        .def(nb::init<std::uint64_t, std::size_t, std::uint16_t>(), "seed"_a, "messages"_a, "symbols"_a)
        .def("data", &ItchWorkload::data, "A copy of the bytes, each message behind its length in two bytes.")
        .def("__len__", &ItchWorkload::size, "Bytes.")
        .def("run_floor", &ItchWorkload::run_floor, "From message to message, one field of each summed, nothing checked.")
        .def("run_decode", &ItchWorkload::run_decode, "Checked walk, dispatch by type, every field of every message read.")
        .def("run_books", &ItchWorkload::run_books, "orders_max"_a, "singly"_a = false,
             "Books of all orders from the bytes. `singly` applies and times one message after the other, clock included.\n"
             "Returns ns_per_message (processor time), orders (resting at the end), flaws, p50_ns, p99_ns, p999_ns.");
}
