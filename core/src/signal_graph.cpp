#include "parley/signal_graph.hpp"

#include <array>
#include <bit>
#include <utility>

namespace parley {
namespace {

constexpr auto kOpTexts = std::to_array<std::string_view>({
    "bid", "ask", "bid_size", "ask_size", "mid", "micro_price", "book_imbalance", "order_flow",
    "last_price", "last_size", "signed_size", "timer", "bar", "constant",
    "log", "exp", "abs", "negate", "square", "sqrt", "affine", "add", "subtract", "multiply", "ratio", "spread",
    "greater", "above", "crosses_above", "all_of", "any_of", "invert", "latch", "cooldown",
    "sum", "mean", "variance", "deviation", "zscore", "minimum", "maximum", "lag", "ewma", "changes", "sample", "when",
});
static_assert(kOpTexts.size() == static_cast<std::size_t>(SignalOp::when) + 1);

constexpr std::array<std::string_view, 12> kFaultTexts{
    "none", "no_nodes", "too_many_nodes", "too_many_instruments", "wrong_inputs", "unknown_input",
    "unknown_instrument", "cycle", "window_out_of_range", "parameter_out_of_range", "too_many_samples",
    "too_much_fan_out",
};

constexpr double kTrue = 1.0;
constexpr double kFalse = 0.0;

[[nodiscard]] double truth(bool holds) noexcept { return holds ? kTrue : kFalse; }
[[nodiscard]] bool is_unknown(double x) noexcept { return x != x; }

/// Signed size that a new best quote adds to the bid or takes from the ask (Cont, Kukanov, Stoikov 2014, eq. 3).
[[nodiscard]] double order_flow(const TopOfBook& before, const TopOfBook& after) noexcept {
    if (is_unknown(before.bid + before.ask + after.bid + after.ask)) return kNoValue;
    double flow = 0.0;
    if (after.bid >= before.bid) flow += after.bid_size;
    if (after.bid <= before.bid) flow -= before.bid_size;
    if (after.ask <= before.ask) flow -= after.ask_size;
    if (after.ask >= before.ask) flow += before.ask_size;
    return flow;
}

class Fnv {
public:
    void add(std::uint64_t bits) noexcept {
        for (int byte = 0; byte < 8; ++byte, bits >>= 8) hash_ = (hash_ ^ (bits & 0xff)) * 0x100000001b3ULL;
    }
    void add(double value) noexcept { add(std::bit_cast<std::uint64_t>(value)); }
    [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::string_view to_text(SignalOp op) noexcept { return kOpTexts[static_cast<std::size_t>(op)]; }

bool parse(std::string_view text, SignalOp& op) noexcept {
    const auto found = std::find(kOpTexts.begin(), kOpTexts.end(), text);
    if (found == kOpTexts.end()) return false;
    op = static_cast<SignalOp>(found - kOpTexts.begin());
    return true;
}

std::string_view to_text(SignalFault fault) noexcept { return kFaultTexts[static_cast<std::size_t>(fault)]; }

void SignalGraph::on_quote(TimeNs now_ns, std::uint32_t instrument, const TopOfBook& top) noexcept {
    assert(instrument < tops_.size());
    begin(now_ns);
    Top& kept = tops_[instrument];
    kept.order_flow = order_flow(kept, top);
    static_cast<TopOfBook&>(kept) = top;
    propagate(fan_out_[std::size_t{instrument} * 2]);
}

void SignalGraph::on_trade(TimeNs now_ns, std::uint32_t instrument, double price, double size,
                           Side aggressor) noexcept {
    assert(instrument < tops_.size());
    begin(now_ns);
    Top& kept = tops_[instrument];
    kept.last_price = price;
    kept.last_size = size;
    kept.signed_size = static_cast<double>(sign(aggressor)) * size;
    propagate(fan_out_[std::size_t{instrument} * 2 + 1]);
}

void SignalGraph::on_time(TimeNs now_ns) noexcept { begin(now_ns); }

void SignalGraph::on_bar(TimeNs now_ns) noexcept {
    begin(now_ns);
    propagate(fan_out_[fan_out_.ends.size() - 1]);
}

void SignalGraph::begin(TimeNs now_ns) noexcept {
    now_ns_ = std::max(now_ns_, std::min(now_ns, kSignalTimeNsMax));
    fired_count_ = 0;
    if (now_ns_ >= timer_due_ns_) run_timers();
}

void SignalGraph::run_timers() noexcept {
    timer_due_ns_ = std::numeric_limits<TimeNs>::max();
    for (std::size_t at = 0; at < timers_.size(); ++at) {
        Timer& timer = timers_[at];
        if (now_ns_ >= timer.due_ns) {
            timer.due_ns = (now_ns_ / timer.period_ns + 1) * timer.period_ns;
            propagate(fan_out_[tops_.size() * 2 + at]);
        }
        timer_due_ns_ = std::min(timer_due_ns_, timer.due_ns);
    }
}

/// A full window of samples, which is what a strategy's z-scores are nearly always, does the same as slide() and
/// moments() with what can only be so left out.
[[gnu::always_inline]] inline double SignalGraph::zscore(const Node& node) noexcept {
    Rolling& state = rollings_[node.state];
    const double x = input(node, 0);
    const bool is_usual = state.samples.is_full() && !state.samples.is_timed() && ticked(node.inputs[0]);
    if (!is_usual || !std::isfinite(x)) {
        slide(node, state);
        return moments(node, state);
    }
    state.moments.replace(state.samples.replace_oldest(x), x);
    if (state.moments.is_worn()) state.moments.rebuild(state.samples);
    const double deviation = std::sqrt(state.moments.variance());
    return deviation > 0.0 ? (x - state.moments.mean()) / deviation : kNoValue;
}

[[gnu::always_inline]] inline bool SignalGraph::has_ticked_input(const Node& node) const noexcept {
    for (std::size_t at = 0; at < node.input_count; ++at) {
        if (ticked(node.inputs[at])) return true;
    }
    return node.input_count == 0;
}

/// The two operations that a graph of pairs is made of are told first: the rest goes through a switch and a call.
void SignalGraph::propagate(std::span<const std::uint32_t> touched) noexcept {
    ++generation_;
    std::uint64_t evaluated = 0;
    for (const std::uint32_t at : touched) {
        const Node& node = nodes_[at];
        if (!has_ticked_input(node)) continue;
        ++evaluated;
        bool ticks = true;
        double value = kNoValue;
        if (node.op == SignalOp::spread) {
            value = input(node, 0) - node.a * input(node, 1) - node.b;
        } else if (node.op == SignalOp::zscore) {
            value = zscore(node);
        } else {
            value = evaluate(node, ticks);
        }
        if (!ticks) continue;
        values_[at] = value;
        ticked_[at] = generation_;
        if (node.is_watched) fired_[fired_count_++] = index_of_[at];
    }
    evaluations_ += evaluated;
}

void SignalGraph::prefetch(std::uint32_t instrument) const noexcept {
    for (const std::uint32_t at : quote_windows_[instrument]) {
        const Rolling& state = rollings_[at];
        __builtin_prefetch(&state.moments, 1);
        state.samples.prefetch();
    }
}

double SignalGraph::evaluate(const Node& node, bool& ticks) noexcept {
    switch (node.op) {
        case SignalOp::log: return std::log(input(node, 0));
        case SignalOp::exp: return std::exp(input(node, 0));
        case SignalOp::abs: return std::abs(input(node, 0));
        case SignalOp::negate: return -input(node, 0);
        case SignalOp::square: return input(node, 0) * input(node, 0);
        case SignalOp::sqrt: return std::sqrt(input(node, 0));
        case SignalOp::affine: return node.a * input(node, 0) + node.b;
        case SignalOp::add: return input(node, 0) + input(node, 1);
        case SignalOp::subtract: return input(node, 0) - input(node, 1);
        case SignalOp::multiply: return input(node, 0) * input(node, 1);
        case SignalOp::ratio: return input(node, 0) / input(node, 1);
        case SignalOp::when: ticks = ticked(node.inputs[1]); return input(node, 0);
        case SignalOp::greater:
        case SignalOp::all_of:
        case SignalOp::any_of:
        case SignalOp::invert: return logic(node);
        case SignalOp::above:
        case SignalOp::crosses_above:
        case SignalOp::latch:
        case SignalOp::cooldown:
        case SignalOp::ewma:
        case SignalOp::changes:
        case SignalOp::sample: return memory(node, ticks);
        case SignalOp::sum:
        case SignalOp::mean:
        case SignalOp::variance:
        case SignalOp::deviation:
        case SignalOp::minimum:
        case SignalOp::maximum:
        case SignalOp::lag: return rolling(node);
        default: return source(node);
    }
}

double SignalGraph::source(const Node& node) const noexcept {
    if (node.op == SignalOp::timer) return static_cast<double>(now_ns_ / node.window);
    if (node.op == SignalOp::bar) return 1.0;
    const Top& top = tops_[node.instrument];
    switch (node.op) {
        case SignalOp::bid: return top.bid;
        case SignalOp::ask: return top.ask;
        case SignalOp::bid_size: return top.bid_size;
        case SignalOp::ask_size: return top.ask_size;
        case SignalOp::mid: return 0.5 * (top.bid + top.ask);
        case SignalOp::micro_price:
            return (top.bid * top.ask_size + top.ask * top.bid_size) / (top.bid_size + top.ask_size);
        case SignalOp::book_imbalance: return (top.bid_size - top.ask_size) / (top.bid_size + top.ask_size);
        case SignalOp::order_flow: return top.order_flow;
        case SignalOp::last_price: return top.last_price;
        case SignalOp::last_size: return top.last_size;
        case SignalOp::signed_size: return top.signed_size;
        default: return node.a;
    }
}

/// With three values: what is not known decides nothing that the known inputs do not decide (Kleene 1938).
double SignalGraph::logic(const Node& node) noexcept {
    const double first = input(node, 0);
    if (node.op == SignalOp::invert) return is_unknown(first) ? kNoValue : truth(first == kFalse);
    if (node.op == SignalOp::greater) {
        const double second = input(node, 1);
        return is_unknown(first) || is_unknown(second) ? kNoValue : truth(first > second);
    }
    const bool decides = node.op == SignalOp::any_of;
    bool has_unknown = false;
    for (std::size_t at = 0; at < node.input_count; ++at) {
        const double x = input(node, at);
        if (is_unknown(x)) {
            has_unknown = true;
        } else if ((x != kFalse) == decides) {
            return truth(decides);
        }
    }
    return has_unknown ? kNoValue : truth(!decides);
}

double SignalGraph::memory(const Node& node, bool& ticks) noexcept {
    Memory& state = memories_[node.state];
    const double x = input(node, 0);
    switch (node.op) {
        case SignalOp::above:
            if (is_unknown(x)) return kNoValue;
            state.is_on = state.is_on ? x >= node.b : x >= node.a;
            return truth(state.is_on);
        case SignalOp::crosses_above: {
            const double level = input(node, 1);
            if (is_unknown(x) || is_unknown(level)) return kNoValue;
            const bool was_below = state.is_known && !state.is_on;
            state.is_known = true;
            state.is_on = x > level;
            return truth(was_below && state.is_on);
        }
        case SignalOp::latch:
            if (x == kTrue) state.is_on = true;
            if (input(node, 1) == kTrue) state.is_on = false;
            return truth(state.is_on);
        case SignalOp::cooldown: {
            const bool fires = x == kTrue && (!state.is_known || now_ns_ - state.at_ns >= node.window);
            if (fires) {
                state.is_known = true;
                state.at_ns = now_ns_;
            }
            return truth(fires);
        }
        case SignalOp::changes:
            ticks = !(x == state.value || (is_unknown(x) && is_unknown(state.value)));
            return state.value = x;
        case SignalOp::sample:
            ticks = !state.is_known || now_ns_ >= state.at_ns;
            if (ticks) state.at_ns = (now_ns_ / node.window + 1) * node.window;
            state.is_known = true;
            return x;
        default: return ewma(node, state);
    }
}

double SignalGraph::ewma(const Node& node, Memory& state) const noexcept {
    const double x = input(node, 0);
    if (!ticked(node.inputs[0]) || !std::isfinite(x)) return state.value;
    if (!state.is_known) {
        state.value = x;
    } else {
        const double elapsed = static_cast<double>(now_ns_ - state.at_ns);
        const double weight = node.window != 0 ? -std::expm1(-elapsed / node.a) : node.a;
        state.value += weight * (x - state.value);
    }
    state.is_known = true;
    state.at_ns = now_ns_;
    return state.value;
}

double SignalGraph::rolling(const Node& node) noexcept {
    Rolling& state = rollings_[node.state];
    switch (node.op) {
        case SignalOp::minimum:
        case SignalOp::maximum: return extreme(node, state);
        case SignalOp::lag: return lag(node, state);
        default: slide(node, state); return moments(node, state);
    }
}

void SignalGraph::slide(const Node& node, Rolling& state) noexcept {
    const double x = input(node, 0);
    const bool is_sample = ticked(node.inputs[0]) && std::isfinite(x);
    if (node.op == SignalOp::sum || node.op == SignalOp::mean) {
        const auto take = [&](double old) { state.sum.add(-old); };
        state.samples.expire(now_ns_, take);
        if (state.samples.size() == 0) state.sum.clear();
        if (!is_sample) return;
        state.samples.push(now_ns_, x, take);
        state.sum.add(x);
        return;
    }
    state.samples.expire(now_ns_, [&](double old) { state.moments.remove(old); });
    if (is_sample) {
        bool is_replaced = false;
        double oldest = 0.0;
        state.samples.push(now_ns_, x, [&](double old) { oldest = old; is_replaced = true; });
        if (is_replaced) {
            state.moments.replace(oldest, x);
        } else {
            state.moments.add(x);
        }
    }
    if (state.moments.is_worn()) state.moments.rebuild(state.samples);
}

double SignalGraph::moments(const Node& node, const Rolling& state) const noexcept {
    const std::uint32_t count = state.samples.size();
    if (count == 0 || count < node.samples_min) return kNoValue;
    switch (node.op) {
        case SignalOp::sum: return state.sum.value();
        case SignalOp::mean: return state.sum.value() / static_cast<double>(count);
        case SignalOp::variance: return state.moments.variance();
        case SignalOp::deviation: return std::sqrt(state.moments.variance());
        default: {
            const double deviation = std::sqrt(state.moments.variance());
            return deviation > 0.0 ? (input(node, 0) - state.moments.mean()) / deviation : kNoValue;
        }
    }
}

double SignalGraph::extreme(const Node& node, Rolling& state) noexcept {
    const Extreme kind(node.op == SignalOp::maximum);
    const double x = input(node, 0);
    const bool is_sample = ticked(node.inputs[0]) && std::isfinite(x);
    state.pushed += is_sample ? 1 : 0;
    const bool is_timed = node.b != 0.0;
    const std::int64_t key = is_timed ? now_ns_ : state.pushed;
    kind.expire(state.samples, key, node.window);
    if (is_sample) kind.push(state.samples, key, x);
    const bool is_enough = is_timed || state.pushed >= node.samples_min;
    return state.samples.size() > 0 && is_enough ? state.samples.at(0) : kNoValue;
}

double SignalGraph::lag(const Node& node, Rolling& state) noexcept {
    SampleWindow& samples = state.samples;
    const double x = input(node, 0);
    if (ticked(node.inputs[0]) && std::isfinite(x)) samples.push(now_ns_, x, [](double) {});
    if (!samples.is_timed()) return samples.is_full() ? samples.at(0) : kNoValue;
    const TimeNs then = now_ns_ - node.window;
    while (samples.size() >= 2 && samples.time_at(1) <= then) samples.pop();
    return samples.size() > 0 && samples.time_at(0) <= then ? samples.at(0) : kNoValue;
}

std::uint64_t SignalGraph::overruns() const noexcept {
    std::uint64_t lost = 0;
    for (const Rolling& state : rollings_) lost += state.samples.overruns();
    return lost;
}

std::uint64_t SignalGraph::state_hash() const noexcept {
    Fnv hash;
    hash.add(static_cast<std::uint64_t>(now_ns_));
    for (const double value : values_) hash.add(value);
    for (const Rolling& state : rollings_) {
        for (std::uint32_t age = 0; age < state.samples.size(); ++age) {
            hash.add(state.samples.at(age));
            if (state.samples.is_timed()) hash.add(static_cast<std::uint64_t>(state.samples.time_at(age)));
        }
        hash.add(state.moments.mean());
        hash.add(state.moments.variance());
        hash.add(state.sum.value());
    }
    for (const Memory& state : memories_) {
        hash.add(state.value);
        hash.add(static_cast<std::uint64_t>(state.at_ns) * 4 + (state.is_on ? 2 : 0) + (state.is_known ? 1 : 0));
    }
    return hash.value();
}

}  // namespace parley
