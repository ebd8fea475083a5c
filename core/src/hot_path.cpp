#include "parley/hot_path.hpp"

#include <algorithm>
#include <cassert>
#include <cstdio>
#include <numeric>

namespace parley {
namespace {

constexpr std::size_t kLocates = 65'536;
constexpr double kDollars = 1e-4;
constexpr double kNone = kNoValue;

[[nodiscard]] SignalGraph compiled(const HotPathConfig& config) {
    SignalGraph graph;
    [[maybe_unused]] const SignalRefusal refusal =
        graph.compile(config.nodes, static_cast<std::uint32_t>(config.symbols.size()));
    assert(!refusal);
    return graph;
}

[[nodiscard]] std::vector<StrategyGate::Instrument> halted_instruments(std::size_t count) {
    std::vector<StrategyGate::Instrument> made(count);
    for (std::size_t at = 0; at < count; ++at) {
        made[at].id = static_cast<InstrumentId>(at) + 1;
        made[at].valuation = {ValueKind::price, 1'000'000'000, kTickNanosE4, 0};
        made[at].is_halted = true;
    }
    return made;
}

/// P, the pair, a point, the leg.
[[nodiscard]] ouch::ClientOrderId name_of(std::size_t pair, std::size_t leg) {
    char text[16];
    const int size = std::snprintf(text, sizeof text, "P%u.%u", static_cast<unsigned>(pair), static_cast<unsigned>(leg));
    return ouch::ClientOrderId(std::string_view(text, static_cast<std::size_t>(size)));
}

[[nodiscard]] PriceTicks price_of(const itch::Quote& quote) noexcept {
    return {quote.orders == 0 ? 0 : std::int64_t{quote.price_e4}};
}

}  // namespace

/// Hands each message of a packet to the path; messages of no interest are not even looked at.
struct HotPathVisitor {
    HotPath& path;

    template <typename Message>
    void on(Message message)
        requires requires { path.books_.on(message); }
    {
        if constexpr (std::is_same_v<Message, itch::StockDirectory>) {
            path.books_.on(message);
            path.list(message);
        } else if constexpr (std::is_same_v<Message, itch::StockTradingAction>) {
            path.books_.on(message);
            path.set_trading(message);
        } else {
            constexpr bool is_execution = std::is_base_of_v<itch::OrderExecuted, Message> ||
                                          std::is_base_of_v<itch::OrderExecutedWithPrice, Message>;
            if constexpr (is_execution) print(message);
            path.on_change(path.books_.on(message));
        }
    }

