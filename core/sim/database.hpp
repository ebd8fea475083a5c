#pragma once

#include <map>
#include <set>

#include "base.hpp"
#include "command.hpp"
#include "parley/events.hpp"
#include "valkey.hpp"

namespace parley::sim {

/// The transaction was rolled back, or nobody knows whether it was; the connection is gone either way.
struct DatabaseError : std::runtime_error {
    DatabaseError() : std::runtime_error("the database connection is lost") {}
};

enum class OrderState : std::uint8_t { pending, open, filled, canceled, rejected };

struct OrderRow {
    PlaceOrder terms;
    OrderState state = OrderState::pending;
    std::int64_t cumulative = 0;
    std::int64_t leaves = 0;
    std::int64_t quantity = 0;
    friend bool operator==(const OrderRow& a, const OrderRow& b) noexcept {
        return a.terms.order_id == b.terms.order_id && a.state == b.state && a.cumulative == b.cumulative &&
               a.leaves == b.leaves && a.quantity == b.quantity;
    }
};

struct Booking {
    AccountId account;
    InstrumentId instrument;
    friend auto operator<=>(const Booking&, const Booking&) = default;
};

/// A journal of postings with a total per asset: asset 0 is cash in ticks times lots, others are instruments.
class Ledger {
public:
    void post(std::int64_t asset, AccountId debit, AccountId credit, std::int64_t amount);
    /// O1: debits equal credits in every asset.
    [[nodiscard]] bool is_balanced() const noexcept;
    friend bool operator==(const Ledger&, const Ledger&) = default;

private:
    std::map<std::pair<std::int64_t, AccountId>, std::int64_t> balances_;
};

/// Tables behind transactions that happen whole or not at all. The durable half of web process and dispatcher.
class Database {
public:
    struct Cursor {
        std::int64_t given = 0;
        std::int64_t event_number = 0;
        EntryId event_id;
    };
    struct Outbox {
        Command command;
        std::int64_t sequence = 0;  // 0: not numbered yet
    };
    /// Side of an execution: its id and its order. One id may have two.
    using FillKey = std::pair<std::int64_t, OrderId>;

    Cursor cursor;
    std::map<OrderId, OrderRow> orders;
    std::map<std::string, OrderId> orders_by_client_id;
    std::map<FillKey, std::int64_t> fills;  // lots
    std::map<Booking, std::int64_t> positions;
    std::map<ReservationId, std::vector<BlockLeg>> blocks;
    std::set<ReservationId> confirmed_blocks;
    Ledger ledger;

    explicit Database(Context* context) : context_(context) {}

    /// Runs `work` as one transaction. Throws DatabaseError: before, or after it is durable.
    template <typename Work>
    auto transaction(Work&& work) {
        if (context_ != nullptr && context_->strikes(Fault::commit_refused, 3)) throw DatabaseError();
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            lose_answer();
        } else {
            auto result = work();
            lose_answer();
            return result;
        }
    }

    void send_to_gateway(Command command) { outbox_.push_back({std::move(command), 0}); }
    /// Gives the oldest waiting commands their numbers.
    [[nodiscard]] std::vector<NumberedCommand> number(std::size_t count);
    [[nodiscard]] std::vector<NumberedCommand> read_after(std::int64_t sequence, std::size_t count) const;
    /// The command of a number that was given, or null.
    [[nodiscard]] const Command* find_command(std::int64_t sequence) const noexcept;
    [[nodiscard]] bool has_unnumbered() const noexcept;

    /// The handlers of one event. Throws Violation where the event cannot be true.
    void apply(const Event& event);

private:
    void lose_answer() {
        if (context_ != nullptr && context_->strikes(Fault::commit_unknown, 3)) throw DatabaseError();
    }
    OrderRow& order(OrderId id);
    void enter(const Event& event);
    void accept(const Event& event);
    void execute(const Event& event);
    void cancel(const Event& event);
    void restate(const Event& event);
    void confirm_block(const Event& event);

    Context* context_;
    std::vector<Outbox> outbox_;  // a number is its place + 1: given in the order of commit
    std::size_t numbered_ = 0;
};

}  // namespace parley::sim
