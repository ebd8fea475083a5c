#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "parley/events.hpp"
#include "parley/order_inputs.hpp"

/// The rules of matching once more, slow and obvious: maps, lists, and searches over all orders. One instrument; risk
/// limits so wide that only form, phase, book and bands refuse.
namespace reference {

using parley::EventKind;
using parley::Lots;
using parley::Reason;

/// Kind, reason, values: what the engine must say.
struct Said {
    EventKind kind;
    Reason reason;
    std::vector<std::int64_t> values;
};

struct Order {
    std::int64_t id = 0, account = 0;
    int side = 0;
    parley::OrderType type{};
    parley::TimeInForce lasts{};
    std::int64_t quantity = 0, leaves = 0, shown = 0;
    std::int64_t price = 0;  ///< where it stands, or would
    std::int64_t limit = 0;  ///< of a peg and of a stop-limit
    bool is_post_only = false, is_reduce_only = false, is_in_book = false, is_waiting_stop = false;
    parley::OrderTerms terms;
    std::int64_t expires = 0;
    std::int64_t arrival = 0;
};

class Book {
public:
    explicit Book(std::vector<Said>& said) : said_(said) {}

    void at(std::int64_t now);
    void place(const parley::PlaceOrder& command);
    void cancel(std::int64_t id);
    void amend(const parley::AmendOrder& command);
    void quote(parley::Quotes quotes);
    void set_phase(parley::InstrumentPhase phase);
    void set_bands(const parley::PriceBands& bands);

    [[nodiscard]] std::int64_t position(std::int64_t account) const;
    [[nodiscard]] std::size_t working() const { return orders_.size(); }

private:
    using Queue = std::list<std::int64_t>;  // keys of orders_, oldest first

    void say(EventKind kind, Reason reason, std::vector<std::int64_t> values);
    [[nodiscard]] bool refused(const parley::PlaceOrder& command, std::int64_t& lots);
    void reject(std::int64_t id, Reason reason, std::int64_t value, std::int64_t bound);
    void act(Order order);
    void end(const Order& order, Reason reason);
    void stand(Order order);
    void wait(Order order);
    [[nodiscard]] bool match(Order& order, std::int64_t limit);
    [[nodiscard]] bool meet(Order& order, std::int64_t key);
    void trade(Order& taker, std::int64_t key, std::int64_t price, std::int64_t lots);
    void tell(const Order& order, std::int64_t other, std::int64_t price, std::int64_t lots, bool is_taker);
    void take(std::int64_t key, std::int64_t lots);
    void leave(std::int64_t key);
    void drop(std::int64_t key, Reason reason);
    void cut(std::int64_t key, std::int64_t leaves);
    void cut_reduce_only(std::int64_t account);
    [[nodiscard]] std::int64_t reducible(std::int64_t account, int side, std::int64_t without) const;
    [[nodiscard]] std::int64_t at_once(const Order& order) const;
    [[nodiscard]] std::int64_t bound(int side, std::int64_t limit) const;
    [[nodiscard]] std::int64_t best(int side) const;
    [[nodiscard]] bool crosses(int side, std::int64_t price) const;
    [[nodiscard]] std::int64_t peg_price(const Order& order) const;
    void move_pegs();
    void trigger();
    void trade_on();
    void uncross(std::int64_t& price, std::int64_t& lots);

    std::vector<Said>& said_;
    std::map<std::int64_t, Order> orders_;  // by key: an id, or a negative number for a quote of the venue
    std::map<std::int64_t, Queue> sides_[2];
    std::map<std::int64_t, bool> seen_;
    std::map<std::int64_t, std::int64_t> positions_;
    parley::InstrumentPhase phase_{};
    parley::PriceBands bands_;
    std::int64_t now_ = 0, last_ = 0, mark_ = 0, quoted_[2] = {0, 0};
    bool is_mark_good_ = false;
    std::int64_t executions_ = 0, arrivals_ = 0, quotes_ = 0;
};

inline constexpr std::int64_t kIndexMicros = 60'000'000'000;
/// Basis points of the collar of every account: wide enough for every price but those of market orders without end.
inline constexpr std::int64_t kCollarBasisPoints = 1'000'000'000;

}  // namespace reference
