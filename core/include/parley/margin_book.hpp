#pragma once
// The portfolio margin of every account that has collateral, kept as positions and prices change, so that the margin
// after an order is known exactly before it trades. docs/risk-gate.md explains what is kept and when it is renewed.

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "parley/bytes.hpp"
#include "parley/flat_map.hpp"
#include "parley/inputs.hpp"
#include "parley/margin_inputs.hpp"
#include "parley/margin_lanes.hpp"
#include "parley/risk.hpp"

namespace parley {

/// Expiries of one coin at a time; the options of a further one have no margin and so no order.
inline constexpr std::size_t kExpiriesMax = 63;
/// Executions of an account that a later SetCollateral may not know yet.
inline constexpr std::size_t kCashFlowsMax = 1'024;

class MarginBook {
public:
    using Slot = std::uint32_t;
    struct Headroom {
        double after = 0.0;  ///< net initial margin, dollars; below zero nothing may be opened
        double before = 0.0;
        bool is_priced = true;  ///< false: an instrument held or ordered has no margin inputs
    };
    /// An instrument as the engine knows it.
    struct Listed {
        InstrumentId id = 0;
        TimeNs expiry_at_ns = 0;
        std::int64_t coin = 0;
        double lot = 0.0;   ///< coins of a lot, or dollars of an inverse future's or perpetual's
        double tick = 0.0;  ///< of its price
    };

    void describe(Slot instrument, const Listed& listed, const DescribeInstrument& terms);
    [[nodiscard]] bool is_described(Slot instrument) const noexcept {
        return instrument < instruments_.size() && instruments_[instrument].coin >= 0;
    }
    void forget_instrument(Slot instrument);
    void set_parameters(const SetMarginParameters& input);
    void set_inputs(const SetMarginInputs& input, std::span<const MarginExpiry> expiries,
                    std::span<const MarginMark> marks, const FlatMap<Slot>& instrument_slots);
    /// Cash and coins as the ledger has them; what later executions moved is added again. Refuses collateral_outdated.
    [[nodiscard]] Refusal set_collateral(Slot account, const SetCollateral& command,
                                         std::span<const CoinBalance> balances);

    [[nodiscard]] bool is_margined(Slot account) const noexcept {
        return account < accounts_.size() && accounts_[account] != nullptr;
    }
    /// A future or perpetual held since before the account had a margin: entered at its mark of now.
    void begin(Slot account, Slot instrument, std::int64_t lots);
    void set_position(Slot account, Slot instrument, const Position& position);
    void execute(Slot account, Slot instrument, std::int64_t lots, PriceTicks price, std::int64_t execution_id);
    /// As if `lots` (signed) were bought at `price`. The account is margined.
    [[nodiscard]] Headroom headroom(Slot account, Slot instrument, std::int64_t lots, PriceTicks price) const;
    /// The same without `before`, which asks for more.
    [[nodiscard]] Headroom headroom_after(Slot account, Slot instrument, std::int64_t lots, PriceTicks price) const;
    /// Whether the account may open that: its initial margin after a fill never lies below zero, unless the order betters
    /// it. Passes for an account without collateral. margin_headroom (value: micro-dollars after), or
    /// stale_or_jumped_market where something is not priced.
    [[nodiscard]] Refusal check(Slot account, Slot instrument, std::int64_t lots, PriceTicks price) const;
    /// Whether the order passes for sure, told by bounds alone: no scenario is looked at. False says nothing: check()
    /// says. The account is margined.
    [[nodiscard]] bool is_clear(Slot account, Slot instrument, std::int64_t lots, PriceTicks price) const noexcept;
    /// Net initial margin of the account over all coins, dollars.
    [[nodiscard]] double initial(Slot account) const;

    void save(Writer& writer, std::span<const AccountId> accounts) const;
    /// Positions are set afterwards, with set_position.
    void load(Reader& reader, const FlatMap<Slot>& account_slots, const FlatMap<Slot>& instrument_slots,
              std::span<const Listed> listed);

private:
    static constexpr std::uint8_t kNoExpiry = 0xff;
    static constexpr std::uint32_t kNoPlace = 0xffffffff;

