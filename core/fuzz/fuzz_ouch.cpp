#include "fuzz.hpp"
#include "parley/ouch_events.hpp"

// Bytes are an answer: it is refused by name, or every field and every option of it can be read.

namespace {

using namespace parley;

struct ReadAll {
    std::uint64_t sum = 0;

    template <typename View>
    void on(View view) {
        sum += view.timestamp_ns();
        for (int tag = 0; tag <= 30; ++tag) {
            for (const auto byte : view.find_option(static_cast<ouch::OptionTag>(tag))) sum += byte;
        }
        if constexpr (requires { view.user_reference(); }) sum += view.user_reference();
        if constexpr (requires { view.price_e4(); }) sum += view.price_e4();
        if constexpr (requires { view.match_number(); }) sum += view.match_number();
        if constexpr (requires { view.symbol(); }) sum += view.symbol().size();
        if constexpr (requires { view.client_order_id(); }) sum += view.client_order_id().size();
        if constexpr (requires { view.strategy(); }) sum += static_cast<std::uint8_t>(view.strategy());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    ReadAll all;
    const auto flaw = ouch::decode({data, size}, all);
    FUZZ_INSIST(flaw == ouch::Flaw::none || all.sum == 0);
    FUZZ_INSIST(!ouch::name_of(flaw).empty());
    return 0;
}
