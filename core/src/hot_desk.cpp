#include "parley/hot_desk.hpp"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <stdexcept>
#include <system_error>

namespace parley {
namespace {

constexpr std::size_t kFactsMax = 32'768;
/// Facts that were not said to be on disk, taken or not.
constexpr std::size_t kHandedMax = 65'536;
/// Facts that one turn may lead to: reports of a full buffer, orders of a full outbox, what is told of both.
constexpr std::size_t kFactsPerTurn = 16'384;
constexpr TimeNs kTimersNs = 10'000'000;
constexpr int kSleepMilliseconds = 1;
constexpr std::array<std::string_view, 6> kSteeringTexts{"disable", "enable", "unwind", "entering_on", "entering_off", "gave_up"};
constexpr std::array<std::string_view, 7> kStateTexts{"idle", "logging_in", "recovering", "open", "lost", "over", "stopped"};

[[nodiscard]] TimeNs wall_ns() noexcept {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void sleep(int wake, int milliseconds) noexcept {
    pollfd watched{wake, POLLIN, 0};
    static_cast<void>(::poll(&watched, 1, milliseconds));
}

[[nodiscard]] bool is_core(int cpu) noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    return cpu < CPU_SETSIZE && sched_getaffinity(0, sizeof set, &set) == 0 && CPU_ISSET(static_cast<std::size_t>(cpu), &set);
}

void pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0) throw std::runtime_error("the core was taken away");
}

}  // namespace

std::string_view to_text(HotSteering what) noexcept { return kSteeringTexts[static_cast<std::size_t>(what)]; }
std::string_view to_text(HotDeskState state) noexcept { return kStateTexts[static_cast<std::size_t>(state)]; }

bool parse(std::string_view text, HotSteering& what) noexcept {
    const auto found = std::find(kSteeringTexts.begin(), kSteeringTexts.end(), text);
    what = static_cast<HotSteering>(found - kSteeringTexts.begin());
    return found != kSteeringTexts.end();
}

HotDesk::HotDesk(const HotPathConfig& config)
    : path_(config),
      facts_(kFactsMax),
      handed_(kHandedMax),
      told_(config.pairs.size()) {}

// --- an earlier life

bool HotDesk::replay(const HotFact& fact) {
    assert(state() == HotDeskState::idle);
    switch (fact.kind) {
        case HotFactKind::order: return replay_order(fact);
        case HotFactKind::report:
            path_.on_report({fact.bytes.data(), fact.size}, fact.at_ns);
            untold_ends_.insert(untold_ends_.end(), path_.never_arrived().begin(), path_.never_arrived().end());
            break;
        case HotFactKind::ended:
            if (path_.trader().works(fact.order.order_id)) path_.on_end(fact.order.order_id, fact.at_ns);
            std::erase(untold_ends_, fact.order.order_id);
            break;
        case HotFactKind::opened: path_.begin_recovery(); break;
        case HotFactKind::steered: return apply(fact.steering, fact.pair);
        case HotFactKind::lost:
        case HotFactKind::gap:
        case HotFactKind::refused:
        case HotFactKind::over: break;
    }
    path_.clear_told();
    return true;
}

bool HotDesk::replay_order(const HotFact& fact) {
    if (fact.pair >= pairs() || fact.leg >= kPairOrdersMax) return false;
    const PairTerms& terms = path_.trader().terms(fact.pair);
    const bool is_ours = fact.order.instrument == (fact.leg == 0 ? terms.first : terms.second);
    const bool is_whole = fact.order.lots.value > 0 && fact.order.lots.value <= kQuantityLotsMax;
    if (!is_ours || !is_whole || fact.order.order_id <= path_.trader().last_order_id()) return false;
    path_.replay({fact.at_ns, fact.sequence, fact.zscore, fact.order, fact.pair}, fact.leg);
    last_handed_ = fact.order.order_id;
    return true;
}

// --- the thread