    struct Instrument {
        InstrumentId id = 0;
        TimeNs expiry_at_ns = 0;
        std::int64_t coin = -1;
        MarginKind kind{};
        bool is_inverse = false;
        bool is_call = false;
        bool is_priced = false;
        double strike = 0.0;
        std::int64_t venue_id = 0;
        double lot = 0.0;
        std::int64_t lot_nanos = 0;
        double tick = 0.0;
        std::uint8_t expiry = kNoExpiry;  ///< of its coin
        double forward = 0.0;             ///< the mark price, of a future or perpetual
        double volatility = 0.0;
        margin::Lanes values;
        std::vector<std::uint32_t> holders;  ///< places in Coin::accounts
    };
    /// What one account holds and works of one instrument.
    struct Entry {
        TimeNs order_time = 0;  ///< expiry of an option, the end of time for anything else: entries are in this order
        InstrumentId id = 0;
        Slot instrument = 0;
        std::uint32_t works = kNoPlace;  ///< in CoinAccount::works: of an option that has worked
        std::uint8_t expiry = kNoExpiry;
        double lots = 0.0;
        double buys = 0.0;
        double sells = 0.0;
        double entry = 0.0;  ///< of futures and perpetuals: coins (inverse) or dollars at which they were entered
        [[nodiscard]] bool is_working() const noexcept { return buys != 0.0 || sells != 0.0; }
        [[nodiscard]] bool is_empty() const noexcept { return lots == 0.0 && !is_working(); }
        [[nodiscard]] double short_lots() const noexcept { return sells > lots ? sells - lots : 0.0; }
        [[nodiscard]] double worst_lots() const noexcept;
    };
    static constexpr double kUnknown = -1.0;
    /// Options of one expiry that one account holds. A move of the marks goes through those of an expiry one after the
    /// other, so that few of them need what lies elsewhere: lots are repeated here where they are of few options.
    struct Holding {
        static constexpr std::size_t kRepeatedMax = 4;
        margin::Lanes sum;
        mutable double magnitude = kUnknown;  ///< of the sum
        std::uint32_t count = 0;              ///< options with lots
        std::uint32_t working = 0;            ///< options that work
        std::array<double, kRepeatedMax> lots{};
        std::array<Slot, kRepeatedMax> instruments{};
    };
    /// Where an account has what it holds of an expiry.
    struct Part {
        TimeNs at_ns = 0;
        std::uint8_t expiry = 0;
        std::uint32_t begin = 0, end = 0;  ///< in entries
        std::uint32_t at = 0;              ///< in the expiry's holdings
    };
    /// What a margin rests on besides the profits of options: sums over entries, and coins held.
    struct Totals {
        double coins = 0.0, options_value = 0.0;
        double short_coins = 0.0, gross_options = 0.0;
        double inverse_entry = 0.0, inverse_mark = 0.0, inverse_gross = 0.0, inverse_buys = 0.0, inverse_sells = 0.0;
        double linear_profit = 0.0, linear_exposure = 0.0, linear_gross = 0.0, linear_buys = 0.0, linear_sells = 0.0;
        void add(const Totals& other, double times) noexcept;
    };
    /// Entries by instrument: each at its hash or after it.
    class EntryIndex {
    public:
        void renew(std::span<const Entry> entries);
        /// kNoPlace where there is none.
        [[nodiscard]] std::uint32_t find(std::span<const Entry> entries, Slot instrument) const noexcept;

