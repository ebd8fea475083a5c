#include "parley/pairs_feed.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "parley/big_endian.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t kLevels = 5;
constexpr std::uint32_t kTickE4 = 100;
constexpr std::uint32_t kSpreadTicks = 2;

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint32_t below(std::uint32_t bound) noexcept { return static_cast<std::uint32_t>(next() % bound); }
    /// Close to normal: twelve uniforms less six.
    double normal() noexcept {
        double sum = -6.0;
        for (int i = 0; i < 12; ++i) sum += static_cast<double>(next() >> 11) * 0x1.0p-53;
        return sum;
    }

private:
    std::uint64_t state_;
};

std::string symbol_of(std::uint32_t at) {
    std::string name = std::to_string(at);
    name.push_back('S');
    return name;
}

class Writer {
public:
    explicit Writer(PairsFeed& feed) : feed_(feed) {}

    void begin() {
        header_ = feed_.bytes.size();
        text("PARLEY0001", 10);
        number(sequence_, 8);
        number(0, 2);
    }
    void end() {
        big_endian::store(feed_.bytes.data() + header_ + 18, count_);
        feed_.ends.push_back(feed_.bytes.size());
        sequence_ += count_;
        count_ = 0;
    }
    void directory(std::uint16_t locate, const std::string& name) {
        message('R', locate, 39);
        text(name, 8);
        text("QN", 2);
        number(100, 4);
        text("NCZ PNN1N", 9);
        number(0, 4);
        text("N", 1);
    }
    void trading(std::uint16_t locate, const std::string& name) {
        message('H', locate, 25);
        text(name, 8);
        text("T ", 2);
        text("", 4);
    }
    void add(std::uint16_t locate, std::uint64_t reference, char side, std::uint32_t shares, const std::string& name,
             std::uint32_t price) {
        message('A', locate, 36);
        number(reference, 8);
        text({&side, 1}, 1);
        number(shares, 4);
        text(name, 8);
        number(price, 4);
    }
    void replace(std::uint16_t locate, std::uint64_t old, std::uint64_t reference, std::uint32_t shares,
                 std::uint32_t price) {
        message('U', locate, 35);
        number(old, 8);
        number(reference, 8);
        number(shares, 4);
        number(price, 4);
    }
    void execute(std::uint16_t locate, std::uint64_t reference, std::uint32_t shares) {
        message('E', locate, 31);
        number(reference, 8);
        number(shares, 4);
        number(++matches_, 8);
    }

private:
    void message(char type, std::uint16_t locate, std::uint64_t length) {
        number(length, 2);
        text({&type, 1}, 1);
        number(locate, 2);
        number(0, 2);
        number(34'200'000'000'000ULL + sequence_ * 1'000, 6);
        ++count_;
    }
    void number(std::uint64_t value, int width) {
        for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
            feed_.bytes.push_back(static_cast<std::uint8_t>(value >> shift));
        }
    }
    void text(std::string_view value, std::size_t width) {
        for (std::size_t at = 0; at < width; ++at) {
            feed_.bytes.push_back(static_cast<std::uint8_t>(at < value.size() ? value[at] : ' '));
        }
    }

    PairsFeed& feed_;
    std::size_t header_ = 0;
    std::uint64_t sequence_ = 1;
    std::uint64_t matches_ = 0;
    std::uint16_t count_ = 0;
};

/// The market that the packets tell: for each symbol the orders at its best prices.
class Market {
public:
    Market(const PairsFeedShape& shape, PairsFeed& feed) : random_(shape.seed), out_(feed), quotes_(shape.symbols) {
        for (std::uint32_t at = 0; at < shape.symbols; ++at) {
            quotes_[at].base = 40.0 + random_.below(160);
            quotes_[at].bid_e4 = bid_of(quotes_[at]);
        }
    }

