#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/itch_book.hpp"
#include "parley/mold_udp64.hpp"
#include "parley/order_outbox.hpp"
#include "parley/ouch_events.hpp"
#include "parley/pairs.hpp"
#include "parley/signal_graph.hpp"

namespace parley {

/// Prices count 1e-4 US dollar, as ITCH and OUCH do; a lot is a share.
inline constexpr std::int64_t kTickNanosE4 = 100'000;

struct HotPathConfig {
    std::vector<std::string> symbols;        ///< the instruments: slot i of graph, gate and pairs
    std::vector<SignalNode> nodes;           ///< over those instruments
    std::vector<PairTerms> pairs;
    std::vector<std::uint32_t> zscores;      ///< node of each pair
    PairsTrader::Settings settings;
    Controls::Subject owner{};
    Limits limits;
    itch::BookLimits books;
    SendPolicy send = SendPolicy::journal_first;
    std::size_t outbox_orders_max = 4'096;
    std::uint64_t feed_begins_at = 0;     ///< first message that is asked for; 0: the stream begins with what comes first
};

enum class HotPathFault : std::uint8_t { none, symbols, graph, pairs, zscores, owner };
[[nodiscard]] std::string_view to_text(HotPathFault fault) noexcept;

struct HotPathCounts {
    std::uint64_t messages = 0;
    std::uint64_t malformed_messages = 0;
    std::uint64_t quotes = 0;             ///< changes of the best price or size of an instrument of ours
    std::uint64_t trades = 0;
    std::uint64_t orders = 0;
    std::uint64_t blocked = 0;            ///< signals left undecided: the outbox was full, or the session lost
    std::uint64_t withdrawn = 0;          ///< orders that never left whole before the session was lost
    std::uint64_t malformed_reports = 0;
    std::uint64_t adopted = 0;            ///< orders that only the venue knew, told by it after a login
    std::uint64_t never_arrived = 0;      ///< orders that the venue did not know after a login
    std::uint64_t busts = 0;              ///< executions that the venue took back
};

/// What the gate refused: nothing was sent.
struct PairRefusal {
    TimeNs at_ns = 0;
    std::uint32_t pair = 0;
    std::uint8_t leg = 0;
    Refusal refusal;
};

/// From the bytes of the feed to the bytes of orders, on one thread: MoldUDP64 and ITCH in, books, signals, pairs, risk
/// gate, OUCH in SoupBinTCP out. A packet is one instant: its quotes are looked at once it is applied, so that nothing
/// is decided between the two halves of a move. The same packets, reports and times give the same orders; an instrument
/// that has not been said to trade is halted. No clock, no lock, and once it is warm no allocation, but that the memory
/// of recent orders doubles now and then until it holds 65,536.
class HotPath {
public:
    /// `fault` must be none.
    explicit HotPath(const HotPathConfig& config);
    HotPath(const HotPath&) = delete;
    HotPath& operator=(const HotPath&) = delete;
    [[nodiscard]] static HotPathFault check(const HotPathConfig& config);

    /// A MoldUDP64 packet. One behind a gap waits until the gap is filled or given up; see feed().
    void on_packet(std::span<const std::uint8_t> packet, TimeNs now_ns);
    /// An OUCH message from the venue.
    void on_report(std::span<const std::uint8_t> message, TimeNs now_ns);
    /// Timers of the graph, and positions whose time is up though their spread is silent.
    void on_time(TimeNs now_ns);
    /// What follows the bytes of an order: counting it in every scope of the gate. Call it when they have left; what
    /// comes before it was called is answered as if it had been.
    void settle() { gate_.settle(); }

    /// An order that an earlier life recorded, and that was about to leave: it works until a report, on_end() or the
    /// venue's answer about the account says otherwise.
    void replay(const OrderRecord& record, std::uint8_t leg);
    /// The order never left, or never arrived.
    void on_end(OrderId order_id, TimeNs now_ns);
    /// A login was accepted, and the venue was asked which reference it expects next: until its answer nothing is decided,
    /// orders that it tells of and nobody here recorded are adopted, and with it those that never arrived have ended.
    void begin_recovery() noexcept;
    /// Nothing is decided any more, whatever the session says; books and reports go on.
    void stop_deciding() noexcept { is_over_ = true; }
    /// Ids of orders that the last answer ended.
    [[nodiscard]] std::span<const OrderId> never_arrived() const noexcept { return never_arrived_; }

