#pragma once

#include <cstdint>

namespace parley::bench {

/// Of single operations: mean of processor time, percentiles with the cost of reading the clock taken off.
struct GateResult {
    double nanoseconds = 0;
    double p50_ns = 0;
    double p99_ns = 0;
    double p999_ns = 0;
    std::int64_t refused = 0;
};

/// All controls and the portfolio margin of an account with `options` options over ten expiries, order by order; nothing
/// trades. With `is_floor`: only adds a scenario vector and takes the least, once per order.
[[nodiscard]] GateResult run_gate(std::uint64_t seed, std::size_t orders, std::size_t options, bool is_floor);

/// The whole engine on the same orders: decoding, gate, admission, resting, and the cancel after each.
[[nodiscard]] GateResult run_gated_engine(std::uint64_t seed, std::size_t orders, std::size_t options);

struct RevalueResult {
    double milliseconds = 0;
    std::int64_t positions = 0;  ///< revalued
    double margins_milliseconds = 0;  ///< to renew the margins of all accounts afterwards, as their next orders would
};

/// One input that moves the expiries of the first `share_percent` of `accounts` x `positions`.
[[nodiscard]] RevalueResult run_revalue(std::size_t accounts, std::size_t positions, std::size_t share_percent);
/// Milliseconds to add as many scenario vectors, and nothing else.
[[nodiscard]] double run_revalue_floor(std::size_t accounts, std::size_t positions);

}  // namespace parley::bench