    void open(std::uint32_t at) {
        Quote& quote = quotes_[at];
        const auto locate = static_cast<std::uint16_t>(at + 1);
        out_.begin();
        out_.directory(locate, symbol_of(at));
        out_.trading(locate, symbol_of(at));
        out_.end();
        out_.begin();
        for (std::uint32_t level = 0; level < kLevels; ++level) {
            const std::uint32_t away = quote.bid_e4 / kTickE4 * level / 20 * kTickE4;  // never reached: 5 % and more
            const std::uint64_t bid = ++references_;
            const std::uint64_t ask = ++references_;
            out_.add(locate, bid, 'B', 5'000, symbol_of(at), quote.bid_e4 - away);
            out_.add(locate, ask, 'S', 5'000, symbol_of(at), quote.ask_e4() + away);
            if (level == 0) quote.bid_order = bid, quote.ask_order = ask;
        }
        out_.end();
    }

    void step() {
        factor_ += 1e-5 * random_.normal();
        const std::uint32_t at = random_.below(static_cast<std::uint32_t>(quotes_.size()));
        Quote& quote = quotes_[at];
        quote.own += -0.02 * quote.own + 4e-4 * random_.normal();
        const std::uint32_t bid_e4 = bid_of(quote);
        out_.begin();
        if (bid_e4 == quote.bid_e4) {
            trade(at, quote);
        } else {
            quote.bid_e4 = bid_e4;
            move(at, quote);
        }
        out_.end();
    }

private:
    struct Quote {
        double base = 0.0;
        double own = 0.0;
        std::uint32_t bid_e4 = 0;
        std::uint64_t bid_order = 0;
        std::uint64_t ask_order = 0;
        std::uint32_t bid_shares = 5'000;
        [[nodiscard]] std::uint32_t ask_e4() const noexcept { return bid_e4 + kSpreadTicks * kTickE4; }
    };

    [[nodiscard]] std::uint32_t bid_of(const Quote& quote) const noexcept {
        const double price = quote.base * std::exp(factor_ + quote.own);
        return static_cast<std::uint32_t>(std::lround(price * 100.0)) * kTickE4;
    }
    void move(std::uint32_t at, Quote& quote) {
        const auto locate = static_cast<std::uint16_t>(at + 1);
        const std::uint64_t bid = ++references_;
        const std::uint64_t ask = ++references_;
        out_.replace(locate, quote.bid_order, bid, 5'000, quote.bid_e4);
        out_.replace(locate, quote.ask_order, ask, 5'000, quote.ask_e4());
        quote.bid_order = bid;
        quote.ask_order = ask;
        quote.bid_shares = 5'000;
    }
    void trade(std::uint32_t at, Quote& quote) {
        if (quote.bid_shares <= 200) return move(at, quote);
        quote.bid_shares -= 100;
        out_.execute(static_cast<std::uint16_t>(at + 1), quote.bid_order, 100);
    }

    Random random_;
    Writer out_;
    std::vector<Quote> quotes_;
    double factor_ = 0.0;
    std::uint64_t references_ = 0;
};

SignalNode node(SignalOp op, std::vector<std::uint32_t> inputs) {
    SignalNode made;
    made.op = op;
    made.inputs = std::move(inputs);
    return made;
}

ScopeLimits wide_limits(TimeNs duplicate_window_ns) {
    ScopeLimits limits;
    limits.max_order_quantity_lots = 1'000'000;
    limits.max_order_value_micros = 1'000'000'000'000'000;
    limits.soft_order_value_micros = 900'000'000'000'000;
    limits.max_open_risk_micros = 1'000'000'000'000'000;
    limits.period_collar_basis_points = 5'000;
    limits.collar_period_ns = 60'000'000'000;
    limits.messages_per_second = 100'000'000;
    limits.message_burst = 1'000'000;
    limits.duplicate_window_ns = duplicate_window_ns;
    limits.max_executions = 1'000;
    limits.execution_period_ns = 1;
    limits.max_working_orders = 10'000;
    limits.max_orders = 1'000'000'000'000;
    limits.is_instrument_list_required = true;
    return limits;
}

constexpr Controls::Subject kOwner{.firm_id = 1, .order_desk_id = 2, .account_desk_id = 2, .user_id = 3,
                                   .account_id = 4, .instrument_id = 0, .strategy_id = 5, .venue_id = 6};

}  // namespace

PairsFeed make_pairs_feed(const PairsFeedShape& shape) {
    PairsFeed feed;
    feed.bytes.reserve(shape.packets * 100 + shape.symbols * 600);
    Market market(shape, feed);
    for (std::uint32_t at = 0; at < shape.symbols; ++at) market.open(at);
    feed.opening = feed.size();
    for (std::size_t packet = 0; packet < shape.packets; ++packet) market.step();
    return feed;
}

HotPathConfig make_pairs_config(std::uint32_t symbols, std::uint32_t pairs, std::uint32_t window) {
    HotPathConfig config;
    for (std::uint32_t at = 0; at < symbols; ++at) {
        config.symbols.push_back(symbol_of(at));
        config.nodes.push_back(node(SignalOp::mid, {}));
        config.nodes.back().instrument = at;
        config.nodes.push_back(node(SignalOp::log, {at * 2}));
    }
    for (std::uint32_t pair = 0; pair < pairs; ++pair) {
        const std::uint32_t first = pair % symbols;
        const std::uint32_t second = (first + 1 + pair / symbols) % symbols;
        const auto spread = static_cast<std::uint32_t>(config.nodes.size());
        config.nodes.push_back(node(SignalOp::spread, {first * 2 + 1, second * 2 + 1}));
        config.nodes.back().a = 1.0;
        config.nodes.push_back(node(SignalOp::zscore, {spread}));
        config.nodes.back().window = window;
        config.nodes.back().samples_min = window;
        config.nodes.back().is_watched = true;
        config.zscores.push_back(spread + 1);
        PairTerms terms;
        terms.first = first;
        terms.second = second;
        terms.first_lots = {100 + pair % 7};
        terms.second_lots = {100 + pair % 11};
        terms.stop = 6.0;
        terms.timeout_ns = 3'600'000'000'000;
        config.pairs.push_back(terms);
    }
    config.settings = {pairs, {2 * kTickE4}};
    config.owner = kOwner;
    config.limits = {1'000'000, 1'000'000'000'000'000, 10'000'000, 1'000'000'000'000'000, 1'000};
    config.books = {100'000, 50'000};
    config.send = SendPolicy::send_first;
    return config;
}

/// The first refusal, of which there is none while the scopes have room.
Refusal set_every_scope(OrderControls& controls, std::size_t instruments, TimeNs duplicate_window_ns) {
    const std::pair<ControlScope, std::int64_t> scopes[] = {
        {ControlScope::all, 0},           {ControlScope::firm, kOwner.firm_id},   {ControlScope::desk, kOwner.account_desk_id},
        {ControlScope::user, kOwner.user_id}, {ControlScope::account, kOwner.account_id},
        {ControlScope::strategy, kOwner.strategy_id}, {ControlScope::venue, kOwner.venue_id},
    };
    for (const auto& [scope, id] : scopes) {
        if (const Refusal refusal = controls.set_limits(scope, id, wide_limits(duplicate_window_ns), 0)) return refusal;
        for (std::size_t slot = 0; slot < instruments; ++slot) {
            SetInstrumentPermission permission;
            permission.scope = scope;
            permission.scope_id = id;
            permission.instrument_id = static_cast<InstrumentId>(slot) + 1;
            permission.permission = Permission::permitted;
            if (const Refusal refusal = controls.set_permission(permission)) return refusal;
        }
    }
    for (std::size_t slot = 0; slot < instruments; ++slot) {
        ScopeLimits limits = wide_limits(duplicate_window_ns);
        limits.is_instrument_list_required = false;
        const auto id = static_cast<std::int64_t>(slot) + 1;
        if (const Refusal refusal = controls.set_limits(ControlScope::instrument, id, limits, 0)) return refusal;
    }
    return {};
}

void set_every_control(HotPath& path, TimeNs duplicate_window_ns) {
    const Refusal refusal = path.gate().change_controls([&](OrderControls& controls) {
        return set_every_scope(controls, path.gate().size(), duplicate_window_ns);
    });
    if (refusal) throw std::length_error("the controls have no room for every scope");
    path.gate().controls().set_kill(ControlScope::user, 999, true);
    path.gate().controls().set_state(ControlScope::desk, 998, TradingState::reducing);
}

}  // namespace parley::bench