void HotDesk::start(const HotEndpoints& endpoints, int cpu) {
    if (state() != HotDeskState::idle) throw std::logic_error("a desk starts once");
    if (cpu >= 0 && !is_core(cpu)) throw std::invalid_argument("core " + std::to_string(cpu) + " is not ours to use");
    HotEndpoints asked = endpoints;
    asked.asks_account = true;
    auto sockets = std::make_unique<HotSockets>(asked, wall_ns(), this);
    const std::lock_guard alone(life_mutex_);
    if (is_stopping_.load(std::memory_order_acquire)) return;  // stopped while it connected
    // commands of other threads come before all of this, or behind it
    const std::lock_guard lock(mutex_);
    sockets_ = std::move(sockets);
    feed_port_ = sockets_->feed_port();
    // until the venue has told what it knows nothing is decided, whatever an earlier life believed
    path_.begin_recovery();
    set_state(HotDeskState::logging_in);
    feed_at_ns_ = wall_ns();
    for (const OrderId id : untold_ends_) end_order(id, feed_at_ns_, "never_arrived");
    untold_ends_.clear();
    is_running_ = true;
    thread_ = std::thread([this, cpu] { run(cpu); });
}

void HotDesk::stop() {
    is_stopping_.store(true, std::memory_order_release);
    wake_.raise();
    const std::lock_guard alone(life_mutex_);
    if (thread_.joinable()) thread_.join();
    sockets_.reset();
    if (state() != HotDeskState::over) set_state(HotDeskState::stopped);
}

void HotDesk::run(int cpu) {
    try {
        if (cpu >= 0) pin(cpu);
        while (!is_stopping_.load(std::memory_order_acquire)) {
            const std::uint64_t packets = path_.feed().counters().datagrams;
            turn(wall_ns());
            const bool is_idle = packets == path_.feed().counters().datagrams && !has_pushed_;
            if (std::exchange(has_pushed_, false)) facts_ready_.raise();
            if (cpu >= 0 || !is_idle) continue;
            // with no room for facts there is nothing to read for
            has_room() ? sockets_->wait(wake_.descriptor(), kSleepMilliseconds) : sleep(wake_.descriptor(), kSleepMilliseconds);
            wake_.lower();
        }
    } catch (const std::exception& error) {
        end(wall_ns(), error.what());
        facts_ready_.raise();
    }
    const std::lock_guard lock(mutex_);
    is_running_ = false;
    for (const auto& each : calls_) each();
    calls_done_ += calls_.size();
    calls_.clear();
    called_.notify_all();
}

void HotDesk::turn(TimeNs now_ns) {
    if (has_calls_.load(std::memory_order_acquire)) run_calls();
    apply_journaled();
    if (!has_room()) return;
    if (sockets_->is_lost() && state() == HotDeskState::lost) reconnect(now_ns);
    poll(now_ns);
    if (now_ns - timers_at_ns_ >= kTimersNs) {
        timers_at_ns_ = now_ns;
        path_.on_time(now_ns);
    }
    hand_orders();
    hand_told(now_ns);
    note_feed(now_ns);
    note_state();
}

bool HotDesk::has_room() const noexcept {
    return facts_.room() >= kFactsPerTurn && pushed_ - journaled_seen_ + kFactsPerTurn <= handed_.size();
}

void HotDesk::poll(TimeNs now_ns) {
    try {
        static_cast<void>(sockets_->poll(path_, now_ns));
    } catch (const std::exception& error) {
        if (!sockets_->is_lost()) throw;
        on_loss(now_ns, error.what());
    }
}

void HotDesk::reconnect(TimeNs now_ns) {
    if (now_ns < reconnect_at_ns_) return;
    reconnect_at_ns_ = now_ns + kHotReconnectNs;
    try {
        sockets_->reconnect(now_ns);
        set_state(HotDeskState::logging_in);
    } catch (const std::system_error&) {
        // nobody listens there yet: once more in a second, as the state says
    }
}

/// Orders of which not every byte left have ended; those that were decided a moment ago are told for the first time.
void HotDesk::on_loss(TimeNs now_ns, std::string_view why) {
    losses_.fetch_add(1, std::memory_order_relaxed);
    reconnect_at_ns_ = now_ns + kHotReconnectNs;
    if (state() != HotDeskState::over) set_state(HotDeskState::lost);
    hand_orders();
    for (const OrderRecord& record : path_.withdrawn()) {
        if (record.order.order_id > last_handed_) hand(record);
        withdraw_newest();
        end_order(record.order.order_id, now_ns, "withdrawn");
    }
    fact(HotFactKind::lost, now_ns).put(why);
    push();
    if (sockets_->is_rejected()) end(now_ns, why);
}

