#pragma once
// What the portfolio margin rests on: terms of contracts, volatilities and forwards, collateral. All journaled.

#include "parley/inputs.hpp"

namespace parley {

enum class MarginKind : std::uint8_t { option, future, perpetual, spot };
constexpr std::int64_t enumerators(MarginKind) { return 4; }

/// Most of one input; a feed sends as many inputs as it needs.
inline constexpr std::size_t kMarginMarksMax = 65'536;
inline constexpr std::size_t kMarginExpiriesMax = 64;

/// What a listing does not say. Once per instrument, after it is listed.
struct DescribeInstrument {
    static constexpr InputKind kind = InputKind::describe_instrument;
    InstrumentId instrument_id = 0;
    std::int64_t venue_id = 0;
    MarginKind margin_kind{};
    bool is_inverse = false;  ///< priced (options) or settled (futures, perpetuals) in coins
    bool is_call = false;
    double strike = 0.0;  ///< dollars; options only
    auto fields() { return std::tie(instrument_id, venue_id, margin_kind, is_inverse, is_call, strike); }
};

struct SetMarginParameters {
    static constexpr InputKind kind = InputKind::set_margin_parameters;
    std::int64_t coin_id = 0;
    double maintenance_haircut = 0.0;
    double initial_haircut = 0.0;  ///< on top of maintenance
    double stable_price = 1.0;     ///< dollars of one stable coin
    double confidence = 1.0;       ///< of the prices, 0 to 1
    auto fields() { return std::tie(coin_id, maintenance_haircut, initial_haircut, stable_price, confidence); }
};

/// Followed by the number of expiries and the expiries, the number of marks and the marks.
struct SetMarginInputs {
    static constexpr InputKind kind = InputKind::set_margin_inputs;
    std::int64_t coin_id = 0;
    double spot = 0.0;  ///< dollars
    auto fields() { return std::tie(coin_id, spot); }
};

struct MarginExpiry {
    TimeNs expiry_at_ns = 0;
    double years = 0.0;  ///< to it, above zero
    double rate = 0.0;   ///< discounts the undiscounted option value to spot money
    auto fields() { return std::tie(expiry_at_ns, years, rate); }
};

/// Of an option: forward of its expiry and volatility. Of a future or perpetual: its mark price, in `forward`.
struct MarginMark {
    InstrumentId instrument_id = 0;
    double forward = 0.0;
    double volatility = 0.0;
    auto fields() { return std::tie(instrument_id, forward, volatility); }
};

/// Followed by the number of balances and the balances. `last_execution_id`: the newest execution whose money the
/// figures hold already.
struct SetCollateral {
    static constexpr InputKind kind = InputKind::set_collateral;
    std::int64_t command_sequence = 0;
    AccountId account_id = 0;
    std::int64_t last_execution_id = 0;
    Micros cash_micros = 0;
    auto fields() { return std::tie(command_sequence, account_id, last_execution_id, cash_micros); }
};

struct CoinBalance {
    std::int64_t coin_id = 0;
    std::int64_t coin_nanos = 0;  ///< 1e-9 coin
    auto fields() { return std::tie(coin_id, coin_nanos); }
};

}  // namespace parley
