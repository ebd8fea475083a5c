#pragma once

#include <string>
#include <variant>
#include <vector>

#include "parley/control_inputs.hpp"
#include "parley/margin_inputs.hpp"
#include "parley/order_inputs.hpp"

namespace parley::sim {

struct ReserveCommand {
    ReserveBlock head;
    std::vector<BlockLeg> legs;
};

struct ScopeLimitsCommand {
    SetScopeLimits head;
    ScopeLimits limits;
};

/// Of an account with money and no coins.
struct CollateralCommand {
    SetCollateral head;
};

/// What the outbox holds and the stream carries; numbered when it is relayed.
using Command = std::variant<PlaceOrder, CancelOrder, CancelAll, SetLimits, SetTradingState, SetKillSwitch,
                             ReserveCommand, ConfirmBlock, VoidBlock, SettleInstrument, RefuseCommand, AmendOrder,
                             SetInstrumentPhase, SetPriceBands, ScopeLimitsCommand, SetInstrumentPermission,
                             SetTraderAuthorization, GrantOverride, EnableScope, SetParentOrder, CollateralCommand, NoteCommand>;

inline void encode_order(Writer& writer, TimeNs now_ns, PlaceOrder& order) {
    writer.byte(static_cast<std::uint8_t>(InputKind::place_order_with_terms));
    writer.number(now_ns);
    codec::put_fields(writer, order);
    codec::put_fields(writer, order.attribution);
    codec::put_fields(writer, order.terms);
}

/// The payload that the journal would hold.
inline void encode_command(Writer& writer, TimeNs now_ns, std::int64_t sequence, const Command& command) {
    std::visit(
        [&](auto body) {
            if constexpr (std::is_same_v<decltype(body), ReserveCommand>) {
                body.head.command_sequence = sequence;
                codec::encode(writer, now_ns, body.head);
                writer.number(static_cast<std::int64_t>(body.legs.size()));
                for (BlockLeg& leg : body.legs) codec::put_fields(writer, leg);
            } else if constexpr (std::is_same_v<decltype(body), ScopeLimitsCommand>) {
                body.head.command_sequence = sequence;
                codec::encode(writer, now_ns, body.head);
                codec::put_fields(writer, body.limits);
            } else if constexpr (std::is_same_v<decltype(body), CollateralCommand>) {
                body.head.command_sequence = sequence;
                codec::encode(writer, now_ns, body.head);
                writer.number(0);
            } else {
                body.command_sequence = sequence;
                if constexpr (std::is_same_v<decltype(body), PlaceOrder>) {
                    const bool is_plain = body.terms == OrderTerms{} && body.attribution.parent_order_id == 0 &&
                                          body.attribution.strategy_id == 0;
                    if (!is_plain) return encode_order(writer, now_ns, body);
                }
                codec::encode(writer, now_ns, body);
            }
        },
        command);
}

}  // namespace parley::sim
