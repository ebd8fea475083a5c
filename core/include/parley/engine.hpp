#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "parley/account_limits.hpp"
#include "parley/entered_inputs.hpp"
#include "parley/events.hpp"
#include "parley/flat_map.hpp"
#include "parley/inputs.hpp"
#include "parley/margin_book.hpp"
#include "parley/order_book.hpp"
#include "parley/order_controls.hpp"
#include "parley/order_inputs.hpp"
#include "parley/position_table.hpp"
#include "parley/recent_ids.hpp"
#include "parley/risk.hpp"
#include "parley/route_inputs.hpp"

namespace parley {

inline constexpr std::size_t kInstrumentsMax = 65'536;
inline constexpr std::size_t kAccountsMax = 65'536;
inline constexpr std::size_t kWorkingOrdersMax = 1'000'000;
inline constexpr std::size_t kReservationsMax = 65'536;
/// Finished orders, and finished reservations, whose ids are still recognized.
inline constexpr std::size_t kRecentIdsMax = 65'536;

namespace bench {
struct GateAccess;
struct GroupAccess;
}

/// The deterministic heart: applies inputs in the order of the journal and says what happened. It knows no clock, no
/// file and no thread; the same inputs give the same events and the same state hash, from genesis or from a snapshot.
class Engine {
public:
    Engine();
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// Applies one journal record's payload and appends what it did. Throws BadEncoding for a payload that no encoder
    /// wrote, or a command out of sequence.
    void apply(std::uint64_t journal_sequence, std::span<const std::uint8_t> payload, std::vector<Event>& events);

    /// Payloads of records that follow one another, as if they were applied one by one, while the memory is asked for
    /// what the next ones will touch. Throws where one by one would; what came before has then been applied.
    using Payload = std::span<const std::uint8_t>;
    void apply_group(std::uint64_t first_sequence, std::span<const Payload> payloads, std::vector<Event>& events);

    [[nodiscard]] std::uint64_t journal_sequence() const noexcept { return journal_sequence_; }
    [[nodiscard]] std::int64_t event_number() const noexcept { return event_number_; }
    [[nodiscard]] std::int64_t command_sequence() const noexcept { return command_sequence_; }
    /// The newest order that a session of the gateway entered; kEnteredOrdersFrom before the first.
    [[nodiscard]] OrderId last_entered() const noexcept { return last_entered_; }

    /// The whole state, in an order that does not depend on how it came about.
    void save(std::vector<std::uint8_t>& bytes) const;
    /// Into an engine that has applied nothing. Throws BadEncoding.
    void load(std::span<const std::uint8_t> bytes);
    /// FNV-1a over the saved state, 16 hexadecimal digits.
    [[nodiscard]] std::string state_hash() const;

    struct Listing {
        InstrumentId id;
        std::string name;
        std::string terms_json;
    };
    struct Holding {
        AccountId account_id;
        InstrumentId instrument_id;
        Position position;
    };
    struct Working {
        OrderId order_id;
        AccountId account_id;
        InstrumentId instrument_id;
        Side side;
        PriceTicks price;
        Lots quantity;
        Lots leaves;
    };
    /// Net initial margin in dollars; empty for an account without collateral.
    [[nodiscard]] std::optional<double> initial_margin(AccountId id) const;
    /// As if `lots` (signed) were filled at the price.
    [[nodiscard]] std::optional<MarginBook::Headroom> margin_after(AccountId id, InstrumentId instrument_id,
                                                                   std::int64_t lots, PriceTicks price) const;
    [[nodiscard]] std::vector<Listing> listings() const;
    [[nodiscard]] std::vector<Holding> holdings() const;
    [[nodiscard]] std::vector<Working> working_orders() const;
    struct OpenRoute {
        OrderId route_id;
        std::string venue;
        AccountId account_id;
        InstrumentId instrument_id;
        Side side;
        Lots quantity;
        std::int64_t filled;
        Lots leaves;
        PriceTicks price;
        bool is_cancel_requested;
    };
    /// At work at other venues, by id.
    [[nodiscard]] std::vector<OpenRoute> open_routes() const;
    /// The last report of the venue that was taken; 0 before the first.
    [[nodiscard]] std::int64_t venue_report(std::string_view venue) const noexcept;
    [[nodiscard]] const OrderControls& order_controls() const noexcept { return order_controls_; }
    [[nodiscard]] const Controls& controls() const noexcept { return controls_; }
    /// Of every coin without its own; nothing for an unknown account, or one that has none.
    [[nodiscard]] std::optional<Limits> account_limits(AccountId id) const noexcept;
    [[nodiscard]] Position scope_position(ControlScope scope, std::int64_t scope_id, InstrumentId instrument_id) const;
    /// Empty for an unknown instrument.
    [[nodiscard]] std::vector<OrderBook::Depth> depth(InstrumentId id, Side side, std::size_t count) const;

