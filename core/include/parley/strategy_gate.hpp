#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "parley/margin_book.hpp"
#include "parley/order_controls.hpp"
#include "parley/risk.hpp"

namespace parley {

/// An order as a strategy wants it. `instrument` is the gate's slot.
struct StrategyOrder {
    OrderId order_id = 0;
    std::uint32_t instrument = 0;
    Side side{};
    Lots lots;
    PriceTicks price;
};

/// What the venue reported of an order: price 0 stands for the order's own.
struct StrategyFill {
    Lots lots;
    PriceTicks price;
    std::int64_t execution_id = 0;
};

/// Entries that a gate may have put off.
inline constexpr std::size_t kUnsettledMax = 16;

/// The risk gate of one strategy's account on its own thread: the controls of the engine over instruments that lie in
/// an array. Every order counts from the moment it is held, every check is O(1). A strategy without limits of its own
/// scope may send nothing.
///
/// An order that stays within bounds which no control can refuse passes on those bounds alone; any other is asked of
/// every control. What has passed counts in the bounds at once and in the counters of the scopes with settle(), which
/// whatever needs those counters does by itself: the answers are the same, whenever settle() is called.
class StrategyGate {
public:
    struct Instrument {
        InstrumentId id = 0;
        Valuation valuation;
        Valuation credit;        ///< dollars of a lot at the first mark: what open risk counts
        Reference reference;
        Position position;
        std::int64_t working_orders = 0;
        bool is_halted = false;
    };

    /// `owner.instrument_id` is not read. The strategy's id must not be 0.
    StrategyGate(const Controls::Subject& owner, const Limits& limits, std::vector<Instrument> instruments);

    /// Counts a message and says whether the order may be sent.
    [[nodiscard]] Refusal ask(const StrategyOrder& order, TimeNs now_ns);
    /// The order works from now on.
    void hold(const StrategyOrder& order);
    /// The order was sent: it counts in what only grows.
    void admit(const StrategyOrder& order, TimeNs now_ns);
    /// An order that an earlier life was allowed and sent: it works, and counts in what only grows.
    void replay(const StrategyOrder& order, TimeNs now_ns);
    /// Lots of an order that were held and work no more.
    void release(const StrategyOrder& order, Lots lots);
    void fill(const StrategyOrder& order, const StrategyFill& execution, TimeNs now_ns);
    /// An execution was taken back: `execution` as it was filled.
    void bust(const StrategyOrder& order, const StrategyFill& execution);
    /// Nothing of the order works any more.
    void finish(const StrategyOrder& order);
    /// Counts what was put off and renews the bounds. The time for it is when the orders have left.
    void settle();
    [[nodiscard]] bool is_settled() const noexcept { return unsettled_count_ == 0; }
    /// Brings what an order in the instrument will look at into the cache.
    void prefetch(std::uint32_t instrument) const noexcept;
    /// Orders that passed without asking every control.
    [[nodiscard]] std::uint64_t quick_passes() const noexcept { return quick_passes_; }

    // Portfolio margin, as the engine asks it: an account that was given collateral may open nothing that takes its
    // initial margin below zero, and trades nothing that has no margin inputs.
    void describe(std::uint32_t instrument, TimeNs expiry_at_ns, const DescribeInstrument& terms);
    void set_margin_parameters(const SetMarginParameters& parameters) { margin_.set_parameters(parameters); }
    void set_margin_inputs(const SetMarginInputs& input, std::span<const MarginExpiry> expiries,
                           std::span<const MarginMark> marks);
    [[nodiscard]] Refusal set_collateral(const SetCollateral& command, std::span<const CoinBalance> balances);
    [[nodiscard]] const MarginBook& margin() const noexcept { return margin_; }

