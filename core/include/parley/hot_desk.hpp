#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "parley/event_flag.hpp"
#include "parley/hot_facts.hpp"
#include "parley/hot_sockets.hpp"

namespace parley {

enum class HotDeskState : std::uint8_t {
    idle, logging_in,
    recovering,  ///< the venue tells what became of orders
    open,
    lost,        ///< the session is; tried again every second
    over,        ///< session or feed of another day, or refused: this desk trades no more
    stopped,
};
[[nodiscard]] std::string_view to_text(HotDeskState state) noexcept;

/// A lost session is tried again after this.
inline constexpr TimeNs kHotReconnectNs = 1'000'000'000;
/// A feed that has said nothing of our session for so long, and something of another, has begun another day.
inline constexpr TimeNs kHotFeedSilenceNs = 3'000'000'000;
/// The same refusal of a pair is told again after this.
inline constexpr TimeNs kHotTellAgainNs = 60'000'000'000;

/// A hot path with its sockets on a thread of its own. Another thread takes the facts, writes them down and says so; with
/// `journal_first` an order leaves only then. Commands take effect between two packets, before the call returns.
///
/// A fact that was not taken in time stops the reading of packets and reports: nothing is decided that nobody can record.
class HotDesk final : public ReportListener {
public:
    /// `config` must be without fault.
    explicit HotDesk(const HotPathConfig& config);
    HotDesk(const HotDesk&) = delete;
    HotDesk& operator=(const HotDesk&) = delete;
    ~HotDesk() { stop(); }

    /// A fact of an earlier life, before start(), the oldest first. False where it cannot be true.
    [[nodiscard]] bool replay(const HotFact& fact);
    /// Opens the sockets and begins. `cpu` is the core that the thread keeps busy; below zero it sleeps between packets.
    /// Throws std::system_error where a socket fails, std::invalid_argument for what is no address or no core.
    void start(const HotEndpoints& endpoints, int cpu);
    /// Ends the thread and waits for it; where start() is under way elsewhere, nothing begins. From any thread.
    void stop();

    /// Readable while facts wait.
    [[nodiscard]] int descriptor() const noexcept { return facts_ready_.descriptor(); }
    /// Calls visit(fact) for at most so many facts, the oldest first, and returns how many there were. One thread at a time.
    template <typename Visit>
    std::size_t take(std::size_t facts_max, Visit&& visit) {
        facts_ready_.lower();
        std::size_t taken = 0;
        for (; taken < facts_max; ++taken) {
            const HotFact* const fact = facts_.front();
            if (fact == nullptr) return taken;
            visit(*fact);
            facts_.pop();
        }
        if (facts_.front() != nullptr) facts_ready_.raise();
        return taken;
    }
    /// So many more of the facts that were taken are on disk.
    void journaled(std::uint64_t facts) noexcept;

    /// Runs `act(path)` on the path's thread between two packets, or here where none runs; returns once it did.
    void call(const std::function<void(HotPath&)>& act);
    /// False where the pair still holds or works: then it stays as it is. Only `enable` is ever refused. Throws
    /// std::length_error where there is no room for the fact: then nothing happened.
    bool steer(HotSteering what, std::uint32_t pair);

    [[nodiscard]] HotDeskState state() const noexcept { return state_.load(std::memory_order_acquire); }
    /// After start().
    [[nodiscard]] std::uint16_t feed_port() const noexcept { return feed_port_; }
    [[nodiscard]] std::size_t pairs() const noexcept { return told_.size(); }
    [[nodiscard]] std::uint64_t losses() const noexcept { return losses_.load(std::memory_order_relaxed); }

private:
    /// What an order among the facts still waits for.
    enum class Handed : std::uint8_t { other, order, withdrawn };
    struct Told {
        Reason reason = Reason::none;
        TimeNs at_ns = 0;
    };

    void on_login(std::string_view session, std::uint64_t next_sequence, TimeNs now_ns) override;
    void on_report(std::uint64_t sequence, std::span<const std::uint8_t> message, TimeNs now_ns) override;
    [[nodiscard]] bool replay_order(const HotFact& fact);
    void run(int cpu);
    void turn(TimeNs now_ns);
    void poll(TimeNs now_ns);
    void reconnect(TimeNs now_ns);
    void on_loss(TimeNs now_ns, std::string_view why);
    void note_state();
    void withdraw_newest() noexcept;
    void note_feed(TimeNs now_ns);
    void set_state(HotDeskState state) noexcept;
    [[nodiscard]] bool has_room() const noexcept;
    void apply_journaled() noexcept;
    void hand_orders();
    void hand_told(TimeNs now_ns);
    void hand(const OrderRecord& record);
    void end_order(OrderId order_id, TimeNs now_ns, std::string_view why);
    HotFact& fact(HotFactKind kind, TimeNs now_ns);
    void push(Handed handed = Handed::other);
    void end(TimeNs now_ns, std::string_view why);
    void run_calls();
    [[nodiscard]] bool apply(HotSteering what, std::uint32_t pair);

    HotPath path_;
    std::unique_ptr<HotSockets> sockets_;
    HotFacts facts_;
    std::vector<Handed> handed_;          ///< of the facts that were not said to be on disk: from journaled_seen_ to pushed_
    std::uint64_t pushed_ = 0;
    std::uint64_t journaled_seen_ = 0;
    std::size_t handed_orders_ = 0;       ///< orders among these that the outbox still holds
    OrderId last_handed_ = 0;
    std::vector<OrderId> untold_ends_;    ///< what an earlier life learned and did not write down
    std::vector<Told> told_;              ///< last refusal of each pair
    TimeNs timers_at_ns_ = 0;
    TimeNs reconnect_at_ns_ = 0;
    TimeNs feed_at_ns_ = 0;               ///< last datagram of our session of the feed
    std::uint64_t feed_datagrams_ = 0;    ///< of our session
    std::uint64_t other_datagrams_ = 0;
    bool has_pushed_ = false;
    std::uint16_t feed_port_ = 0;
    EventFlag facts_ready_;
    EventFlag wake_;
    std::atomic<std::uint64_t> journaled_{0};
    std::atomic<std::uint64_t> losses_{0};
    std::atomic<HotDeskState> state_{HotDeskState::idle};
    std::atomic<bool> is_stopping_{false};
    std::atomic<bool> has_calls_{false};
    std::mutex life_mutex_;               // start() against stop(), and one stop() against another
    std::mutex mutex_;                    // of what follows
    std::condition_variable called_;
    std::deque<std::function<void()>> calls_;
    std::uint64_t calls_asked_ = 0;
    std::uint64_t calls_done_ = 0;
    bool is_running_ = false;
    std::thread thread_;
};

}  // namespace parley
