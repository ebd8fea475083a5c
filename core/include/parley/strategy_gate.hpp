#pragma once

#include <cstdint>
#include <vector>

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
/// an array. Every order counts from the moment it is held; all checks are O(1) and allocate nothing.
class StrategyGate {
public:
    struct Instrument {
        InstrumentId id = 0;
        Valuation valuation;
        Reference reference;
        Position position;
        bool is_halted = false;
    };

    StrategyGate(const Controls::Subject& owner, const Limits& limits, std::vector<Instrument> instruments);

    [[nodiscard]] Refusal check(const StrategyOrder& order, TimeNs now_ns) const noexcept;
    void hold(const StrategyOrder& order) noexcept { working(order) += order.lots.value; }
    /// Lots that were held and work no more.
    void release(const StrategyOrder& order, Lots lots) noexcept { working(order) -= lots.value; }
    void fill(const StrategyOrder& order, Lots lots) noexcept;

    void set_mark(std::uint32_t instrument, PriceTicks mark, bool is_crossed, TimeNs now_ns) noexcept {
        instruments_[instrument].reference = {mark, now_ns, is_crossed};
    }
    void set_alive(TimeNs now_ns) noexcept { alive_at_ns_ = now_ns; }
    void set_halted(std::uint32_t instrument, bool is_halted) noexcept { instruments_[instrument].is_halted = is_halted; }
    void set_limits(const Limits& limits) noexcept { limits_ = limits; }
    [[nodiscard]] Controls& controls() noexcept { return controls_; }

    [[nodiscard]] const Position& position(std::uint32_t instrument) const noexcept {
        return instruments_[instrument].position;
    }
    [[nodiscard]] std::size_t size() const noexcept { return instruments_.size(); }

private:
    [[nodiscard]] std::int64_t& working(const StrategyOrder& order) noexcept {
        return instruments_[order.instrument].position.working(order.side);
    }
    [[nodiscard]] Refusal check_limits(const Instrument& instrument, const StrategyOrder& order) const noexcept;

    Controls controls_;
    Controls::Subject owner_;
    Limits limits_;
    std::vector<Instrument> instruments_;
    CoinIndex dollar_;
    TimeNs alive_at_ns_ = 0;
};

}  // namespace parley
