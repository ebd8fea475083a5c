#pragma once

#include <cstdint>
#include <vector>

#include "parley/events.hpp"
#include "parley/flat_map.hpp"
#include "parley/inputs.hpp"
#include "parley/units.hpp"

namespace parley {

/// Oldest reference price that new risk may be measured against.
inline constexpr TimeNs kReferenceAgeMaxNs = 5'000'000'000;
/// Farthest that a reference may lie ahead of the clock; beyond it the clock was set back.
inline constexpr TimeNs kReferenceAheadMaxNs = 1'000'000'000;

/// Why a command may not act, with what was compared. Empty: it may.
struct Refusal {
    Reason reason = Reason::none;
    std::int64_t value = 0;
    std::int64_t bound = 0;
    [[nodiscard]] explicit operator bool() const noexcept { return reason != Reason::none; }
};

/// Index price of a coin. A move by more than half is held to be wrong until the next one confirms it.
struct CoinIndex {
    Micros price_micros = 0;
    bool is_jumped = false;
    std::uint64_t revision = 0;  ///< grows with every price, with that of the references: not part of the state
    void update(Micros price) noexcept;
};

/// What one lot of an instrument is worth, and against what its prices are measured.
struct Valuation {
    ValueKind kind{};
    std::int64_t lot_nanos = 0;
    std::int64_t tick_nanos = 0;
    std::int64_t collar_floor_ticks = 0;

    /// Micro-dollars of `lots` at `price`, rounded towards zero; never wraps. Index: of the instrument's coin.
    [[nodiscard]] Micros value(Lots lots, PriceTicks price, Micros index_micros) const noexcept;
    /// Micro-dollars of one lot to some digits, without a division.
    [[nodiscard]] double rough_value(PriceTicks price, Micros index_micros) const noexcept {
        const auto nanos = static_cast<double>(lot_nanos);
        if (kind == ValueKind::fixed_usd) return nanos * 1e-3;
        if (kind == ValueKind::index) return nanos * 1e-9 * static_cast<double>(index_micros);
        return nanos * 1e-12 * static_cast<double>(price.value) * static_cast<double>(tick_nanos);
    }
    /// Farthest price from the mark that the collar lets `side` trade at.
    [[nodiscard]] PriceTicks collar(Side side, PriceTicks mark, std::int64_t basis_points) const noexcept;
};

/// Of one account in one instrument. Working lots include what reservations hold.
struct Position {
    std::int64_t lots = 0;
    std::int64_t buy_working = 0;
    std::int64_t sell_working = 0;

    [[nodiscard]] bool empty() const noexcept { return lots == 0 && buy_working == 0 && sell_working == 0; }
    std::int64_t& working(Side side) noexcept { return side == Side::buy ? buy_working : sell_working; }
    /// Largest position in the direction of `side` if everything working and `more` were filled; negative: none.
    [[nodiscard]] std::int64_t worst(Side side, std::int64_t more) const noexcept {
        return sign(side) * lots + (side == Side::buy ? buy_working : sell_working) + more;
    }
    /// Lots of `side` that certainly reduce the position, whatever of the working orders is filled.
    [[nodiscard]] std::int64_t reducible(Side side) const noexcept;
};

struct Reference {
    PriceTicks mark{-1};
    TimeNs at_ns = 0;
    bool is_crossed = false;
    std::uint64_t revision = 0;  ///< as that of the index
};

/// Kill switches and trading states in force. `all` has id 0.
class Controls {
public:
    /// Who and what an order belongs to: every scope that covers it. User 0: none (a block).
    struct Subject {
        std::int64_t firm_id, order_desk_id, account_desk_id, user_id, account_id, instrument_id, strategy_id, venue_id;
    };
    void set_state(ControlScope scope, std::int64_t scope_id, TradingState state);
    void set_kill(ControlScope scope, std::int64_t scope_id, bool is_engaged);

    /// kill_switch (value: scope, bound: its id) or trading_state (value: 2 halted, bound: id of the scope).
    [[nodiscard]] Refusal check(const Subject& subject) const noexcept;
    [[nodiscard]] bool is_reducing(const Subject& subject) const noexcept;
    /// What is in force, by scope and id: kill switches have the state `halted`.
    struct InForce {
        ControlScope scope;
        std::int64_t scope_id;
        TradingState state;
        bool is_kill_switch;
    };
    [[nodiscard]] std::vector<InForce> in_force() const;
    /// Changes with everything that is in force.
    [[nodiscard]] std::uint64_t revision() const noexcept { return revision_; }

    void save(Writer& writer) const;
    void load(Reader& reader);

private:
    [[nodiscard]] static std::uint64_t key(ControlScope scope, std::int64_t scope_id) noexcept {
        return (static_cast<std::uint64_t>(scope) << 56) | static_cast<std::uint64_t>(scope_id);
    }
    /// What is in force of one kind, and a bit for each scope that has any.
    struct Scoped {
        FlatMap<std::uint8_t> by_key;
        std::uint32_t scopes = 0;
        void note_scopes() noexcept;
    };
    template <typename Test>
    static Refusal first(const Subject& subject, const Scoped& scoped, Reason reason, Test&& test) noexcept;

    std::uint64_t revision_ = 0;
    Scoped killed_;
    Scoped states_;
};

namespace risk {

[[nodiscard]] Refusal check_quantity(const Limits& limits, Lots lots) noexcept;
/// `alive_at_ns`: last sign of life of the feed. Value: age, bound: the oldest allowed, both ns; or value -1, no mark.
[[nodiscard]] Refusal check_reference(const Reference& reference, const CoinIndex& index, const Valuation& valuation,
                                      TimeNs alive_at_ns, TimeNs now_ns) noexcept;
[[nodiscard]] Refusal check_collar(Side side, PriceTicks price, PriceTicks bound) noexcept;
/// The same against the collar around a mark, which is computed only where the price is beyond.
[[nodiscard]] Refusal check_collar(Side side, PriceTicks price, const Valuation& valuation, PriceTicks mark,
                                   std::int64_t basis_points) noexcept;
[[nodiscard]] Refusal check_value(const Limits& limits, Micros value) noexcept;
[[nodiscard]] Refusal check_position(const Limits& limits, const Position& position, Side side, Lots lots,
                                     const Valuation& valuation, PriceTicks mark, Micros index_micros) noexcept;
[[nodiscard]] Refusal check_reducing(const Position& position, Side side, Lots lots) noexcept;

}  // namespace risk
}  // namespace parley
