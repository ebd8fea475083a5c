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
/// As many orders lie in the processor's caches with everything around them: nothing needs to be fetched ahead but what
/// tells an id among those of finished orders.
constexpr std::size_t kOrdersNear = 4'096;

[[nodiscard]] bool is_amendment(std::span<const std::uint8_t> payload) noexcept {
    return !payload.empty() && static_cast<InputKind>(payload.front()) == InputKind::amend_order_fixed;
}

}  // namespace

/// What a record names, read before its turn. It may be gone when the record acts: guesses only tell what to fetch.
struct Engine::Ahead {
    InputKind kind{};  ///< none: of another kind, or nothing that can be decoded
    Side side{};
    PriceTicks price;
    OrderId order_id = 0;
    AccountId account_id = 0;
    InstrumentId instrument_id = 0;
    Owner owner;
    OrderIndex order = kNone;
    LevelIndex level = kNone;  ///< of the price
    Slot account = kNone;
    Slot instrument = kNone;
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
    const auto at = [ring = ahead_.data()](std::size_t index) -> Ahead& { return ring[index % kRing]; };
    if (working_.size() <= kOrdersNear) {
        if (step < count && !is_amendment(payloads[step])) look(at(step), payloads[step]);
        if (now < count) apply(first_sequence + now, payloads[now], events);
        return;
    }
    if (step < count) look(at(step), payloads[step]);
    if (const std::size_t next = step - (kAhead - kOrdersAhead); next < count) fetch_order(at(next));
    if (const std::size_t next = step - (kAhead - kAroundAhead); next < count) fetch_around(at(next));
    if (const std::size_t next = step - (kAhead - kLevelsAhead); next < count) fetch_level(at(next));
    if (const std::size_t next = step - (kAhead - kYoungestAhead); next < count) fetch_youngest(at(next));
    if (now < count) apply(first_sequence + now, payloads[now], events);
}

/// Only records of fixed form. What cannot be decoded says so when its turn comes.
void Engine::look(Ahead& ahead, Payload payload) {
    ahead = {};
    const auto kind = payload.empty() ? InputKind{} : static_cast<InputKind>(payload.front());
    try {
        if (kind == InputKind::amend_order_fixed) {
            AmendOrder amend;
            codec::decode_fixed(payload, amend);
            ahead.order_id = amend.order_id;
            ahead.price = amend.price;
        } else if (kind == InputKind::cancel_order_fixed) {
            CancelOrder cancel;
            codec::decode_fixed(payload, cancel);
            ahead.order_id = cancel.order_id;
        } else if (kind == InputKind::place_order_fixed) {
            PlaceOrder place;
            codec::decode_fixed(payload, place);
            ahead.order_id = place.order_id;
            ahead.account_id = place.account_id;
            ahead.instrument_id = place.instrument_id;
            ahead.owner = owner_of(place);
            ahead.price = place.price;
            ahead.side = place.side;
        } else {
            return;
        }
    } catch (const BadEncoding&) {
        return;  // thrown again, by apply, when the record's turn comes
    }
    ahead.kind = kind;
    working_.prefetch(ahead.order_id);
    if (kind != InputKind::amend_order_fixed) finished_orders_.prefetch(ahead.order_id);
}

void Engine::fetch_order(Ahead& ahead) noexcept {
    if (ahead.kind == InputKind{}) return;
    if (ahead.kind == InputKind::place_order_fixed) {
        ahead.instrument = find_instrument(ahead.instrument_id);
        ahead.account = find_account(ahead.account_id);
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
    if (ahead.kind == InputKind{}) return;
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
        paths_.prefetch(details.path);
    } else if (ahead.kind == InputKind::place_order_fixed) {
        fetch_controls(ahead, ahead.owner);
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
    if (ahead.kind == InputKind{} || ahead.instrument >= instruments_.size()) return;
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
    if (ahead.level != kNone) nodes_.prefetch(nodes_[ahead.level].previous);
}

}  // namespace parley
