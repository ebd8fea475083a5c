#include <cstddef>

#include "parley/engine.hpp"
#include "parley/prefetch.hpp"

namespace parley {
namespace {

/// How many records ahead each look after the first is taken: at the orders, what lies around them, their levels,
/// who stands there.
constexpr std::size_t kOrdersAhead = 16;
constexpr std::size_t kAroundAhead = 10;
constexpr std::size_t kLevelsAhead = 6;
constexpr std::size_t kYoungestAhead = 3;
/// Fewer records are applied as they are.
constexpr std::size_t kGroupMin = 4;
/// As many orders lie in the processor's caches with everything around them: nothing needs to be fetched ahead.
constexpr std::size_t kOrdersNear = 4'096;

}  // namespace

/// A record that was decoded before its turn. What it names may be gone when it acts: guesses only tell what to fetch.
struct Engine::Ahead {
    InputKind kind{};
    bool is_decoded = false;  ///< false: applied from its payload when its turn comes
    Side side{};
    std::uint64_t journal_sequence = 0;
    TimeNs now_ns = 0;
    OrderId order_id = 0;
    PriceTicks price;
    OrderIndex order = kNone;
    LevelIndex level = kNone;  ///< of the price
    Slot account = kNone;
    Slot instrument = kNone;
    AmendOrder amend;
    CancelOrder cancel;
    PlaceOrder place;
};

Engine::Engine() : ahead_(kRing) { static_cast<void>(add_account(kVenueAccount)); }

Engine::~Engine() = default;

void Engine::apply_group(std::uint64_t first_sequence, std::span<const Payload> payloads, std::vector<Event>& events) {
    const std::size_t count = payloads.size();
    if (count < kGroupMin) {
        for (const Payload& payload : payloads) apply(first_sequence++, payload, events);
        return;
    }
    for (std::size_t step = 0; step < count + kAhead; ++step) advance(step, first_sequence, payloads, events);
}

/// Each stage is some records behind the one before it; a number below zero is beyond every count.
void Engine::advance(std::size_t step, std::uint64_t first_sequence, std::span<const Payload> payloads,
                     std::vector<Event>& events) {
    const std::size_t count = payloads.size();
    const std::size_t now = step - kAhead;
    if (working_.size() <= kOrdersNear) {
        if (now < count) apply(first_sequence + now, payloads[now], events);
        return;
    }
    const auto at = [ring = ahead_.data()](std::size_t index) -> Ahead& { return ring[index % kRing]; };
    if (step < count) {
        at(step).journal_sequence = first_sequence + step;
        look(at(step), payloads[step]);
    }
    if (const std::size_t next = step - (kAhead - kOrdersAhead); next < count) fetch_order(at(next));
    if (const std::size_t next = step - (kAhead - kAroundAhead); next < count) fetch_around(at(next));
    if (const std::size_t next = step - (kAhead - kLevelsAhead); next < count) fetch_level(at(next));
    if (const std::size_t next = step - (kAhead - kYoungestAhead); next < count) fetch_youngest(at(next));
    if (now >= count) return;
    const Ahead& ahead = at(now);
    const std::uint64_t journal_sequence = first_sequence + now;
    const bool was_seen = ahead.is_decoded && ahead.journal_sequence == journal_sequence;
    if (!was_seen) return apply(journal_sequence, payloads[now], events);
    begin_record(journal_sequence, ahead.now_ns, events);
    act(ahead);
}

/// Only the commands that come in great numbers. What cannot be decoded says so when its turn comes.
void Engine::look(Ahead& ahead, Payload payload) {
    ahead.is_decoded = false;
    ahead.order = kNone;
    ahead.level = kNone;
    ahead.instrument = kNone;
    try {
        Reader reader(payload);
        ahead.kind = static_cast<InputKind>(reader.byte());
        ahead.now_ns = reader.number();
        switch (ahead.kind) {
            case InputKind::amend_order:
                codec::get_quickly(reader, ahead.amend);
                ahead.order_id = ahead.amend.order_id;
                ahead.price = ahead.amend.price;
                break;
            case InputKind::cancel_order:
                codec::get_quickly(reader, ahead.cancel);
                ahead.order_id = ahead.cancel.order_id;
                ahead.price = {};
                break;
            case InputKind::place_order:
                codec::get_quickly(reader, ahead.place);
                ahead.order_id = ahead.place.order_id;
                ahead.price = ahead.place.price;
                ahead.side = ahead.place.side;
                break;
            default:
                return;
        }
        ahead.is_decoded = reader.at_end();
    } catch (const BadEncoding&) {
        return;  // thrown again, by apply, when the record's turn comes
    }
    working_.prefetch(ahead.order_id);
    if (ahead.kind != InputKind::amend_order) finished_orders_.prefetch(ahead.order_id);
}

void Engine::fetch_order(Ahead& ahead) noexcept {
    if (!ahead.is_decoded) return;
    if (ahead.kind == InputKind::place_order) {
        ahead.instrument = find_instrument(ahead.place.instrument_id);
        ahead.account = find_account(ahead.place.account_id);
        if (ahead.account != kNone) prefetch(&accounts_[ahead.account]);
        return;
    }
    ahead.order = working_.guess(ahead.order_id);
    nodes_.prefetch(ahead.order);
    nodes_.prefetch_details(ahead.order);
}

/// The neighbors in the queue, the level that the order leaves, its account, position and controls, the slot of its new
/// price.
void Engine::fetch_around(Ahead& ahead) noexcept {
    if (!ahead.is_decoded) return;
    if (ahead.order != kNone) {
        const BookNode& order = nodes_[ahead.order];
        const OrderDetails& details = nodes_.details(ahead.order);
        nodes_.prefetch_neighbors(ahead.order);
        nodes_.prefetch(order.level);
        prefetch(accounts_.data() + order.account());
        positions_.prefetch(details.position);
        ahead.side = order.side();
        ahead.account = order.account();
        ahead.instrument = details.instrument;
        fetch_controls(ahead, details.owner);
    } else if (ahead.kind == InputKind::place_order) {
        fetch_controls(ahead, owner_of(ahead.place));
    }
    const bool is_there = ahead.instrument < instruments_.size() && instruments_[ahead.instrument] != nullptr;
    if (is_there && ahead.price.value > 0 && ahead.price.value <= kPriceTicksMax) {
        instruments_[ahead.instrument]->book.prefetch_price(ahead.side, ahead.price);
    } else {
        ahead.instrument = kNone;
    }
}

void Engine::fetch_controls(const Ahead& ahead, const Owner& owner) noexcept {
    paths_.prefetch({ahead.account, ahead.instrument, owner.user_id, owner.desk_id, owner.strategy_id});
}

/// The level at the new price, and what an order that crosses meets first.
void Engine::fetch_level(Ahead& ahead) noexcept {
    if (!ahead.is_decoded || ahead.instrument >= instruments_.size()) return;
    if (instruments_[ahead.instrument] == nullptr) return;
    const OrderBook& book = instruments_[ahead.instrument]->book;
    ahead.level = book.guess_level(ahead.side, ahead.price);
    nodes_.prefetch(ahead.level);
    const OrderIndex met = book.first_met(ahead.side, ahead.price);
    nodes_.prefetch(met);
    nodes_.prefetch_details(met);
}

/// The youngest order of the level, behind which the order will stand.
void Engine::fetch_youngest(const Ahead& ahead) noexcept {
    if (ahead.is_decoded && ahead.level != kNone) nodes_.prefetch(nodes_[ahead.level].previous);
}

void Engine::act(const Ahead& ahead) {
    switch (ahead.kind) {
        case InputKind::amend_order:
            answer(ahead.amend.command_sequence);
            return on(ahead.amend);
        case InputKind::cancel_order:
            answer(ahead.cancel.command_sequence);
            return on(ahead.cancel);
        default:
            answer(ahead.place.command_sequence);
            return on(ahead.place);
    }
}

}  // namespace parley