    /// What an uncrossing now would do. Without lots: nothing crosses.
    struct Uncrossing {
        PriceTicks price;
        Lots lots;
        std::int64_t imbalance_lots = 0;  ///< buy lots less sell lots at the price
    };
    [[nodiscard]] Uncrossing indicative(InstrumentId id) const;

private:
    friend struct bench::GateAccess;
    friend struct bench::GroupAccess;
    using Slot = std::uint32_t;
    using Owner = OrderOwner;
    static constexpr Slot kVenueSlot = 0;
    static constexpr std::uint8_t kFinishedOrder = 1;

    struct alignas(64) Account {
        AccountLimits limits;
        AccountId id = 0;
        std::int64_t firm_id = 0;
        std::int64_t desk_id = 0;
    };

    /// Waiting stops of one side: the first to be triggered is in front.
    using WaitingStops = std::map<std::pair<std::int64_t, std::uint64_t>, OrderIndex>;

    struct Instrument {
        explicit Instrument(BookNodes& nodes) : book(nodes) {}
        // what every order asks for comes first
        InstrumentId id = 0;
        Valuation valuation;
        std::int64_t coin = 0;
        TimeNs expiry_at_ns = 0;
        Reference reference;
        bool is_delivered = false;
        InstrumentPhase phase{};
        OrderBook book;
        std::string name;
        std::string terms_json;
        std::int64_t venue_id = kPaperVenue;
        std::vector<OrderIndex> venue_orders;
        PriceBands bands;
        PriceTicks last_price;    ///< of the last trade; 0: none
        PriceTicks quoted[2];     ///< the venue's best prices; 0: none
        WaitingStops stops[2][2];  ///< by trigger and side
        std::map<std::uint64_t, OrderIndex> pegs;  ///< by arrival, in the book or waiting for a quote
        /// By account and arrival, so that the oldest keeps its lots longest.
        std::map<std::pair<Slot, std::uint64_t>, OrderIndex> reduce_only;
    };

    /// An order that acts now: new, triggered, pegged anew or amended; or the venue's quote. `index`: its place, if it
    /// has one already.
    struct Incoming {
        OrderId order_id = 0;
        Slot account = kVenueSlot;
        Slot instrument = kNone;
        PositionIndex position = kNone;  ///< kNone: of the venue
        std::uint32_t path = 0;          ///< where it was: see ControlPaths
        Owner owner;
        Side side{};
        Lots quantity;
        Lots leaves;
        PriceTicks limit;
        SelfMatch self_match{};
        bool is_post_only = false;
        OrderIndex index = kNone;
    };
    struct MatchHandler;

    /// An order at another venue. Its risk is held until the venue's last word on it; after that it is kept for a while,
    /// because a venue may have more to say.
    struct Route {
        std::string venue;
        std::int64_t venue_id = 0;
        Slot account = kNone;
        Slot instrument = kNone;
        PositionIndex position = kNone;
        Owner owner;
        Side side{};
        Lots quantity;
        std::int64_t filled = 0;
        Lots leaves;  ///< 0: ended
        PriceTicks price;
        bool is_cancel_requested = false;
    };

    enum class BlockOutcome : std::uint8_t { confirmed, voided };

    /// One side of a trade that somebody wants: what the risk gate is asked. Without a price: as far as the collar.
    struct Intent {
        Slot account = kNone;
        Slot instrument = kNone;
        PositionIndex position = kNone;  ///< kNone: none yet
        Owner owner;
        OrderId order_id = 0;  ///< 0: a leg of a block
        OrderAttribution attribution;
        std::int64_t venue_id = 0;  ///< of a route; 0: our own book
        ControlPath* path = nullptr;
        std::uint64_t identity = 0;  ///< of an order that passed with nothing in the way
        Side side{};
        Lots lots;
        std::optional<PriceTicks> price;
    };