    private:
        [[nodiscard]] std::size_t home(Slot instrument) const noexcept {
            return instrument * 0x9e3779b97f4a7c15ULL >> 32 & (at_.size() - 1);
        }
        std::vector<std::uint32_t> at_;
    };
    /// Of one account in one coin.
    struct CoinAccount {
        Totals totals;  ///< of positions and what works, at marks; renewed with either
        Slot account = 0;
        std::uint32_t place = kNoPlace;  ///< of itself
        double coins = 0.0;
        EntryIndex index;
        std::vector<Entry> entries;  ///< by expiry time, then instrument id; futures and perpetuals last
        std::vector<Part> parts;  ///< by expiry time
        std::array<std::uint8_t, kExpiriesMax + 1> part_of;  ///< by expiry; kNoExpiry: none
        std::vector<margin::Lanes> works;                        ///< the worst of what works, of one option each
        std::vector<std::uint32_t> free_works;
        Wide short_nanos = 0, gross_nanos = 0;  ///< coins of options: exact, so that each order changes them by its own
        bool has_futures = false;
        std::uint32_t unpriced_options = 0, unpriced_others = 0;
        // renewed when asked for
        mutable std::uint64_t revision = 0;
        mutable double forward_losses = 0.0;
        mutable double initial = 0.0;
        CoinAccount() noexcept { part_of.fill(kNoExpiry); }
    };
    struct Expiry {
        TimeNs at_ns = 0;
        margin::ExpiryTerms terms;
        margin::ExpiryTerms summed;  ///< what the totals that hold the expiry were added up with
        std::vector<Slot> members;
        std::vector<Holding> holdings;
        std::vector<std::uint32_t> places;  ///< beside holdings: whose they are
    };
    struct Coin {
        double spot = 0.0;
        double maintenance_haircut = 0.0, initial_haircut = 0.0, stable_price = 1.0, confidence = 1.0;
        std::uint64_t revision = 1;  ///< of everything that the margins of its accounts rest on
        std::vector<Expiry> expiries;
        std::vector<CoinAccount> accounts;
        std::vector<margin::Total> totals;   ///< beside accounts: of all holdings and of everything that works, always
        std::vector<std::uint32_t> places;   ///< by account slot
        std::vector<std::uint64_t> touched;  ///< by place: bits of expiries to renew, while inputs are set
        std::uint64_t any_touched = 0;
    };
    /// What a bound of an order in an option rests on, in one line of the cache.
    struct alignas(64) Quick {
        margin::Fall fall;
        double now = 0.0;        ///< dollars of a lot
        double lot = 0.0;        ///< coins
        double lot_tick = 0.0;   ///< premium of a lot by a tick, coins (inverse) or dollars
        std::int32_t coin = 0;
        bool is_inverse = false;
        bool is_ready = false;   ///< a priced option
    };
    struct CashFlow {
        std::int64_t execution_id = 0;
        std::int64_t coin = 0;
        double cash = 0.0;
        double coins = 0.0;
    };
    struct Account {
        /// The net initial margin of the account is not below this one; renewed where the revision is not the book's.
        mutable double floor = 0.0;
        mutable std::uint64_t floor_revision = 0;
        mutable bool is_floor_near = false;  ///< nothing has lowered it since it was renewed
        double cash = 0.0;
        std::deque<CashFlow> flows;
        std::int64_t forgotten_execution_id = 0;
    };
    /// Bit of what is no expiry: futures and perpetuals.
    static constexpr std::uint64_t kTotalsBit = std::uint64_t{1} << 63;

    [[nodiscard]] Coin& coin(std::int64_t id);
    [[nodiscard]] CoinAccount& coin_account(Coin& coin, Slot account);
    [[nodiscard]] const CoinAccount* find(const Coin& coin, Slot account) const noexcept;
    [[nodiscard]] static std::uint8_t find_expiry(const Coin& coin, TimeNs at_ns) noexcept;
    [[nodiscard]] static std::uint8_t add_expiry(Coin& coin, TimeNs at_ns);
    void price(Coin& coin, Slot slot) noexcept;
    void note_priced(Coin& coin, const Instrument& instrument, Slot slot) noexcept;
    void renew_touched(Coin& coin) noexcept;
    void renew_holding(Coin& coin, Expiry& expiry, std::size_t at) noexcept;

