#include <algorithm>

#include "parley/engine.hpp"

namespace parley {

Refusal Engine::check_trading(const Instrument& instrument) const noexcept {
    const bool has_expired = instrument.expiry_at_ns > 0 && market_time_ns_ >= instrument.expiry_at_ns;
    if (!instrument.is_delivered && !has_expired) return {};
    return {Reason::instrument_not_trading, market_time_ns_, instrument.expiry_at_ns};
}

Controls::Subject Engine::subject_of(Slot account, Slot instrument, const Owner& owner) const noexcept {
    const Account& owning = accounts_[account];
    const Instrument& traded = *instruments_[instrument];
    return {.firm_id = owning.firm_id,
            .order_desk_id = owner.desk_id,
            .account_desk_id = owning.desk_id,
            .user_id = owner.user_id,
            .account_id = owning.id,
            .instrument_id = traded.id,
            .strategy_id = owner.strategy_id,
            .venue_id = traded.venue_id};
}

/// The gate, in constant time. Gives a market order the collar as its price.
Refusal Engine::check_intent(Intent& intent) const {
    if (intent.venue_id != 0 || !is_clear(intent)) {
        if (const Refusal refusal = check_controls(intent)) return refusal;
    }
    const Refusal refusal = check_margin(intent);
    if (!refusal || !order_controls_.is_overridden(facts_of(intent, 0), refusal.reason, now_ns_)) return refusal;
    return {};
}

/// Every control but the margin, each by itself.
Refusal Engine::check_controls(Intent& intent) const {
    const Instrument& instrument = *instruments_[intent.instrument];
    const Limits* limits = accounts_[intent.account].limits.find(instrument.coin);
    if (limits == nullptr) return {Reason::no_limits, accounts_[intent.account].id, 0};
    Controls::Subject subject = subject_of(intent.account, intent.instrument, intent.owner);
    if (intent.venue_id != 0) subject.venue_id = intent.venue_id;
    if (const Refusal refusal = controls_.check(subject)) return refusal;
    const CoinIndex& index = coins_[instrument.coin];
    if (const Refusal refusal =
            risk::check_reference(instrument.reference, index, instrument.valuation, alive_at_ns_, now_ns_)) {
        return refusal;
    }
    const PriceTicks bound =
        instrument.valuation.collar(intent.side, instrument.reference.mark, limits->price_collar_basis_points);
    if (!intent.price) intent.price = std::max(bound, PriceTicks{1});
    const Micros value = instrument.valuation.value(intent.lots, *intent.price, index.price_micros);
    const OrderFacts facts = facts_of(intent, value);
    if (const Refusal refusal = check_account(facts, *limits, bound)) return refusal;
    if (controls_.is_reducing(subject)) {
        const Position held = position_at(intent.position);
        if (const Refusal refusal = risk::check_reducing(held, intent.side, intent.lots)) return refusal;
    }
    return order_controls_.check(facts, coins_, now_ns_);
}

/// The limits that every account must have. Each but those that no person may waive can be overridden for one order.
Refusal Engine::check_account(const OrderFacts& facts, const Limits& limits, PriceTicks collar) const {
    const auto holds = [&](const Refusal& refusal) {
        return refusal && !order_controls_.is_overridden(facts, refusal.reason, now_ns_);
    };
    if (const Refusal refusal = risk::check_quantity(limits, facts.lots); holds(refusal)) return refusal;
    if (const Refusal refusal = risk::check_collar(facts.side, facts.price, collar); holds(refusal)) return refusal;
    if (const Refusal refusal = risk::check_value(limits, facts.value); holds(refusal)) return refusal;
    const Position held = position_of(facts.account, facts.instrument);
    const Refusal refusal = risk::check_position(limits, held, facts.side, facts.lots, *facts.valuation, facts.mark,
                                                 coins_[facts.coin].price_micros);
    return holds(refusal) ? refusal : Refusal{};
}

Position Engine::position_of(Slot account, Slot instrument) const noexcept {
    return position_at(positions_.find(account, instrument));
}

void Engine::on(const ReserveBlock& command, Reader& reader) {
    std::vector<BlockLeg> legs(reader.below<std::size_t>(kBlockLegsMax + 1));
    for (BlockLeg& leg : legs) codec::get_fields(reader, leg);
    if (const Refusal refusal = check_reservation(command)) {
        return refuse_block(command.reservation_id, {refusal, 0, 0});
    }
    if (const LegRefusal refused = reserve_legs(legs); refused.refusal) {
        return refuse_block(command.reservation_id, refused);
    }
    reservations_.emplace(command.reservation_id, std::move(legs));
    emit(EventKind::block_reserved, Reason::none, command.reservation_id);
}

Refusal Engine::check_reservation(const ReserveBlock& command) const {
    const std::uint8_t* outcome = finished_blocks_.find(command.reservation_id);
    const auto voided = static_cast<std::uint8_t>(BlockOutcome::voided);
    if (outcome != nullptr && *outcome == voided) return {Reason::voided, command.reservation_id, 0};
    if (outcome != nullptr || reservations_.contains(command.reservation_id)) {
        return {Reason::duplicate_reservation, command.reservation_id, 0};
    }
    if (command.valid_until_ns < now_ns_) return {Reason::command_expired, now_ns_, command.valid_until_ns};
    if (reservations_.size() >= kReservationsMax) {
        constexpr auto most = static_cast<std::int64_t>(kReservationsMax);
        return {Reason::too_many_reservations, most, most};
    }
    return {};
}

/// Each leg is held before the next is checked, so that legs in one instrument add up; a refusal releases them all.
Engine::LegRefusal Engine::reserve_legs(const std::vector<BlockLeg>& legs) {
    for (std::size_t at = 0; at < legs.size(); ++at) {
        LegRefusal refused = check_leg(legs[at]);
        if (refused.refusal) {
            for (std::size_t held = 0; held < at; ++held) hold(legs[held], -1);
            refused.leg_index = static_cast<std::int64_t>(at);
            return refused;
        }
        hold(legs[at], 1);
    }
    return {};
}

/// A trade made elsewhere has nobody as its maker: kVenueAccount, which has no limits and no position.
Engine::LegRefusal Engine::check_leg(const BlockLeg& leg) const {
    const AccountId accounts[] = {leg.taker_account_id, leg.maker_account_id};
    const Slot instrument = find_instrument(leg.instrument_id);
    if (instrument == kNone) return {{Reason::unknown_instrument, leg.instrument_id, 0}, accounts[0], 0};
    if (const Refusal refusal = check_trading(*instruments_[instrument])) return {refusal, accounts[0], 0};
    if (accounts[0] == accounts[1]) return {{Reason::self_trade, accounts[0], 0}, accounts[0], 0};
    if (leg.quantity.value <= 0 || leg.quantity.value > kQuantityLotsMax) {
        return {{Reason::invalid_quantity, leg.quantity.value, kQuantityLotsMax}, accounts[0], 0};
    }
    if (leg.price.value < 0 || leg.price.value > kPriceTicksMax) {
        return {{Reason::invalid_price, leg.price.value, kPriceTicksMax}, accounts[0], 0};
    }
    for (const AccountId id : accounts) {
        if (id == kVenueAccount && id == leg.maker_account_id) continue;
        const Slot account = find_account(id);
        if (account == kNone || id == kVenueAccount) return {{Reason::no_limits, id, 0}, id, 0};
        Intent intent;
        intent.account = account;
        intent.instrument = instrument;
        intent.position = positions_.find(account, instrument);
        intent.owner.desk_id = accounts_[account].desk_id;
        intent.side = id == leg.taker_account_id ? leg.side : opposite(leg.side);
        intent.lots = leg.quantity;
        intent.price = leg.price;
        intent.path = &path_of(account, instrument, intent.owner);
        if (const Refusal refusal = check_intent(intent)) return {refusal, id, 0};
    }
    return {};
}

void Engine::hold(const BlockLeg& leg, std::int64_t direction) {
    const Slot instrument = find_instrument(leg.instrument_id);
    const std::int64_t lots = direction * leg.quantity.value;
    const auto position = [&](AccountId id) { return positions_.find_or_add(find_account(id), instrument); };
    change_working(position(leg.taker_account_id), Owner{}, leg.side, lots);
    if (leg.maker_account_id == kVenueAccount) return;
    change_working(position(leg.maker_account_id), Owner{}, opposite(leg.side), lots);
}

void Engine::book_leg(const BlockLeg& leg) {
    const Slot instrument = find_instrument(leg.instrument_id);
    const auto position = [&](AccountId id) { return positions_.find_or_add(find_account(id), instrument); };
    change_position(position(leg.taker_account_id), Owner{}, leg.side, leg.quantity, leg.price);
    if (leg.maker_account_id == kVenueAccount) return;
    change_position(position(leg.maker_account_id), Owner{}, opposite(leg.side), leg.quantity, leg.price);
}

void Engine::refuse_block(ReservationId id, const LegRefusal& refused) {
    emit(EventKind::block_refused, refused.refusal.reason, id, refused.account_id, refused.leg_index,
         refused.refusal.value, refused.refusal.bound);
}

void Engine::on(const ConfirmBlock& command) {
    const auto found = reservations_.find(command.reservation_id);
    if (found == reservations_.end()) {
        const std::uint8_t* outcome = finished_blocks_.find(command.reservation_id);
        Reason reason = Reason::unknown_reservation;
        if (outcome != nullptr) {
            const bool is_voided = *outcome == static_cast<std::uint8_t>(BlockOutcome::voided);
            reason = is_voided ? Reason::voided : Reason::already_confirmed;
        }
        return refuse_block(command.reservation_id, {{reason, command.reservation_id, 0}, 0, 0});
    }
    const std::int64_t first_execution_id = next_execution_id_;
    for (const BlockLeg& leg : found->second) {
        ++next_execution_id_;
        hold(leg, -1);
        book_leg(leg);
    }
    for (const BlockLeg& leg : found->second) {
        const Slot instrument = find_instrument(leg.instrument_id);
        enforce_reduce_only(find_account(leg.taker_account_id), instrument);
        enforce_reduce_only(find_account(leg.maker_account_id), instrument);
    }
    reservations_.erase(found);
    finished_blocks_.remember(command.reservation_id, static_cast<std::uint8_t>(BlockOutcome::confirmed));
    emit(EventKind::block_confirmed, Reason::none, command.reservation_id, first_execution_id);
}

/// Also voids what has not arrived: its reservation will be refused. What is confirmed stays confirmed.
void Engine::on(const VoidBlock& command) {
    const std::uint8_t* outcome = finished_blocks_.find(command.reservation_id);
    if (outcome != nullptr && *outcome == static_cast<std::uint8_t>(BlockOutcome::confirmed)) {
        const Refusal refusal{Reason::already_confirmed, command.reservation_id, 0};
        return refuse_block(command.reservation_id, {refusal, 0, 0});
    }
    const auto found = reservations_.find(command.reservation_id);
    if (found != reservations_.end()) {
        for (const BlockLeg& leg : found->second) hold(leg, -1);
        reservations_.erase(found);
    }
    finished_blocks_.remember(command.reservation_id, static_cast<std::uint8_t>(BlockOutcome::voided));
    emit(EventKind::block_voided, Reason::none, command.reservation_id);
}

}  // namespace parley