    /// What an order is and what it is to be.
    struct Amendment {
        OrderIndex index = kNone;
        Lots executed;
        Lots leaves_before;
        Lots leaves;
        PriceTicks price_before;
        PriceTicks price;

        [[nodiscard]] bool keeps_place() const noexcept { return price == price_before && leaves <= leaves_before; }
    };

    // engine_ahead.cpp: a group of records, looked at before they act
    struct Ahead;
    static constexpr std::size_t kAhead = 24;  ///< how long before its turn a record is looked at
    static constexpr std::size_t kRing = 32;
    static_assert(kAhead < kRing);
    /// A group of n records takes n + kAhead steps.
    void advance(std::size_t step, std::uint64_t first_sequence, std::span<const Payload> payloads,
                 std::vector<Event>& events);
    void begin_record(std::uint64_t journal_sequence, TimeNs now_ns, std::vector<Event>& events);
    void look(Ahead& ahead, Payload payload);
    void fetch_order(Ahead& ahead) noexcept;
    void fetch_around(Ahead& ahead) noexcept;
    void fetch_controls(const Ahead& ahead, const Owner& owner) noexcept;
    void fetch_level(Ahead& ahead) noexcept;
    void fetch_youngest(const Ahead& ahead) noexcept;

    // engine_often.cpp: what comes in great numbers
    template <typename Command>
    void apply_fixed(std::uint64_t journal_sequence, Payload payload, std::vector<Event>& events);
    void apply_other(std::uint64_t journal_sequence, Payload payload, std::vector<Event>& events);

    // engine.cpp: dispatch, market inputs, instruments
    void dispatch(InputKind kind, Reader& reader);
    void dispatch_command(InputKind kind, Reader& reader);
    void dispatch_control(InputKind kind, Reader& reader);
    template <typename Command>
    Command take_command(Reader& reader);
    /// Throws where the command is not the next one.
    void answer(std::int64_t command_sequence) {
        if (command_sequence != command_sequence_ + 1) refuse_sequence();
        answering_ = command_sequence_ = command_sequence;
    }
    static void refuse_sequence();
    void on(const ListInstrument& input);
    void on(const Deliver& input);
    void on(const SetQuotes& input, Reader& reader);
    void on(const SetLimits& command);
    void on(const SetTradingState& command);
    void on(const SetKillSwitch& command);
    void on(const SettleInstrument& command);
    void on(const RefuseCommand& command);
    void quote(Instrument& instrument, Quotes& quotes);
    void keep_or_withdraw(Instrument& instrument, OrderIndex index, Quotes& quotes);
    void rest_venue_order(Instrument& instrument, Side side, QuoteLevel level);
    void forget_instrument(Slot slot);

    // engine_orders.cpp: orders of clients
    void on(const PlaceOrder& command);
    [[nodiscard]] Refusal pass_gate(const PlaceOrder& command, Intent& intent);
    void count_cancel(OrderIndex index);
    void admit(const Intent& intent);
    [[nodiscard]] static Owner owner_of(const PlaceOrder& command) noexcept;
    [[nodiscard]] bool is_known(OrderId id) const noexcept;
    void on(const CancelOrder& command);
    void on(const CancelAll& command);
    [[nodiscard]] Refusal check_order(const PlaceOrder& command, Intent& intent) const;
    [[nodiscard]] Refusal check_form(const PlaceOrder& command) const;
    [[nodiscard]] Refusal check_book(const PlaceOrder& command, const Intent& intent) const;
    [[nodiscard]] Refusal check_terms(const PlaceOrder& command) const;
    [[nodiscard]] Refusal check_combination(const PlaceOrder& command) const;
    [[nodiscard]] Refusal check_phase(const PlaceOrder& command, const Instrument& instrument) const noexcept;
    [[nodiscard]] Refusal check_reduce_only(const PlaceOrder& command, Intent& intent) const;
    void execute(const PlaceOrder& command, const Intent& intent);
    [[nodiscard]] SpecialTerms special_of(const PlaceOrder& command) const noexcept;

    // engine_entered.cpp: orders of the gateway's own sessions
    void on(const EnterOrder& entered, const PlaceOrder& order);
    void on(const EnterCancel& request);
    void on(const EnterAmend& request);
    void on(const EnterRoute& entered, const PlaceRoute& route, const PlaceOrder& order);
    void take_entered(const PlaceOrder& order);
    [[nodiscard]] std::int64_t mid_half_ticks(Slot instrument) const noexcept;

