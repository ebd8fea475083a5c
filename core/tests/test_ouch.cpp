#include <string>
#include <vector>

#include "check.hpp"
#include "parley/ouch.hpp"

using namespace parley;

namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const auto byte : bytes) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

ouch::EnterOrder order() {
    ouch::EnterOrder enter;
    enter.user_reference = 0x01020304;
    enter.side = ouch::Side::sell_short;
    enter.quantity = 500;
    enter.symbol = ouch::Symbol("AAPL");
    enter.price_e4 = 1'853'700;
    enter.time_in_force = ouch::TimeInForce::ioc;
    enter.client_order_id = ouch::ClientOrderId("parley-1");
    return enter;
}

}  // namespace

TEST(ouch_enter_order_is_the_specification_byte_for_byte) {
    std::array<std::uint8_t, 64> out{};
    const std::size_t size = ouch::encode(order(), out);
    CHECK(size == 47);
    CHECK(hex({out.data(), size}) ==
          "4f" "01020304" "54" "000001f4" "4141504c20202020" "00000000001c4904" "33" "59" "50" "4e" "4e"
          "7061726c65792d31202020202020" "0000");
}

TEST(ouch_options_follow_with_their_length) {
    std::array<std::uint8_t, 64> out{};
    ouch::Appendage options;
    CHECK(options.add(ouch::OptionTag::minimum_quantity, std::uint32_t{100}));
    CHECK(options.add(ouch::OptionTag::post_only, 'P'));
    const std::size_t size = ouch::encode(order(), options, out);
    CHECK(size == 47 + 6 + 3);
    CHECK(hex({out.data() + 45, size - 45}) == "0009" "050300000064" "020c50");
    const std::size_t cancel = ouch::encode(ouch::CancelOrder{7, 0}, options, out);
    CHECK(hex({out.data(), cancel}) == "580000000700000000" "0009" "050300000064" "020c50");
}

TEST(ouch_short_messages_are_the_specification_byte_for_byte) {
    std::array<std::uint8_t, 64> out{};
    const auto encoded = [&](const auto& request) { return hex({out.data(), ouch::encode(request, out)}); };
    ouch::ReplaceOrder replace;
    replace.original_reference = 1;
    replace.user_reference = 2;
    replace.quantity = 3;
    replace.price_e4 = 4;
    replace.client_order_id = ouch::ClientOrderId("b");
    CHECK(encoded(replace) == "55" "00000001" "00000002" "00000003" "0000000000000004" "30" "59" "4e"
                              "6220202020202020202020202020" "0000");
    CHECK(encoded(ouch::CancelOrder{9, 1}) == "580000000900000001");
    CHECK(encoded(ouch::ModifyOrder{9, ouch::Side::buy, 1}) == "4d000000094200000001");
    CHECK(encoded(ouch::MassCancel{9, ouch::Firm("FIRM"), {}}) == "43000000094649524d2020202020202020");
    CHECK(encoded(ouch::DisableOrderEntry{9, ouch::Firm("FIRM")}) == "44000000094649524d");
    CHECK(encoded(ouch::EnableOrderEntry{9, ouch::Firm("FIRM")}) == "45000000094649524d");
    CHECK(encoded(ouch::AccountQuery{}) == "51");
}

TEST(ouch_writes_nothing_where_it_does_not_fit) {
    std::array<std::uint8_t, 64> out{};
    ouch::Appendage options;
    int added = 0;
    while (options.add(ouch::OptionTag::route, ouch::Text<4>("SCAN"))) ++added;
    CHECK(added == static_cast<int>(ouch::kAppendageBytesMax) / 6);
    CHECK(ouch::encode(order(), options, out) == 0);
    CHECK(ouch::encode(order(), std::span(out).first(46)) == 0);
    CHECK(hex(out) == std::string(128, '0'));
}
