#include "agreement.hpp"

#include <algorithm>
#include <cstdio>

#include "check.hpp"
#include "parley/engine.hpp"
#include "reference_book.hpp"

using namespace parley;

namespace {

constexpr std::int64_t kAccounts = 5;
constexpr std::int64_t kOrdersKept = 150;
/// Ids that commands may name: far fewer than the engine remembers.
constexpr std::int64_t kIdsNamed = 300;
constexpr TimeNs kSecond = 1'000'000'000;

/// Commands of every kind, on a grid of prices that is dense or sparse by the seed.
class Pair {
public:
    Pair(std::uint64_t seed, bool is_sparse) : state_(seed), step_(is_sparse ? 1'000'000'007 : 1), book_(expected_) {
        ListInstrument listing;
        listing.instrument_id = 1;
        listing.lot_nanos = listing.tick_nanos = 1;
        put(listing);
        put(SetIndex{0, reference::kIndexMicros});
        for (std::int64_t account = 1; account <= kAccounts; ++account) {
            SetLimits limits;
            limits.command_sequence = ++sequence_;
            limits.account_id = account;
            limits.limits = {kQuantityLotsMax, 1LL << 60, 1LL << 60, 1LL << 60, reference::kCollarBasisPoints};
            put(limits);
        }
        quote();
        actual_.clear();
        expected_.clear();
    }