    // engine_routes.cpp: orders that work at other venues
    void on(const PlaceRoute& route, const PlaceOrder& order);
    void on(const CancelRoute& command);
    void on(const AmendRoute& command);
    void on(const ReportRoute& report);
    [[nodiscard]] Refusal pass_route_gate(const PlaceRoute& route, const PlaceOrder& order, Intent& intent);
    [[nodiscard]] Refusal check_route(const PlaceOrder& order, Intent& intent) const;
    [[nodiscard]] Refusal check_route_form(const PlaceOrder& order) const;
    [[nodiscard]] Refusal check_route_amend(const AmendRoute& command, Route& route, Lots quantity, PriceTicks price);
    void count_route_message(const Route& route);
    void request_route_cancel(OrderId id, Route& route, Reason reason);
    void request_route_cancels(ControlScope scope, std::int64_t scope_id, Reason reason);
    [[nodiscard]] bool is_route_covered(const Route& route, ControlScope scope, std::int64_t scope_id) const;
    void execute_route(Route& route, const ReportRoute& report);
    void hold_route(Route& route, Lots leaves);
    void end_route(OrderId id, Route& route);
    void seed_routes(ControlScope scope, std::int64_t scope_id);
    [[nodiscard]] OrderId find_route_in(Slot instrument) const noexcept;
    void forget_routes_in(Slot instrument);
    void save_routes(Writer& writer) const;
    void load_routes(Reader& reader);

    // engine_trading.cpp: what acts, trades, rests and leaves
    void enter(Incoming& order, const SpecialTerms& special);
    [[nodiscard]] Reason trade(Incoming& order);
    [[nodiscard]] Reason trade_in_bands(Incoming& order);
    [[nodiscard]] bool is_filled_at_once(const Incoming& order, Lots least) const;
    void finish(const Incoming& order, Reason reason);
    void rest(const Incoming& order, const SpecialTerms& special);
    OrderIndex keep(const Incoming& order, const SpecialTerms& special);
    void report_trade(OrderIndex index, PriceTicks price, Lots lots, const Incoming& taker);
    void report_side(const Incoming& order, AccountId other, std::int64_t execution_id, PriceTicks price, Lots lots,
                     Lots leaves, Liquidity liquidity);
    bool meet_itself(OrderIndex index, Incoming& order);
    [[nodiscard]] Incoming incoming_of(OrderIndex index) const noexcept;
    /// Out of its book or waiting place, to act again; its place and id stay.
    [[nodiscard]] Incoming take_out(OrderIndex index);
    void remember_special(OrderIndex index);
    void forget_special(OrderIndex index);
    void release(OrderIndex index);

    // engine_life.cpp: amending, expiry, reduce-only
    void on(const AmendOrder& command);
    void amend_thoroughly(const AmendOrder& command, OrderIndex index);
    [[nodiscard]] Amendment amendment_of(const AmendOrder& command, OrderIndex index) const noexcept;
    [[nodiscard]] Intent intent_of(const Amendment& change) const;
    [[nodiscard]] Refusal check_amend(const AmendOrder& command, const Amendment& change) const;
    [[nodiscard]] Refusal check_replacement(const Amendment& change);
    /// What nearly every amendment is. False: nothing was done; it is amended as any other.
    [[nodiscard]] bool amend_plainly(const AmendOrder& command, OrderIndex index);
    [[nodiscard]] bool may_move(OrderIndex index, PriceTicks price) noexcept;
    void amend(const Amendment& change);
    void replace(OrderIndex index, Lots quantity, Lots leaves, PriceTicks price);
    void shrink(OrderIndex index, Lots leaves);
    void restate(OrderIndex index, Lots leaves, Reason reason);
    void expire();
    [[nodiscard]] std::int64_t reducible(Slot account, Slot instrument, Side side, OrderIndex without) const noexcept;
    void enforce_reduce_only(Slot account, Slot instrument);

    // engine_triggers.cpp: stops and pegs
    void trigger_stops(Slot slot);
    [[nodiscard]] OrderIndex find_triggered(const Instrument& instrument) const noexcept;
    void activate(OrderIndex index);
    [[nodiscard]] PriceTicks collar_price(const Incoming& order) const noexcept;
    [[nodiscard]] PriceTicks peg_price(const Instrument& instrument, Side side, const SpecialTerms& special) const noexcept;
    void reprice_pegs(Slot slot);