    /// The aggressor of an execution is the side that did not rest.
    template <typename Message>
    void print(Message message) {
        const std::uint32_t slot = path.slot_of_locate_[message.stock_locate()];
        if (slot == HotPath::kNoSlot) return;
        const itch::BookOrder* const resting = path.books_.find_order(message.order_reference());
        if (resting == nullptr) return;
        const itch::BookLevel& level = path.books_.level_of(*resting);
        std::uint32_t price_e4 = level.price_e4;
        if constexpr (std::is_base_of_v<itch::OrderExecutedWithPrice, Message>) price_e4 = message.price_e4();
        ++path.counts_.trades;
        path.graph_.on_trade(path.now_ns_, slot, kDollars * price_e4, message.executed_shares(), opposite(level.side));
        path.decide_fired();
    }
};

std::string_view to_text(HotPathFault fault) noexcept {
    constexpr std::string_view texts[] = {"none", "symbols", "graph", "pairs", "zscores", "owner"};
    return texts[static_cast<std::size_t>(fault)];
}

HotPathFault HotPath::check(const HotPathConfig& config) {
    std::vector<std::string> sorted = config.symbols;
    std::sort(sorted.begin(), sorted.end());
    const bool are_distinct = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
    const bool are_short = std::all_of(sorted.begin(), sorted.end(),
                                       [](const auto& name) { return !name.empty() && name.size() <= 8; });
    if (sorted.empty() || !are_distinct || !are_short || sorted.size() >= kLocates) return HotPathFault::symbols;
    SignalGraph graph;
    if (graph.compile(config.nodes, static_cast<std::uint32_t>(config.symbols.size()))) return HotPathFault::graph;
    if (PairsTrader::check(config.pairs, config.symbols.size()) != PairFault::none) return HotPathFault::pairs;
    std::vector<std::uint32_t> nodes = config.zscores;
    std::sort(nodes.begin(), nodes.end());
    const bool is_one_each = nodes.size() == config.pairs.size() &&
                             std::adjacent_find(nodes.begin(), nodes.end()) == nodes.end() &&
                             (nodes.empty() || nodes.back() < config.nodes.size()) &&
                             std::all_of(nodes.begin(), nodes.end(),
                                         [&](std::uint32_t node) { return config.nodes[node].is_watched; });
    if (!is_one_each) return HotPathFault::zscores;
    return config.owner.strategy_id == 0 ? HotPathFault::owner : HotPathFault::none;
}

HotPath::HotPath(const HotPathConfig& config)
    : graph_(compiled(config)),
      gate_(config.owner, config.limits, halted_instruments(config.symbols.size())),
      trader_(config.pairs, config.settings, gate_),
      books_(config.books),
      outbox_(config.send, config.outbox_orders_max),
      feed_(config.feed_begins_at),
      symbols_(config.symbols),
      slot_of_locate_(kLocates, kNoSlot),
      pair_of_node_(config.nodes.size(), kNoSlot),
      zscores_(config.zscores),
      touches_(config.symbols.size()),
      has_changed_(config.symbols.size()),
      templates_(config.symbols.size()) {
    assert(check(config) == HotPathFault::none);
    changed_.reserve(symbols_.size());
    for (std::uint32_t pair = 0; pair < zscores_.size(); ++pair) pair_of_node_[zscores_[pair]] = pair;
    list_pairs();
    executions_.resize(kExecutionsMax);
    for (std::size_t leg = 0; leg < trader_.size() * kPairOrdersMax; ++leg) {
        names_.push_back(name_of(leg / kPairOrdersMax, leg % kPairOrdersMax));
    }
    refusals_.reserve(kToldMax);
    given_up_.reserve(kToldMax);
    for (std::size_t slot = 0; slot < symbols_.size(); ++slot) {
        templates_[slot].symbol = ouch::Symbol(symbols_[slot]);
        templates_[slot].time_in_force = ouch::TimeInForce::ioc;
    }
}

void HotPath::list_pairs() {
    pairs_ends_.assign(symbols_.size(), 0);
    pairs_.resize(trader_.size() * kPairOrdersMax);
    const auto for_each_leg = [this](auto&& visit) {
        for (std::uint32_t pair = 0; pair < trader_.size(); ++pair) {
            visit(pair, trader_.terms(pair).first);
            visit(pair, trader_.terms(pair).second);
        }
    };
    for_each_leg([this](std::uint32_t, std::uint32_t slot) { ++pairs_ends_[slot]; });
    std::partial_sum(pairs_ends_.begin(), pairs_ends_.end(), pairs_ends_.begin());
    std::vector<std::uint32_t> next(pairs_ends_);
    for_each_leg([&](std::uint32_t pair, std::uint32_t slot) { pairs_[--next[slot]] = pair; });
}

void HotPath::on_packet(std::span<const std::uint8_t> packet, TimeNs now_ns) {
    now_ns_ = now_ns;
    if (!gate_.is_settled()) gate_.settle();
    look_ahead(packet);
    const mold::Flaw flaw = feed_.push(packet, [this](std::uint64_t, auto message) { apply(message); });
    if (flaw == mold::Flaw::none) gate_.set_alive(now_ns);
    quote_changed();
}

/// Most packets are of one instrument: what its signals, pairs and orders need is on its way while the books change.
void HotPath::look_ahead(std::span<const std::uint8_t> packet) const noexcept {
    constexpr std::size_t locate_at = mold::kHeaderBytes + 2 + 1;
    if (packet.size() < locate_at + 2) return;
    const std::uint32_t slot = slot_of_locate_[big_endian::load<std::uint16_t>(packet.data() + locate_at)];
    if (slot == kNoSlot) return;
    graph_.prefetch(slot);
    const std::uint32_t begin = slot == 0 ? 0 : pairs_ends_[slot - 1];
    for (std::uint32_t at = begin; at < pairs_ends_[slot]; ++at) {
        trader_.prefetch(pairs_[at], graph_.value(zscores_[pairs_[at]]));
    }
}

std::uint64_t HotPath::give_up_gap(TimeNs now_ns) {
    now_ns_ = now_ns;
    const std::uint64_t lost = feed_.give_up([this](std::uint64_t, auto message) { apply(message); });
    quote_changed();
    return lost;
}

void HotPath::apply(std::span<const std::uint8_t> message) {
    HotPathVisitor visitor{*this};
    ++counts_.messages;
    if (!itch::dispatch(message, visitor)) ++counts_.malformed_messages;
}

void HotPath::list(itch::StockDirectory message) {
    const auto found = std::find(symbols_.begin(), symbols_.end(), message.stock());
    if (found != symbols_.end()) {
        slot_of_locate_[message.stock_locate()] = static_cast<std::uint32_t>(found - symbols_.begin());
    }
}

void HotPath::set_trading(itch::StockTradingAction message) noexcept {
    const std::uint32_t slot = slot_of_locate_[message.stock_locate()];
    if (slot != kNoSlot) gate_.set_halted(slot, message.trading_state() != 'T');
}

void HotPath::on_change(itch::BookChange change) noexcept {
    if (!change.is_best) return;
    const std::uint32_t slot = slot_of_locate_[change.stock_locate];
    if (slot == kNoSlot || has_changed_[slot] != 0) return;
    has_changed_[slot] = 1;
    changed_.push_back(change.stock_locate);
}

void HotPath::quote_changed() {
    for (const std::uint16_t locate : changed_) {
        const std::uint32_t slot = slot_of_locate_[locate];
        has_changed_[slot] = 0;
        on_quote(slot, books_.best(locate, Side::buy), books_.best(locate, Side::sell));
    }
    changed_.clear();
}

void HotPath::on_quote(std::uint32_t slot, const itch::Quote& bid, const itch::Quote& ask) {
    ++counts_.quotes;
    const Touch touch{price_of(bid), price_of(ask)};
    const bool has_both = bid.orders > 0 && ask.orders > 0;
    touches_[slot] = touch;
    gate_.set_mark(slot, {has_both ? (touch.bid.value + touch.ask.value) / 2 : -1}, touch.bid >= touch.ask, now_ns_);
    graph_.on_quote(now_ns_, slot,
                    {bid.orders > 0 ? kDollars * bid.price_e4 : kNone, ask.orders > 0 ? kDollars * ask.price_e4 : kNone,
                     static_cast<double>(bid.shares), static_cast<double>(ask.shares)});
    decide_fired();
}

void HotPath::decide_fired() {
    for (const std::uint32_t node : graph_.fired()) {
        const std::uint32_t pair = pair_of_node_[node];
        if (pair == kNoSlot) continue;
        const double zscore = graph_.value(node);
        if (!trader_.is_quiet(pair, zscore, now_ns_)) decide(pair, zscore);
    }
}

void HotPath::decide(std::uint32_t pair, double zscore) {
    if (!is_connected_ || is_over_ || !outbox_.has_room(kPairOrdersMax)) {
        ++counts_.blocked;
        return;
    }
    trader_.on_signal(pair, zscore, touches_, now_ns_);
    if (!trader_.orders().empty()) return write_orders();
    if (const PairDecision* const decision = trader_.decision()) note(*decision);
}

void HotPath::note(const PairDecision& decision) {
    if (decision.refusal && refusals_.size() < kToldMax) refusals_.push_back({now_ns_, decision.pair, decision.asked_leg, decision.refusal});
    const bool has_given_up = decision.to == PairState::disabled && decision.from != PairState::disabled;
    if (has_given_up && given_up_.size() < kToldMax) given_up_.push_back(decision.pair);
}

void HotPath::write_orders() {
    const PairDecision& decision = *trader_.decision();
    for (const StrategyOrder& order : trader_.orders()) {
        ouch::EnterOrder& message = templates_[order.instrument];
        const Position& held = gate_.position(order.instrument);
        const bool is_short = order.side == Side::sell && held.lots < held.sell_working;
        const std::uint32_t leg = order.instrument == trader_.terms(decision.pair).first ? 0 : 1;
        message.user_reference = static_cast<ouch::UserReference>(order.order_id);
        message.client_order_id = names_[decision.pair * kPairOrdersMax + leg];
        message.side = order.side == Side::buy ? ouch::Side::buy
                       : is_short              ? ouch::Side::sell_short
                                               : ouch::Side::sell;
        message.quantity = static_cast<std::uint32_t>(order.lots.value);
        message.price_e4 = static_cast<std::uint64_t>(order.price.value);
        outbox_.add(message, {now_ns_, feed_.next_sequence(), decision.zscore, order, decision.pair});
        ++counts_.orders;
    }
}

void HotPath::on_time(TimeNs now_ns) {
    now_ns_ = now_ns;
    graph_.on_time(now_ns);
    decide_fired();
    for (std::uint32_t pair = 0; pair < trader_.size(); ++pair) {
        const PairState state = trader_.state(pair);
        if (state != PairState::flat && state != PairState::disabled) decide(pair, graph_.value(zscores_[pair]));
    }
}

void HotPath::on_disconnect(TimeNs now_ns) {
    is_connected_ = false;
    withdrawn_.clear();
    outbox_.withdraw([this](const OrderRecord& record) { withdrawn_.push_back(record); });
    for (const OrderRecord& record : withdrawn_) trader_.on_done(record.order.order_id, now_ns);
    counts_.withdrawn += withdrawn_.size();
    gate_.settle();
}

std::uint64_t HotPath::state_hash() const noexcept { return graph_.state_hash() * 31 + trader_.state_hash(); }

}  // namespace parley