    // positions
    [[nodiscard]] static Entry key_of(const Instrument& instrument, Slot slot) noexcept;
    [[nodiscard]] const Entry* find_entry(const CoinAccount& held, Slot instrument) const noexcept;
    Entry& entry_of(Coin& coin, CoinAccount& held, Slot instrument);
    void arrange(Coin& coin, CoinAccount& held);
    static void add_part(Coin& coin, CoinAccount& held, std::size_t at, const Entry& first);
    static void drop_part(Coin& coin, CoinAccount& held, std::size_t at);
    [[nodiscard]] static const Holding& holding_of(const Coin& coin, const Part& part) noexcept {
        return coin.expiries[part.expiry].holdings[part.at];
    }
    [[nodiscard]] static const Holding* find_holding(const Coin& coin, const CoinAccount& held,
                                                     std::uint8_t expiry) noexcept {
        const std::uint8_t at = held.part_of[expiry];
        return at == kNoExpiry ? nullptr : &holding_of(coin, held.parts[at]);
    }
    [[nodiscard]] static const margin::Total& total_of(const Coin& coin, const CoinAccount& held) noexcept;
    void renew_sum(const CoinAccount& held, const Part& part, Holding& holding) const noexcept;
    void revalue(const Coin& coin, Holding& holding, std::uint32_t place, std::uint8_t expiry) const noexcept;
    void move_sum(Coin& coin, const CoinAccount& held, const Part& part) const noexcept;
    void find_works(const Coin& coin, CoinAccount& held, const Entry& entry) const noexcept;
    void move_works(Coin& coin, CoinAccount& held, Entry& entry, bool was_working) const;
    void add_up(Coin& coin, const CoinAccount& held) const noexcept;
    static void count_option(const Instrument& instrument, const Entry& before, const Entry& after,
                             CoinAccount& held) noexcept;
    void recount(CoinAccount& held) const noexcept;
    void renew_others(CoinAccount& held) const noexcept;
    static void count(const Instrument& instrument, const Entry& entry, Totals& totals) noexcept;
    /// Moves `entry` and gives what it moves of dollars and coins.
    [[nodiscard]] static std::pair<double, double> trade(const Instrument& instrument, Entry& entry, double lots,
                                                         double price) noexcept;

    // margins
    void renew(const Coin& coin, const CoinAccount& held) const noexcept;
    [[nodiscard]] double futures_dollars(const Coin& coin, const CoinAccount& held, std::uint8_t expiry) const noexcept;
    [[nodiscard]] double forward_losses_of(const Coin& coin, const CoinAccount& held) const noexcept;
    [[nodiscard]] double losses_with_futures(const Coin& coin, const CoinAccount& held) const noexcept;
    [[nodiscard]] double working_losses(const Coin& coin, const CoinAccount& held) const noexcept;
    [[nodiscard]] double forward_change(const Coin& coin, const CoinAccount& held, const Entry& before,
                                        const Entry& after) const noexcept;
    [[nodiscard]] static Totals totals_of(const Coin& coin, const CoinAccount& held) noexcept;
    [[nodiscard]] static double net_initial(const Coin& coin, const Totals& totals, double least_profit) noexcept;
    [[nodiscard]] double initial_of(const Coin& coin, const CoinAccount& held) const noexcept;
    [[nodiscard]] double initial_with(const Coin& coin, const CoinAccount& held, Slot instrument, double lots,
                                      double price, double& cash) const noexcept;
    [[nodiscard]] double initial_with_option(const Coin& coin, const CoinAccount& held, const Entry& before,
                                             double lots, Totals totals) const noexcept;
    [[nodiscard]] static margin::Linear linear_of(const Coin& coin, const Totals& totals) noexcept {
        return {(totals.coins + totals.inverse_entry) * coin.spot + totals.linear_exposure,
                totals.linear_buys + totals.inverse_buys * coin.spot,
                totals.linear_sells + totals.inverse_sells * coin.spot};
    }

    // bounds: margin_book_quick.cpp
    void renew_quick(const Instrument& instrument, const margin::ExpiryTerms& terms, Slot slot) noexcept;
    [[nodiscard]] double loss_of(const Quick& quick, double lots, double price) const noexcept;
    void renew_floor(Slot account) const noexcept;
    [[nodiscard]] double find_floor(Slot account) const noexcept;
    [[nodiscard]] static double magnitude_of(const Coin& coin, const CoinAccount& held) noexcept;
    void lower_floor(Account& owner, const Entry& before, const Entry& after) const noexcept;
    [[nodiscard]] static double peg_factor(const Coin& coin) noexcept;
    [[nodiscard]] static double gross_rate(const Coin& coin) noexcept;

    void save_coin(Writer& writer, const Coin* coin) const;
    void save_instruments(Writer& writer) const;
    void save_account(Writer& writer, Slot account) const;
    void load_coin(Reader& reader, Coin& coin);
    void load_account(Reader& reader, Slot account, const FlatMap<Slot>& instrument_slots);

    std::vector<std::unique_ptr<Coin>> coins_;
    std::vector<Instrument> instruments_;
    std::vector<Quick> quick_;  // beside instruments_
    std::uint64_t revision_ = 1;  // of everything that the floors of all accounts rest on
    std::vector<std::unique_ptr<Account>> accounts_;
};

}  // namespace parley