    /// The session with the venue is lost. Orders that never left whole are withdrawn, and stand in withdrawn() for the
    /// journal; what did leave still counts. Nothing is decided until on_reconnect().
    void on_disconnect(TimeNs now_ns);
    void on_reconnect() noexcept { is_connected_ = true; }
    [[nodiscard]] std::span<const OrderRecord> withdrawn() const noexcept { return withdrawn_; }

    /// Goes on behind the oldest gap: books that missed messages may be wrong, which their flaws count.
    std::uint64_t give_up_gap(TimeNs now_ns);
    /// Sequence, gaps and requests for what is missing.
    [[nodiscard]] mold::Receiver<>& feed() noexcept { return feed_; }
    [[nodiscard]] OrderOutbox& outbox() noexcept { return outbox_; }
    [[nodiscard]] PairsTrader& trader() noexcept { return trader_; }
    [[nodiscard]] StrategyGate& gate() noexcept { return gate_; }
    [[nodiscard]] const SignalGraph& graph() const noexcept { return graph_; }
    [[nodiscard]] const itch::Books& books() const noexcept { return books_; }
    [[nodiscard]] const HotPathCounts& counts() const noexcept { return counts_; }
    /// Since they were last cleared, as far as there was room; pairs that gave up, too.
    [[nodiscard]] std::span<const PairRefusal> refusals() const noexcept { return refusals_; }
    [[nodiscard]] std::span<const std::uint32_t> given_up() const noexcept { return given_up_; }
    void clear_told() noexcept {
        refusals_.clear();
        given_up_.clear();
        never_arrived_.clear();
    }
    [[nodiscard]] const Touch& touch(std::uint32_t slot) const noexcept { return touches_[slot]; }
    [[nodiscard]] double zscore(std::uint32_t pair) const noexcept { return graph_.value(zscores_[pair]); }
    /// Of signals and pairs.
    [[nodiscard]] std::uint64_t state_hash() const noexcept;

private:
    friend struct HotPathVisitor;
    friend struct ReportVisitor;
    static constexpr std::uint32_t kNoSlot = 0xffffffff;
    static constexpr std::size_t kToldMax = 256;
    static constexpr std::size_t kExecutionsMax = 65'536;

    void look_ahead(std::span<const std::uint8_t> packet) const noexcept;
    void apply(std::span<const std::uint8_t> message);
    void list_pairs();
    void list(itch::StockDirectory message);
    void set_trading(itch::StockTradingAction message) noexcept;
    void on_change(itch::BookChange change) noexcept;
    void quote_changed();
    void on_quote(std::uint32_t slot, const itch::Quote& bid, const itch::Quote& ask);
    void decide_fired();
    void decide(std::uint32_t pair, double zscore);
    void write_orders();
    void note(const PairDecision& decision);
    void fill(ouch::OrderExecuted event, TimeNs now_ns);
    void bust(ouch::BrokenTrade event, TimeNs now_ns);
    void adopt(ouch::OrderAccepted event, TimeNs now_ns);
    void end_recovery(ouch::UserReference next, TimeNs now_ns);

    SignalGraph graph_;
    StrategyGate gate_;
    PairsTrader trader_;
    itch::Books books_;
    OrderOutbox outbox_;
    mold::Receiver<> feed_;
    std::vector<std::string> symbols_;
    std::vector<std::uint32_t> slot_of_locate_;
    std::vector<std::uint32_t> pair_of_node_;
    std::vector<std::uint32_t> zscores_;
    std::vector<std::uint32_t> pairs_;         ///< of each instrument, one behind the other
    std::vector<std::uint32_t> pairs_ends_;    ///< by slot
    std::vector<Touch> touches_;
    std::vector<std::uint16_t> changed_;      ///< locates of ours whose best changed within the packet, each once
    std::vector<std::uint8_t> has_changed_;   ///< by slot
    std::vector<ouch::EnterOrder> templates_;  ///< of each instrument
    std::vector<OrderRecord> withdrawn_;       ///< by the last on_disconnect()
    std::vector<ouch::ClientOrderId> names_;   ///< of each leg of each pair
    /// An execution that may be taken back.
    struct Execution {
        StrategyOrder order;
        StrategyFill fill;
        std::uint32_t pair = 0;
    };
    std::vector<Execution> executions_;        ///< the last kExecutionsMax, in a ring
    std::uint64_t executed_ = 0;
    std::vector<OrderId> never_arrived_;
    std::vector<PairRefusal> refusals_;
    std::vector<std::uint32_t> given_up_;
    HotPathCounts counts_;
    TimeNs now_ns_ = 0;
    bool is_connected_ = true;
    bool is_over_ = false;
};

}  // namespace parley
