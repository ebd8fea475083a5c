#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

/// The risk gate of one strategy's account on its own thread: the controls of the engine over instruments that lie in
/// an array. Every order counts from the moment it is held, every check is O(1). A strategy without limits of its own
/// scope may send nothing.
class StrategyGate {
public:
    struct Instrument {
        InstrumentId id = 0;
        Valuation valuation;
        Valuation credit;        ///< dollars of a lot at the first mark: what open risk counts
        Reference reference;
        Position position;
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
    /// Lots of an order that were held and work no more.
    void release(const StrategyOrder& order, Lots lots);
    void fill(const StrategyOrder& order, Lots lots, TimeNs now_ns);
    /// Nothing of the order works any more.
    void finish(const StrategyOrder& order);

    void set_mark(std::uint32_t instrument, PriceTicks mark, bool is_crossed, TimeNs now_ns) noexcept;
    void set_alive(TimeNs now_ns) noexcept { alive_at_ns_ = now_ns; }
    void set_halted(std::uint32_t instrument, bool is_halted) noexcept { instruments_[instrument].is_halted = is_halted; }
    void set_limits(const Limits& limits) noexcept { limits_ = limits; }
    [[nodiscard]] Controls& controls() noexcept { return controls_; }
    [[nodiscard]] OrderControls& order_controls() noexcept { return order_controls_; }

    [[nodiscard]] const Position& position(std::uint32_t instrument) const noexcept {
        return instruments_[instrument].position;
    }
    [[nodiscard]] std::size_t size() const noexcept { return instruments_.size(); }

private:
    [[nodiscard]] OrderFacts facts_of(const StrategyOrder& order) const noexcept;
    [[nodiscard]] Refusal check_form(const StrategyOrder& order) const noexcept;
    [[nodiscard]] Refusal check_account(const OrderFacts& facts, const Instrument& instrument,
                                        TimeNs now_ns) const noexcept;
    void change_working(const StrategyOrder& order, std::int64_t lots);

    Controls controls_;
    OrderControls order_controls_;
    Controls::Subject owner_;
    Limits limits_;
    std::vector<Instrument> instruments_;
    CoinIndex dollar_;
    TimeNs alive_at_ns_ = 0;
};

}  // namespace parley
