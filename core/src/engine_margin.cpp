#include <cmath>

#include "parley/engine.hpp"

namespace parley {
namespace {

bool is_positive(double value, double most) noexcept { return value > 0.0 && value <= most; }

/// Wider than any market: what lies beyond is a fault of whoever sends it.
constexpr double kPriceMax = 1e12;
constexpr double kVolatilityMax = 100.0;
constexpr double kYearsMax = 100.0;
constexpr double kRateMax = 10.0;

void check(bool is_right, const char* what) {
    if (!is_right) throw BadEncoding(what);
}

}  // namespace

MarginBook::Listed Engine::listed_of(const Instrument& instrument) noexcept {
    return {instrument.id, instrument.expiry_at_ns, instrument.coin,
            static_cast<double>(instrument.valuation.lot_nanos) * 1e-9,
            static_cast<double>(instrument.valuation.tick_nanos) * 1e-9};
}

/// Once: what is described stays as it is.
void Engine::on(const DescribeInstrument& input) {
    check(input.venue_id >= 1 && input.venue_id <= kScopeIdMax, "venue is out of range");
    const bool is_option = input.margin_kind == MarginKind::option;
    check(!is_option || is_positive(input.strike, kPriceMax), "strike is out of range");
    const Slot slot = find_instrument(input.instrument_id);
    if (slot == kNone || margin_.is_described(slot)) return;
    instruments_[slot]->venue_id = input.venue_id;
    order_controls_.renew_paths();
    margin_.describe(slot, listed_of(*instruments_[slot]), input);
    for (Slot account = 0; account < accounts_.size(); ++account) {
        if (margin_.is_margined(account)) margin_.set_position(account, slot, position_of(account, slot));
    }
}

void Engine::on(const SetMarginParameters& input) {
    check(input.coin_id >= 0 && input.coin_id < kCoinsMax, "coin is out of range");
    for (const double share : {input.maintenance_haircut, input.initial_haircut, input.confidence}) {
        check(share >= 0.0 && share <= 1.0, "share is out of range");
    }
    check(is_positive(input.stable_price, 10.0), "stable price is out of range");
    margin_.set_parameters(input);
}

void Engine::on(const SetMarginInputs& input, Reader& reader) {
    check(input.coin_id >= 0 && input.coin_id < kCoinsMax, "coin is out of range");
    check(is_positive(input.spot, kPriceMax), "spot is out of range");
    margin_expiries_.resize(reader.below<std::size_t>(kMarginExpiriesMax + 1));
    for (MarginExpiry& expiry : margin_expiries_) {
        codec::get_fields(reader, expiry);
        check(is_positive(expiry.years, kYearsMax) && std::fabs(expiry.rate) <= kRateMax, "expiry is out of range");
    }
    margin_marks_.resize(reader.below<std::size_t>(kMarginMarksMax + 1));
    for (MarginMark& mark : margin_marks_) {
        codec::get_fields(reader, mark);
        check(is_positive(mark.forward, kPriceMax), "forward is out of range");
        check(mark.volatility >= 0.0 && mark.volatility <= kVolatilityMax, "volatility is out of range");
    }
    margin_.set_inputs(input, margin_expiries_, margin_marks_, instrument_slots_);
}

/// From now on the account has a margin to keep.
void Engine::on(const SetCollateral& command, Reader& reader) {
    std::vector<CoinBalance> balances(reader.below<std::size_t>(kCoinsMax + 1));
    for (CoinBalance& balance : balances) {
        codec::get_fields(reader, balance);
        check(balance.coin_id >= 0 && balance.coin_id < kCoinsMax, "coin is out of range");
    }
    const Slot account = find_account(command.account_id);
    if (account == kNone || account == kVenueSlot) {
        return refuse_command({}, {Reason::no_limits, command.account_id, 0});
    }
    const bool is_new = !margin_.is_margined(account);
    const Refusal refusal = margin_.set_collateral(account, command, balances);
    if (!refusal && is_new) begin_margin(account);
    answer_control(refusal, ControlKind::collateral, ControlScope::account, command.account_id, command.cash_micros);
}

/// Positions that were there before count as entered at the marks of now.
void Engine::begin_margin(Slot account) {
    for (const Holding& held : holdings()) {
        if (held.account_id != accounts_[account].id) continue;
        const Slot instrument = find_instrument(held.instrument_id);
        margin_.begin(account, instrument, held.position.lots);
        margin_.set_position(account, instrument, held.position);
    }
}

/// At the order's own price, with everything that works at its worst.
Refusal Engine::check_margin(const Intent& intent) const {
    return margin_.check(intent.account, intent.instrument, sign(intent.side) * intent.lots.value, *intent.price);
}

std::optional<double> Engine::initial_margin(AccountId id) const {
    const Slot account = find_account(id);
    if (account == kNone || !margin_.is_margined(account)) return std::nullopt;
    return margin_.initial(account);
}

std::optional<MarginBook::Headroom> Engine::margin_after(AccountId id, InstrumentId instrument_id, std::int64_t lots,
                                                         PriceTicks price) const {
    const Slot account = find_account(id);
    const Slot instrument = find_instrument(instrument_id);
    if (account == kNone || instrument == kNone || !margin_.is_margined(account)) return std::nullopt;
    return margin_.headroom(account, instrument, lots, price);
}

void Engine::save_margin(Writer& writer) const {
    std::vector<AccountId> ids;
    for (const Account& account : accounts_) ids.push_back(account.id);
    margin_.save(writer, ids);
}

void Engine::load_margin(Reader& reader) {
    std::vector<MarginBook::Listed> listed(instruments_.size());
    for (Slot slot = 0; slot < instruments_.size(); ++slot) {
        if (instruments_[slot]) listed[slot] = listed_of(*instruments_[slot]);
    }
    margin_.load(reader, account_slots_, instrument_slots_, listed);
    positions_.for_each([this](const HeldPosition& held) {
        margin_.set_position(held.account, held.instrument, held.position);
    });
}

}  // namespace parley
