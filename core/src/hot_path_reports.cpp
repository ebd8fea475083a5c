// What the venue says of orders, and what it tells again after a login.

#include <algorithm>
#include <charconv>
#include <optional>

#include "parley/hot_path.hpp"

namespace parley {
namespace {

[[nodiscard]] std::int64_t match_of(std::uint64_t number) noexcept {
    return static_cast<std::int64_t>(number & 0x7fffffffffffffff);
}

struct LegName {
    std::uint32_t pair = 0;
    std::uint8_t leg = 0;
};

[[nodiscard]] std::optional<LegName> parse_name(std::string_view text, std::size_t pairs) {
    LegName found;
    if (text.size() < 4 || text.front() != 'P') return std::nullopt;
    const auto [rest, fault] = std::from_chars(text.data() + 1, text.data() + text.size(), found.pair);
    const std::string_view tail(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
    if (fault != std::errc{} || found.pair >= pairs || (tail != ".0" && tail != ".1")) return std::nullopt;
    found.leg = static_cast<std::uint8_t>(tail[1] - '0');
    return found;
}

}  // namespace

/// What the venue says about an order that is immediate or cancel.
struct ReportVisitor {
    HotPath& path;
    PairsTrader& trader;
    TimeNs now_ns;

    void on(ouch::OrderExecuted event) { path.fill(event, now_ns); }
    void on(ouch::BrokenTrade event) { path.bust(event, now_ns); }
    void on(ouch::OrderCanceled event) { trader.on_done(event.user_reference(), now_ns); }
    void on(ouch::OrderSelfMatchCanceled event) { trader.on_done(event.user_reference(), now_ns); }
    void on(ouch::OrderRejected event) { trader.on_done(event.user_reference(), now_ns); }
    void on(ouch::OrderAccepted event) {
        if (event.user_reference() > trader.last_order_id()) path.adopt(event, now_ns);
        if (!event.is_live()) trader.on_done(event.user_reference(), now_ns);
    }
    void on(ouch::AccountState event) { path.end_recovery(event.next_reference(), now_ns); }
};

void HotPath::on_report(std::span<const std::uint8_t> message, TimeNs now_ns) {
    ReportVisitor visitor{*this, trader_, now_ns};
    if (ouch::decode(message, visitor) != ouch::Flaw::none) ++counts_.malformed_reports;
    gate_.settle();
}

void HotPath::replay(const OrderRecord& record, std::uint8_t leg) {
    trader_.replay(record.pair, leg, record.order, record.zscore, record.at_ns);
}

void HotPath::on_end(OrderId order_id, TimeNs now_ns) {
    trader_.on_done(order_id, now_ns);
    gate_.settle();
}

void HotPath::begin_recovery() noexcept {
    is_connected_ = false;
    trader_.begin_recovery();
}

void HotPath::fill(ouch::OrderExecuted event, TimeNs now_ns) {
    const OrderId id = event.user_reference();
    const PriceTicks price{static_cast<std::int64_t>(std::min<std::uint64_t>(event.last_price_e4(), kPriceTicksMax))};
    const StrategyFill fill{{event.last_quantity()}, price, match_of(event.match_number())};
    if (!trader_.works(id)) {
        trader_.on_execution(id, fill, now_ns);
        return;
    }
    const PairsTrader::Place place = trader_.place_of(id);
    Execution& kept = executions_[executed_++ % kExecutionsMax];
    kept = {trader_.order_of(place), fill, place.pair};
    kept.fill.lots = trader_.on_execution(id, fill, now_ns);
}

/// Rare, so that it is looked for. One that is not among the last is not ours to know: it counts as malformed.
void HotPath::bust(ouch::BrokenTrade event, TimeNs now_ns) {
    const std::int64_t match = match_of(event.match_number());
    const auto is_it = [&](const Execution& each) {
        return each.fill.execution_id == match && each.order.order_id == event.user_reference() && each.fill.lots.value > 0;
    };
    const auto found = std::find_if(executions_.begin(), executions_.end(), is_it);
    if (found == executions_.end()) {
        ++counts_.malformed_reports;
        return;
    }
    ++counts_.busts;
    trader_.on_bust(found->pair, found->order, found->fill, now_ns);
    found->fill.lots = {};  // once only
}

/// It left and was recorded nowhere: the venue accepted it before an earlier life could say so.
void HotPath::adopt(ouch::OrderAccepted event, TimeNs now_ns) {
    const auto name = parse_name(event.client_order_id(), trader_.size());
    if (!name || event.quantity() == 0) return;
    const PairTerms& terms = trader_.terms(name->pair);
    StrategyOrder order;
    order.order_id = event.user_reference();
    order.instrument = name->leg == 0 ? terms.first : terms.second;
    order.side = event.side() == 'B' ? Side::buy : Side::sell;
    order.lots = {event.quantity()};
    order.price = {static_cast<std::int64_t>(std::min<std::uint64_t>(event.price_e4(), kPriceTicksMax))};
    if (symbols_[order.instrument] != event.symbol()) return;
    trader_.replay(name->pair, name->leg, order, zscore(name->pair), now_ns);
    ++counts_.adopted;
}

void HotPath::end_recovery(ouch::UserReference next, TimeNs now_ns) {
    if (!trader_.is_recovering()) return;
    never_arrived_.clear();
    trader_.for_each_working([&](OrderId id) {
        if (id >= next) never_arrived_.push_back(id);
    });
    for (const OrderId id : never_arrived_) trader_.on_done(id, now_ns);
    counts_.never_arrived += never_arrived_.size();
    if (next > 0) trader_.skip_ids(OrderId{next} - 1);
    trader_.end_recovery(now_ns);
    is_connected_ = true;
}

}  // namespace parley
