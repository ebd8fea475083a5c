#pragma once

#include <algorithm>
#include <vector>

#include "parley/engine.hpp"

/// One instrument at 1,000, wide limits, and commands in as few words as they need.
class OrderDesk {
public:
    static constexpr std::int64_t kMark = 1'000;

    OrderDesk() {
        parley::ListInstrument listing;
        listing.instrument_id = 1;
        listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
        put(listing);
        put(parley::SetIndex{0, 60'000'000'000});
        for (parley::AccountId account = 1; account <= 4; ++account) {
            parley::SetLimits limits;
            limits.account_id = account;
            limits.limits = {1'000, 1LL << 60, 1'000'000, 1LL << 60, 5'000};
            give(limits);
        }
        quote(990, 1'010);
    }

    template <typename Input>
    void put(const Input& input) {
        std::vector<std::uint8_t> bytes;
        parley::Writer writer(bytes);
        parley::codec::encode(writer, now, input);
        apply(bytes);
    }
    void apply(const std::vector<std::uint8_t>& bytes) {
        last.clear();
        engine.apply(++records, bytes, last);
    }

    void quote(std::int64_t bid, std::int64_t ask, std::int64_t lots = 5) {
        parley::Quotes quotes;
        quotes.instrument_id = 1;
        quotes.mark_ticks = kMark;
        quotes.add(parley::Side::buy, {bid}, {lots});
        quotes.add(parley::Side::sell, {ask}, {lots});
        std::vector<std::uint8_t> bytes;
        parley::Writer writer(bytes);
        parley::codec::encode(writer, now, parley::SetQuotes{now});
        writer.number(1);
        parley::codec::put_quotes(writer, quotes);
        apply(bytes);
    }

    parley::PlaceOrder order(parley::AccountId account, parley::Side side, std::int64_t lots, std::int64_t price) {
        parley::PlaceOrder order;
        order.order_id = ++orders;
        order.account_id = account;
        order.user_id = account;
        order.instrument_id = 1;
        order.valid_until_ns = now;
        order.side = side;
        order.quantity = {lots};
        order.price = {price};
        return order;
    }

    parley::OrderId place(parley::PlaceOrder order) {
        order.command_sequence = ++commands;
        std::vector<std::uint8_t> bytes;
        parley::Writer writer(bytes);
        writer.byte(static_cast<std::uint8_t>(parley::InputKind::place_order_with_terms));
        writer.number(now);
        parley::codec::put_fields(writer, order);
        parley::codec::put_fields(writer, order.attribution);
        parley::codec::put_fields(writer, order.terms);
        apply(bytes);
        return order.order_id;
    }
    parley::OrderId place(parley::AccountId account, parley::Side side, std::int64_t lots, std::int64_t price) {
        return place(order(account, side, lots, price));
    }
    void amend(parley::OrderId id, std::int64_t lots, std::int64_t price) {
        give(parley::AmendOrder{0, now, id, {lots}, {price}});
    }
    void set_phase(parley::InstrumentPhase phase) { give(parley::SetInstrumentPhase{0, 1, phase, {}}); }

    template <typename Command>
    void give(Command command) {
        command.command_sequence = ++commands;
        put(command);
    }
    void set_scope(parley::ControlScope scope, std::int64_t scope_id, parley::ScopeLimits limits) {
        std::vector<std::uint8_t> bytes;
        parley::Writer writer(bytes);
        parley::codec::encode(writer, now, parley::SetScopeLimits{++commands, scope, scope_id});
        parley::codec::put_fields(writer, limits);
        apply(bytes);
    }

    [[nodiscard]] bool said(parley::EventKind kind, parley::Reason reason = parley::Reason::none) const {
        return std::any_of(last.begin(), last.end(), [&](const parley::Event& event) {
            return event.kind == kind && event.reason == reason;
        });
    }
    [[nodiscard]] std::int64_t out(parley::OrderId parent) const {
        for (const auto& each : engine.order_controls().parent_uses()) {
            if (each.parent_order_id == parent) return each.out.value;
        }
        return -1;
    }
    [[nodiscard]] std::int64_t price_of(parley::OrderId id) const {
        for (const auto& each : engine.working_orders()) {
            if (each.order_id == id) return each.price.value;
        }
        return -1;
    }

    parley::Engine engine;
    std::vector<parley::Event> last;  ///< what the newest input did
    parley::TimeNs now = 1'800'000'000'000'000'000;
    std::uint64_t records = 0;
    std::int64_t commands = 0;
    parley::OrderId orders = 0;
};
