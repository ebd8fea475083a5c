#pragma once

#include "parley/order_inputs.hpp"

/// Inputs of a random day, one by one, the same for the same seed.
class RandomDay {
public:
    /// `resting` orders far from the touch come before everything else.
    explicit RandomDay(std::uint64_t seed = 3, int resting = 0) : state_(seed), resting_(resting) {}

    struct Step {
        std::int64_t command_sequence;  // 0: not a command
        std::vector<std::uint8_t> payload;
    };

    /// An instrument and the limits of three accounts, then orders, amendments, cancels and quotes for ever.
    Step next() {
        const int step = steps_++;
        if (step == 0) return {0, listing()};
        if (step <= 3) return limits(step);
        if (step == 4) return {0, quotes()};
        if (step <= 4 + resting_) return order(step % 2 == 0 ? 400 : -400);
        const auto dice = random() % 10;
        if (dice == 0) return {0, quotes()};
        if (dice < 3) return command(parley::CancelOrder{sequence_ + 1, pick(orders_)});
        if (dice < 5) return amend();
        return order();
    }

    std::uint64_t random() {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return state_ >> 33;
    }

    static std::vector<std::uint8_t> listing() {
        parley::ListInstrument listing;
        listing.instrument_id = 1;
        listing.name = listing.terms_json = "{}";
        listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
        return encode(listing);
    }

private:
    Step limits(int account) {
        parley::SetLimits limits;
        limits.command_sequence = sequence_ + 1;
        limits.account_id = account;
        limits.limits = {100, 1LL << 50, 10'000, 1LL << 60, 5'000};
        return command(limits);
    }

    Step order(std::int64_t away = 0) {
        parley::PlaceOrder order;
        order.command_sequence = sequence_ + 1;
        order.order_id = ++orders_;
        order.account_id = pick(3);
        order.user_id = 1;
        order.instrument_id = 1;
        order.side = static_cast<parley::Side>(random() % 2);
        order.time_in_force = static_cast<parley::TimeInForce>(random() % 5 == 0);
        order.quantity = {pick(20)};
        order.price = {990 + pick(20)};
        if (away != 0) {
            order.side = away > 0 ? parley::Side::sell : parley::Side::buy;
            order.time_in_force = parley::TimeInForce::gtc;
            order.quantity = {1};
            order.price.value += away;
        }
        return command(order);
    }

    /// Of price, quantity or both; the order works, has gone or never was.
    Step amend() {
        parley::AmendOrder amend;
        amend.command_sequence = sequence_ + 1;
        amend.order_id = pick(orders_ + 3);
        if (random() % 3 == 0) amend.quantity = {pick(20)};
        if (random() % 4 != 0) amend.price = {990 + pick(20)};
        return command(amend);
    }

    std::vector<std::uint8_t> quotes() {
        parley::Quotes quotes;
        quotes.instrument_id = 1;
        quotes.mark_ticks = 1'000;
        for (int level = 0; level < 3; ++level) {
            quotes.add(parley::Side::buy, {985 + pick(14)}, {pick(9)});
            quotes.add(parley::Side::sell, {1'000 + pick(14)}, {pick(9)});
        }
        auto bytes = encode(parley::SetQuotes{});
        parley::Writer writer(bytes);
        writer.number(1);
        parley::codec::put_quotes(writer, quotes);
        return bytes;
    }

    std::int64_t pick(std::int64_t most) {
        return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1)) + (most > 3 ? 0 : 1);
    }

    template <typename Command>
    Step command(const Command& command) {
        return {++sequence_, encode(command)};
    }

    template <typename Input>
    static std::vector<std::uint8_t> encode(const Input& input) {
        std::vector<std::uint8_t> bytes;
        bytes.reserve(128);  // more than an order takes
        parley::Writer writer(bytes);
        parley::codec::encode(writer, 0, input);
        return bytes;
    }

    std::uint64_t state_;
    int resting_;
    std::int64_t sequence_ = 0;
    std::int64_t orders_ = 0;
    int steps_ = 0;
};
