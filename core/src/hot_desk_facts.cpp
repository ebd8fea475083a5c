// What a hot path did, handed to whoever writes it down.

#include <algorithm>
#include <stdexcept>

#include "parley/hot_desk.hpp"

namespace parley {

HotFact& HotDesk::fact(HotFactKind kind, TimeNs now_ns) {
    HotFact& made = facts_.next();
    made.kind = kind;
    made.at_ns = now_ns;
    return made;
}

void HotDesk::push(Handed handed) {
    handed_[pushed_++ % handed_.size()] = handed;
    facts_.push();
    has_pushed_ = true;
}

void HotDesk::on_login(std::string_view session, std::uint64_t next_sequence, TimeNs now_ns) {
    HotFact& made = fact(HotFactKind::opened, now_ns);
    made.sequence = next_sequence;
    made.put(session);
    push();
}

void HotDesk::on_report(std::uint64_t sequence, std::span<const std::uint8_t> message, TimeNs now_ns) {
    if (message.size() > HotFact::kBytesMax) throw std::runtime_error("a report is longer than any of the specification");
    HotFact& made = fact(HotFactKind::report, now_ns);
    made.sequence = sequence;
    made.put(message);
    push();
}

void HotDesk::hand(const OrderRecord& record) {
    HotFact& made = fact(HotFactKind::order, record.at_ns);
    made.order = record.order;
    made.pair = record.pair;
    made.leg = record.order.instrument == path_.trader().terms(record.pair).first ? 0 : 1;
    made.sequence = record.feed_sequence;
    made.zscore = record.zscore;
    told_[record.pair] = {};
    last_handed_ = record.order.order_id;
    push(Handed::order);
    ++handed_orders_;
}

void HotDesk::hand_orders() {
    const auto waiting = path_.outbox().unjournaled();
    for (const OrderRecord& record : waiting.subspan(std::min(handed_orders_, waiting.size()))) hand(record);
}

void HotDesk::end_order(OrderId order_id, TimeNs now_ns, std::string_view why) {
    HotFact& made = fact(HotFactKind::ended, now_ns);
    made.order = {};
    made.order.order_id = order_id;
    made.put(why);
    push();
}

void HotDesk::hand_told(TimeNs now_ns) {
    for (const OrderId id : path_.never_arrived()) end_order(id, now_ns, "never_arrived");
    for (const PairRefusal& each : path_.refusals()) {
        Told& told = told_[each.pair];
        if (told.reason == each.refusal.reason && now_ns - told.at_ns < kHotTellAgainNs) continue;
        told = {each.refusal.reason, now_ns};
        HotFact& made = fact(HotFactKind::refused, each.at_ns);
        made.pair = each.pair;
        const PairTerms& terms = path_.trader().terms(each.pair);
        made.order.instrument = each.leg == 0 ? terms.first : terms.second;
        made.refusal = each.refusal;
        push();
    }
    for (const std::uint32_t pair : path_.given_up()) {
        HotFact& made = fact(HotFactKind::steered, now_ns);
        made.pair = pair;
        made.steering = HotSteering::gave_up;
        push();
    }
    path_.clear_told();
    if (const auto given_up = sockets_->take_given_up(); given_up.count > 0) {
        HotFact& made = fact(HotFactKind::gap, now_ns);
        made.sequence = given_up.first;
        made.order = {};
        made.order.lots.value = static_cast<std::int64_t>(given_up.count);
        push();
    }
}

/// The outbox holds its records in the order in which they were handed over.
void HotDesk::apply_journaled() noexcept {
    const std::uint64_t said = journaled_.load(std::memory_order_acquire);
    std::size_t orders = 0;
    for (; journaled_seen_ < std::min(said, pushed_); ++journaled_seen_) {
        if (handed_[journaled_seen_ % handed_.size()] == Handed::order) ++orders;
    }
    if (orders == 0) return;
    handed_orders_ -= orders;
    path_.outbox().journaled(orders);
}

void HotDesk::journaled(std::uint64_t facts) noexcept {
    journaled_.fetch_add(facts, std::memory_order_release);
    wake_.raise();
}

}  // namespace parley
