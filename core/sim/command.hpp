#pragma once

#include <string>
#include <variant>
#include <vector>

#include "parley/inputs.hpp"

namespace parley::sim {

struct ReserveCommand {
    ReserveBlock head;
    std::vector<BlockLeg> legs;
};

/// What the outbox holds and the stream carries; numbered when it is relayed.
using Command = std::variant<PlaceOrder, CancelOrder, CancelAll, SetLimits, SetTradingState, SetKillSwitch,
                             ReserveCommand, ConfirmBlock, VoidBlock, SettleInstrument, RefuseCommand>;

/// The payload that the journal would hold.
inline void encode_command(Writer& writer, TimeNs now_ns, std::int64_t sequence, const Command& command) {
    std::visit(
        [&](auto body) {
            if constexpr (std::is_same_v<decltype(body), ReserveCommand>) {
                body.head.command_sequence = sequence;
                codec::encode(writer, now_ns, body.head);
                writer.number(static_cast<std::int64_t>(body.legs.size()));
                for (BlockLeg& leg : body.legs) codec::put_fields(writer, leg);
            } else {
                body.command_sequence = sequence;
                codec::encode(writer, now_ns, body);
            }
        },
        command);
}

}  // namespace parley::sim