/// Those that were withdrawn are the newest of the outbox: a word of the journal about them releases nothing.
void HotDesk::withdraw_newest() noexcept {
    for (std::uint64_t at = pushed_; at > journaled_seen_; --at) {
        Handed& held = handed_[(at - 1) % handed_.size()];
        if (held != Handed::order) continue;
        held = Handed::withdrawn;
        --handed_orders_;
        return;
    }
}

void HotDesk::note_feed(TimeNs now_ns) {
    const mold::Counters& counted = path_.feed().counters();
    const std::uint64_t ours = counted.datagrams - counted.malformed - counted.other_session;
    const bool has_other = counted.other_session > other_datagrams_;
    other_datagrams_ = counted.other_session;
    if (ours > feed_datagrams_) {
        feed_datagrams_ = ours;
        feed_at_ns_ = now_ns;
    } else if (has_other && now_ns - feed_at_ns_ >= kHotFeedSilenceNs) {
        end(now_ns, "feed_of_another_session");
    }
}

void HotDesk::set_state(HotDeskState state) noexcept {
    if (state_.load(std::memory_order_relaxed) != state) state_.store(state, std::memory_order_release);
}

void HotDesk::note_state() {
    if (sockets_->is_lost() || !sockets_->is_open() || state() == HotDeskState::over) return;
    set_state(path_.trader().is_recovering() ? HotDeskState::recovering : HotDeskState::open);
}

/// Nothing is decided any more: the session is given up as if it were lost.
void HotDesk::end(TimeNs now_ns, std::string_view why) {
    if (state() == HotDeskState::over) return;
    set_state(HotDeskState::over);
    path_.stop_deciding();
    fact(HotFactKind::over, now_ns).put(why);
    push();
}

// --- commands

void HotDesk::call(const std::function<void(HotPath&)>& act) {
    std::unique_lock lock(mutex_);
    if (!is_running_) return act(path_);
    std::exception_ptr failed;
    calls_.emplace_back([this, &act, &failed] {
        try {
            act(path_);
        } catch (...) {
            failed = std::current_exception();
        }
    });
    const std::uint64_t mine = ++calls_asked_;
    has_calls_.store(true, std::memory_order_release);
    wake_.raise();
    called_.wait(lock, [&] { return calls_done_ >= mine; });
    if (failed) std::rethrow_exception(failed);
}

void HotDesk::run_calls() {
    const std::lock_guard lock(mutex_);
    for (const auto& each : calls_) each();
    calls_done_ += calls_.size();
    calls_.clear();
    has_calls_.store(false, std::memory_order_release);
    called_.notify_all();
}

bool HotDesk::apply(HotSteering what, std::uint32_t pair) {
    PairsTrader& trader = path_.trader();
    const bool is_of_pair = what != HotSteering::entering_on && what != HotSteering::entering_off;
    if (is_of_pair && pair >= trader.size()) return false;
    switch (what) {
        case HotSteering::disable:
        case HotSteering::gave_up: trader.disable(pair); break;
        case HotSteering::enable: return trader.enable(pair);
        case HotSteering::unwind: trader.unwind(pair); break;
        case HotSteering::entering_on: trader.set_entering(true); break;
        case HotSteering::entering_off: trader.set_entering(false); break;
    }
    return true;
}

bool HotDesk::steer(HotSteering what, std::uint32_t pair) {
    bool is_done = false;
    bool is_full = false;
    call([&](HotPath&) {
        is_full = facts_.room() == 0 || pushed_ - journaled_seen_ == handed_.size();
        is_done = !is_full && apply(what, pair);
        if (!is_done) return;
        HotFact& made = fact(HotFactKind::steered, wall_ns());
        made.pair = pair;
        made.steering = what;
        push();
        if (!is_running_) facts_ready_.raise();
    });
    if (is_full) throw std::length_error("facts wait to be taken and journaled: nothing is steered that is not told");
    return is_done;
}

}  // namespace parley