    // engine_auction.cpp: phases, uncrossing, bands
    void on(const SetInstrumentPhase& command);
    void on(const SetPriceBands& command);
    void change_phase(Slot slot, InstrumentPhase phase, const Uncrossing& done);
    [[nodiscard]] Uncrossing find_uncrossing(const Instrument& instrument) const;
    Uncrossing uncross(Slot slot);
    void trade_pair(Slot slot, PriceTicks price, Lots& left);
    void trade_remainder(Slot slot);
    void cancel(OrderIndex index, Reason reason);
    std::int64_t cancel_where(ControlScope scope, std::int64_t scope_id, Reason reason);
    [[nodiscard]] bool is_covered(OrderIndex index, ControlScope scope, std::int64_t scope_id) const;

    // engine_risk.cpp: the gate, reservations
    [[nodiscard]] Refusal check_intent(Intent& intent) const;
    [[nodiscard]] bool is_clear(Intent& intent) const noexcept;
    [[nodiscard]] bool is_trading(const Instrument& instrument) const noexcept;
    [[nodiscard]] bool measure(ControlPath& path, const Instrument& instrument) const noexcept;
    [[nodiscard]] bool is_measured(ControlPath& path, const Instrument& instrument) const noexcept;
    [[nodiscard]] bool is_in_collar(ControlPath& path, const Instrument& instrument, Side side,
                                    PriceTicks price) const noexcept;
    [[nodiscard]] bool is_within(ControlPath& path, const Instrument& instrument, Side side, Lots lots,
                                 PriceTicks price, std::int64_t worst) const noexcept;
    [[nodiscard]] std::uint64_t identity_of(const Intent& intent) const noexcept;
    [[nodiscard]] double lot_risk_of(const Instrument& instrument) const noexcept;
    [[nodiscard]] Refusal check_controls(Intent& intent) const;
    [[nodiscard]] ControlPath& path_of(Slot account, Slot instrument, const Owner& owner) const;
    /// Of an order at work, which remembers where it was.
    [[nodiscard]] ControlPath& path_of(OrderIndex index);
    [[nodiscard]] ControlPath& find_path(OrderIndex index);
    [[nodiscard]] std::uint64_t paths_revision() const noexcept;
    void put_together(ControlPath& path, const Owner& owner) const;
    [[nodiscard]] Refusal check_account(const OrderFacts& facts, const Limits& limits, PriceTicks collar) const;
    [[nodiscard]] Controls::Subject subject_of(Slot account, Slot instrument, const Owner& owner) const noexcept;
    [[nodiscard]] Refusal check_trading(const Instrument& instrument) const noexcept;
    [[nodiscard]] Position position_of(Slot account, Slot instrument) const noexcept;
    [[nodiscard]] Position position_at(PositionIndex index) const noexcept {
        return index == kNone ? Position{} : positions_[index].position;
    }
    void on(const ReserveBlock& command, Reader& reader);
    void on(const ConfirmBlock& command);
    void on(const VoidBlock& command);
    struct LegRefusal {
        Refusal refusal;
        AccountId account_id = 0;
        std::int64_t leg_index = 0;
    };
    [[nodiscard]] Refusal check_reservation(const ReserveBlock& command) const;
    [[nodiscard]] LegRefusal reserve_legs(const std::vector<BlockLeg>& legs);
    [[nodiscard]] LegRefusal check_leg(const BlockLeg& leg) const;
    void hold(const BlockLeg& leg, std::int64_t direction);
    void book_leg(const BlockLeg& leg);
    void refuse_block(ReservationId id, const LegRefusal& refused);

    // engine_controls.cpp: controls by scope; every change of a position or of what works goes through here
    void on(const SetScopeLimits& command, Reader& reader);
    void on(const SetInstrumentPermission& command);
    void on(const SetTraderAuthorization& command);
    void on(const GrantOverride& command);
    void on(const EnableScope& command);
    void on(const SetParentOrder& command);
    [[nodiscard]] OrderFacts facts_of(Slot account, Slot instrument, const Owner& owner) const noexcept;
    [[nodiscard]] OrderFacts facts_of(const Intent& intent, Micros value) const noexcept;
    void change_working(PositionIndex position, const Owner& owner, Side side, std::int64_t lots);
    void change_position(PositionIndex position, const Owner& owner, Side side, Lots lots, PriceTicks price);
    void count_working_order(Slot account, Slot instrument, const Owner& owner, std::int64_t more);
    void seed_scope(ControlScope scope, std::int64_t scope_id);
    [[nodiscard]] static bool covers(ControlScope scope, std::int64_t scope_id, const Controls::Subject& subject) noexcept;
    void answer_control(Refusal refusal, ControlKind kind, ControlScope scope, std::int64_t scope_id,
                        std::int64_t value);
    [[nodiscard]] std::vector<OrderControls::Terms> control_terms() const;

