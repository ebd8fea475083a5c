#pragma once

#include "parley/inputs.hpp"

namespace parley {

/// New quantity (what was executed included), new price, or both; 0 leaves one as it is.
struct AmendOrder {
    static constexpr InputKind kind = InputKind::amend_order;
    static constexpr InputKind fixed_kind = InputKind::amend_order_fixed;
    std::int64_t command_sequence = 0;
    TimeNs valid_until_ns = 0;
    OrderId order_id = 0;
    Lots quantity;
    PriceTicks price;
    auto fields() { return std::tie(command_sequence, valid_until_ns, order_id, quantity, price); }
};

/// From call or halted to continuous, what crosses trades at one price.
struct SetInstrumentPhase {
    static constexpr InputKind kind = InputKind::set_instrument_phase;
    std::int64_t command_sequence = 0;
    InstrumentId instrument_id = 0;
    InstrumentPhase phase{};
    std::string_view command_id;
    auto fields() { return std::tie(command_sequence, instrument_id, phase, command_id); }
};

struct SetPriceBands {
    static constexpr InputKind kind = InputKind::set_price_bands;
    std::int64_t command_sequence = 0;
    InstrumentId instrument_id = 0;
    PriceBands bands;
    std::string_view command_id;
    auto fields() {
        return std::tie(command_sequence, instrument_id, bands.reference, bands.static_basis_points,
                        bands.dynamic_basis_points, bands.pauses, command_id);
    }
};

}  // namespace parley