    void set_mark(std::uint32_t instrument, PriceTicks mark, bool is_crossed, TimeNs now_ns);
    void set_alive(TimeNs now_ns) noexcept { alive_at_ns_ = now_ns; }
    void set_halted(std::uint32_t instrument, bool is_halted) noexcept { instruments_[instrument].is_halted = is_halted; }
    [[nodiscard]] bool is_halted(std::uint32_t instrument) const noexcept { return instruments_[instrument].is_halted; }
    void set_limits(const Limits& limits) noexcept {
        limits_ = limits;
        ++own_revision_;
    }
    [[nodiscard]] Controls& controls() noexcept { return controls_; }
    /// Calls `change(OrderControls&)`, which returns a Refusal. A scope that it makes known counts what is held and works
    /// so far.
    template <typename Change>
    Refusal change_controls(Change&& change) {
        settle();
        const auto known = static_cast<OrderControls::Slot>(order_controls_.size());
        const Refusal refusal = change(order_controls_);
        seed_scopes(known);
        return refusal;
    }
    [[nodiscard]] Refusal set_scope_limits(ControlScope scope, std::int64_t scope_id, const ScopeLimits& limits,
                                           TimeNs now_ns) {
        return change_controls([&](OrderControls& controls) { return controls.set_limits(scope, scope_id, limits, now_ns); });
    }

    [[nodiscard]] const Position& position(std::uint32_t instrument) const noexcept {
        return instruments_[instrument].position;
    }
    [[nodiscard]] std::size_t size() const noexcept { return instruments_.size(); }

private:
    static constexpr MarginBook::Slot kAccount = 0;  ///< the only one of margin_

    /// What an instrument lets pass without a look at its scopes.
    struct PastOrder {
        TimeNs at_ns = std::numeric_limits<TimeNs>::min() / 2;
        std::int64_t price_ticks = 0;
        std::int64_t signed_lots = 0;
    };
    struct alignas(64) Pass {
        std::uint64_t revision = 0;      ///< 0: never computed
        Lots lots_max;
        Micros value_max = 0;
        PriceTicks buy_max;
        PriceTicks sell_min;
        TimeNs duplicate_window_ns = 0;
        std::int64_t period_collar_basis_points = kNoLimit;
        std::uint64_t orders = 0;        ///< the last of them stands at orders - 1, modulo the size of `past`
        ControlRoom room;                ///< of the instrument's own scope
        std::array<PastOrder, 4> past;   ///< the last orders, to tell a duplicate
    };
    enum class Step : std::uint8_t { message, hold, admit };
    struct Unsettled {
        StrategyOrder order;
        PriceTicks mark;
        TimeNs at_ns = 0;
        Step step{};
    };

    [[nodiscard]] std::uint64_t revision() const noexcept {
        return own_revision_ + controls_.revision() + order_controls_.revision();
    }
    [[nodiscard]] static bool may_repeat(const Pass& pass, const StrategyOrder& order, TimeNs now_ns) noexcept;
    [[nodiscard]] bool passes(const StrategyOrder& order, TimeNs now_ns) const;
    [[nodiscard]] bool has_room(const ControlRoom& room, double risk_micros) const noexcept;
    void put_off(const StrategyOrder& order, Step step, TimeNs now_ns);
    void seed_scopes(OrderControls::Slot first);
    void value_first(std::uint32_t instrument, PriceTicks mark);
    void renew_room();
    void renew_pass(std::uint32_t instrument);
    [[nodiscard]] Refusal ask_all(const StrategyOrder& order, TimeNs now_ns);
    [[nodiscard]] OrderFacts facts_of(const StrategyOrder& order) const noexcept;
    [[nodiscard]] Refusal check_form(const StrategyOrder& order) const noexcept;
    [[nodiscard]] Refusal check_account(const OrderFacts& facts, const Instrument& instrument,
                                        TimeNs now_ns) const noexcept;
    [[nodiscard]] Refusal check_margin(const StrategyOrder& order) const;
    void note_margin_position(std::uint32_t instrument);
    void change_working(const StrategyOrder& order, std::int64_t lots);
    void count_working(const StrategyOrder& order, std::int64_t lots);

    Controls controls_;
    OrderControls order_controls_;
    Controls::Subject owner_;
    Limits limits_;
    std::vector<Instrument> instruments_;
    std::vector<Pass> passes_;           // beside instruments_
    ControlRoom room_;                   // of the scopes that all orders share
    std::array<Unsettled, kUnsettledMax> unsettled_;
    std::size_t unsettled_count_ = 0;
    std::uint64_t own_revision_ = 1;
    std::uint64_t room_revision_ = 0;
    std::uint64_t quick_passes_ = 0;
    std::uint32_t next_renewed_ = 0;
    MarginBook margin_;
    FlatMap<std::uint32_t> slots_;       // by instrument id
    CoinIndex dollar_;
    TimeNs alive_at_ns_ = 0;
};

}  // namespace parley