    // engine_margin.cpp: portfolio margin of accounts with collateral
    void on(const DescribeInstrument& input);
    void on(const SetMarginParameters& input);
    void on(const SetMarginInputs& input, Reader& reader);
    void on(const SetCollateral& command, Reader& reader);
    void begin_margin(Slot account);
    [[nodiscard]] Refusal check_margin(const Intent& intent) const;
    [[nodiscard]] static MarginBook::Listed listed_of(const Instrument& instrument) noexcept;
    void save_margin(Writer& writer) const;
    void load_margin(Reader& reader);

    // engine_state.cpp: snapshot
    void save_accounts(Writer& writer) const;
    void load_accounts(Reader& reader);
    void save_instruments(Writer& writer) const;
    void load_instruments(Reader& reader);
    void save_book(Writer& writer, const Instrument& instrument) const;
    void load_book(Reader& reader, Slot slot);
    void save_order(Writer& writer, OrderIndex index) const;
    OrderIndex load_order(Reader& reader, Slot slot, Side side);
    [[nodiscard]] std::vector<OrderIndex> waiting_orders(const Instrument& instrument) const;
    void save_positions(Writer& writer) const;
    void load_positions(Reader& reader);
    void save_reservations(Writer& writer) const;
    void load_reservations(Reader& reader);

    template <typename... Values>
    Event& emit(EventKind kind, Reason reason, Values... values);
    void make_room_for_events();
    Event& emit_texts(EventKind kind, std::string first, std::string second);
    void refuse_command(std::string_view command_id, Refusal refusal);
    [[nodiscard]] Slot find_account(AccountId id) const noexcept;
    [[nodiscard]] Slot find_instrument(InstrumentId id) const noexcept;
    [[nodiscard]] Slot add_account(AccountId id);
    [[nodiscard]] Slot add_instrument(InstrumentId id);

    // state
    std::uint64_t journal_sequence_ = 0;
    std::int64_t event_number_ = 0;
    std::int64_t command_sequence_ = 0;
    std::int64_t next_execution_id_ = 1;
    OrderId last_entered_ = kEnteredOrdersFrom;
    TimeNs market_time_ns_ = 0;
    TimeNs alive_at_ns_ = 0;
    std::uint64_t market_revision_ = 0;
    CoinIndex coins_[kCoinsMax];
    std::vector<Account> accounts_;
    FlatMap<Slot> account_slots_;
    std::vector<std::unique_ptr<Instrument>> instruments_;
    std::vector<Slot> free_instruments_;
    FlatMap<Slot> instrument_slots_;
    BookNodes nodes_;
    NodeTable working_;
    std::uint64_t next_arrival_ = 1;
    std::set<std::pair<TimeNs, OrderId>> expiries_;
    RecentIds finished_orders_{kRecentIdsMax};
    PositionTable positions_;
    Controls controls_;
    OrderControls order_controls_;
    mutable ControlPaths paths_;
    mutable TimeNs paths_at_ns_ = 0;
    mutable std::uint64_t paths_revision_ = 1;
    MarginBook margin_;
    std::map<ReservationId, std::vector<BlockLeg>> reservations_;
    RecentIds finished_blocks_{kRecentIdsMax};
    std::map<OrderId, Route> routes_;  ///< at work, and the latest that ended
    std::deque<OrderId> ended_routes_;  ///< oldest first
    std::map<std::string, std::int64_t, std::less<>> venue_reports_;  ///< the last number taken, by venue

    std::vector<Ahead> ahead_;

    // the record being applied
    // in this order no event reads two neighbors at once that were written one by one, which would wait for both
    TimeNs now_ns_ = 0;
    std::vector<Event>* events_ = nullptr;
    std::int64_t answering_ = 0;
    std::uint32_t index_ = 0;
    std::vector<OrderIndex> quoted_before_;
    std::vector<MarginExpiry> margin_expiries_;
    std::vector<MarginMark> margin_marks_;
};

}  // namespace parley

#include "parley/engine_inline.hpp"  // IWYU pragma: export