    /// One command to both. False where what they said differs.
    bool step() {
        actual_.clear();
        expected_.clear();
        now_ += static_cast<TimeNs>(below(3)) * kSecond / 2;
        if (below(2'000) == 0) now_ += 3'600 * kSecond * below(30);
        put(FeedHeartbeat{});
        book_.at(now_);
        const std::int64_t dice = below(1'000);
        const bool is_crowded = static_cast<std::int64_t>(book_.working()) > kOrdersKept;
        if (dice < (is_crowded ? 250 : 500)) {
            place();
        } else if (dice < 640) {
            CancelOrder command{++sequence_, named()};
            put(command);
            book_.cancel(command.order_id);
        } else if (dice < 860) {
            amend();
        } else if (dice < 975) {
            quote();
        } else if (dice < 995) {
            SetInstrumentPhase command{++sequence_, 1, InstrumentPhase::continuous, {}};
            if (below(8) == 0) command.phase = static_cast<InstrumentPhase>(below(3));
            put(command);
            book_.set_phase(command.phase);
        } else {
            SetPriceBands command;
            command.command_sequence = ++sequence_;
            command.instrument_id = 1;
            command.bands = {{price(0)}, 50 * below(4), 50 * below(4), below(2) == 0};
            put(command);
            book_.set_bands(command.bands);
        }
        events_ += static_cast<std::int64_t>(actual_.size());
        return is_same();
    }
    void show() const {
        std::printf("now %lld, seed state %llu\n", static_cast<long long>(now_), static_cast<unsigned long long>(state_));
        for (const Event& event : actual_) {
            std::printf("engine    kind %d %s:", static_cast<int>(event.kind), reason_name(event.reason).data());
            for (const auto value : event.values) std::printf(" %lld", static_cast<long long>(value));
            std::printf("\n");
        }
        for (const auto& said : expected_) {
            std::printf("reference kind %d %s:", static_cast<int>(said.kind), reason_name(said.reason).data());
            for (const auto value : said.values) std::printf(" %lld", static_cast<long long>(value));
            std::printf("\n");
        }
    }
    [[nodiscard]] std::int64_t events() const noexcept { return events_; }

private:
    std::int64_t below(std::int64_t bound) {
        state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
        return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(bound));
    }
    std::int64_t price(std::int64_t spread) { return step_ * (500 + (spread == 0 ? 0 : below(2 * spread + 1) - spread)); }
    std::int64_t named() { return std::max<std::int64_t>(1, orders_ - below(kIdsNamed)); }

    template <typename Input>
    void put(const Input& input) {
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode(writer, now_, input);
        engine_.apply(++journal_, bytes, actual_);
    }

    void place() {
        PlaceOrder order;
        order.command_sequence = ++sequence_;
        order.valid_until_ns = now_;
        order.order_id = below(300) == 0 ? named() : ++orders_;
        order.account_id = 1 + below(kAccounts);
        order.user_id = 1;
        order.instrument_id = 1;
        order.side = static_cast<Side>(below(2));
        order.quantity = {1 + below(below(4) == 0 ? 200 : 20)};
        order.price = {price(14)};
        order.is_post_only = below(12) == 0;
        order.is_reduce_only = below(5) == 0;
        shape(order);
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        writer.byte(static_cast<std::uint8_t>(InputKind::place_order_with_terms));
        writer.number(now_);
        codec::put_fields(writer, order);
        codec::put_fields(writer, order.attribution);
        codec::put_fields(writer, order.terms);
        engine_.apply(++journal_, bytes, actual_);
        book_.place(order);
    }
    /// Mostly terms that go together; sometimes not.
    void shape(PlaceOrder& order) {
        constexpr OrderType types[] = {OrderType::limit, OrderType::limit,      OrderType::limit, OrderType::market,
                                       OrderType::stop,  OrderType::stop_limit, OrderType::peg};
        order.order_type = types[below(7)];
        order.time_in_force = static_cast<TimeInForce>(below(5));
        const bool is_wild = below(40) == 0;
        const bool is_stop = order.order_type == OrderType::stop || order.order_type == OrderType::stop_limit;
        const bool is_peg = order.order_type == OrderType::peg;
        if (is_peg && !is_wild) order.time_in_force = TimeInForce::gtc;
        const bool is_limit = order.order_type == OrderType::limit && order.time_in_force != TimeInForce::ioc &&
                              order.time_in_force != TimeInForce::fok;
        if (!is_limit && !is_wild) order.is_post_only = false;
        if (order.time_in_force == TimeInForce::gtd) order.terms.expires_at_ns = now_ + kSecond * (below(60) - 1);
        if ((is_limit && below(3) == 0) || (is_wild && below(2) == 0)) order.terms.display = {1 + below(12)};
        if (order.time_in_force == TimeInForce::ioc && !is_stop && below(3) == 0) order.terms.minimum = {1 + below(20)};
        if (is_stop != (is_wild && below(3) == 0)) order.terms.stop = {price(16)};
        if (is_peg) {
            order.terms.peg_offset_ticks = step_ * (below(5) - 2);
            if (below(2) == 0) order.price = {};
        }
        order.terms.trigger = static_cast<Trigger>(below(2));
        order.terms.peg_reference = static_cast<PegReference>(below(2));
        order.terms.self_match = static_cast<SelfMatch>(below(4));
    }

    void amend() {
        AmendOrder command;
        command.command_sequence = ++sequence_;
        command.valid_until_ns = now_;
        command.order_id = named();
        if (below(3) != 0) command.quantity = {1 + below(40)};
        if (below(2) == 0) command.price = {price(14)};
        put(command);
        book_.amend(command);
    }

    void quote() {
        Quotes quotes;
        quotes.instrument_id = 1;
        const std::int64_t center = 500 + below(9) - 4;
        quotes.mark_ticks = step_ * center;
        for (std::int64_t level = 1; level <= below(4); ++level) {
            quotes.add(Side::buy, {step_ * (center - level - below(3))}, {1 + below(30)});
        }
        for (std::int64_t level = 1; level <= below(4); ++level) {
            quotes.add(Side::sell, {step_ * (center + level + below(3))}, {1 + below(30)});
        }
        std::vector<std::uint8_t> bytes;
        Writer writer(bytes);
        codec::encode(writer, now_, SetQuotes{});
        writer.number(1);
        codec::put_quotes(writer, quotes);
        engine_.apply(++journal_, bytes, actual_);
        book_.quote(quotes);
    }

    [[nodiscard]] bool is_same() const {
        if (actual_.size() != expected_.size()) return false;
        for (std::size_t at = 0; at < actual_.size(); ++at) {
            const Event& event = actual_[at];
            const reference::Said& said = expected_[at];
            if (event.kind != said.kind || event.reason != said.reason) return false;
            if (!std::equal(said.values.begin(), said.values.end(), event.values.begin())) return false;
        }
        return true;
    }

    std::uint64_t state_;
    std::int64_t step_;
    Engine engine_;
    std::vector<Event> actual_;
    std::vector<reference::Said> expected_;
    reference::Book book_;
    TimeNs now_ = 1'800'000'000 * kSecond;
    std::uint64_t journal_ = 0;
    std::int64_t sequence_ = 0;
    std::int64_t orders_ = 0;
    std::int64_t events_ = 0;
};

}  // namespace

bool agree(std::uint64_t seed, std::int64_t commands, std::int64_t& events) {
    Pair pair(seed, seed % 2 == 1);
    for (std::int64_t at = 0; at < commands; ++at) {
        if (pair.step()) continue;
        std::printf("seed %llu, command %lld: engine and reference differ\n", static_cast<unsigned long long>(seed),
                    static_cast<long long>(at));
        pair.show();
        return false;
    }
    events += pair.events();
    return true;
}

TEST(the_engine_agrees_with_the_reference_book_event_by_event) {
    std::int64_t events = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) CHECK(agree(seed, 20'000, events));
    CHECK(events > 100'000);
}
