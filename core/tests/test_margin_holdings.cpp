// Where the book of margins keeps what accounts hold of an expiry: whatever came and went, every margin has the bits that a
// book has which was filled once.

#include <random>

#include "check.hpp"
#include "parley/margin_book.hpp"

using namespace parley;

namespace {

constexpr std::size_t kExpiries = 3, kOptions = 24, kAccounts = 12;
constexpr TimeNs kDay = 86'400'000'000'000;

/// Random positions in options of three expiries: of some an account holds one option, of some more than a holding repeats.
class Desk {
public:
    explicit Desk(std::uint64_t seed) : random_(seed) {
        for (std::size_t slot = 0; slot < kOptions; ++slot) {
            slots_[static_cast<std::uint64_t>(slot + 1)] = static_cast<MarginBook::Slot>(slot);
            marks_.push_back({static_cast<InstrumentId>(slot + 1), 100.0 + static_cast<double>(slot), 0.5});
        }
        for (std::size_t i = 0; i < kExpiries; ++i) rows_.push_back({at(i), 0.1 + 0.2 * static_cast<double>(i), 0.02});
        open(book_);
    }

    void step() {
        const auto dice = pick(100);
        if (dice < 60) {
            Position& position = positions_[pick(kAccounts)][pick(kOptions)];
            const bool is_flat = pick(3) == 0;
            position = {is_flat ? 0 : static_cast<std::int64_t>(pick(21)) - 10, static_cast<std::int64_t>(pick(3)),
                        static_cast<std::int64_t>(pick(2))};
            set_positions(book_);
        } else if (dice < 85) {
            move_marks();
        } else {
            list_anew(pick(kOptions));
        }
    }

    [[nodiscard]] bool agrees() const {
        MarginBook fresh;
        open(fresh);
        set_positions(fresh);
        for (MarginBook::Slot account = 0; account < kAccounts; ++account) {
            if (fresh.initial(account) != book_.initial(account)) return false;
        }
        return true;
    }

private:
    static TimeNs at(std::size_t expiry) { return kDay * static_cast<TimeNs>(expiry + 1); }
    std::size_t pick(std::size_t below) { return random_() % below; }

    static void describe(MarginBook& book, std::size_t slot) {
        const auto id = static_cast<InstrumentId>(slot + 1);
        book.describe(static_cast<MarginBook::Slot>(slot), {id, at(slot % kExpiries), 0, 0.1, 1e-4},
                      {id, kPaperVenue, MarginKind::option, true, slot % 2 == 0, 90.0 + 2.0 * static_cast<double>(slot)});
    }
    void open(MarginBook& book) const {
        for (std::size_t slot = 0; slot < kOptions; ++slot) describe(book, slot);
        book.set_inputs({0, spot_}, rows_, marks_, slots_);
        for (MarginBook::Slot account = 0; account < kAccounts; ++account) {
            const CoinBalance balance{0, 1'000'000'000};
            static_cast<void>(book.set_collateral(account, {}, {&balance, 1}));
        }
    }
    void set_positions(MarginBook& book) const {
        for (MarginBook::Slot account = 0; account < kAccounts; ++account) {
            for (MarginBook::Slot slot = 0; slot < kOptions; ++slot) {
                book.set_position(account, slot, positions_[account][slot]);
            }
        }
    }
    /// The rows of some expiries, or the marks of some options of any.
    void move_marks() {
        spot_ = 95.0 + static_cast<double>(pick(10));
        std::vector<MarginExpiry> rows;
        std::vector<MarginMark> marks;
        for (MarginExpiry& row : rows_) {
            if (pick(2) == 0) continue;
            row.years *= 0.999;
            rows.push_back(row);
        }
        for (MarginMark& mark : marks_) {
            if (pick(4) != 0) continue;
            mark.forward = 90.0 + static_cast<double>(pick(30));
            marks.push_back(mark);
        }
        book_.set_inputs({0, spot_}, rows, marks, slots_);
    }
    /// An option goes, and comes again: who held no other of its expiry has no holding there, and another takes its place.
    void list_anew(std::size_t slot) {
        book_.forget_instrument(static_cast<MarginBook::Slot>(slot));
        for (auto& account : positions_) account[slot] = {};
        describe(book_, slot);
        book_.set_inputs({0, spot_}, rows_, marks_, slots_);
    }

    std::mt19937_64 random_;
    FlatMap<MarginBook::Slot> slots_{64};
    std::vector<MarginExpiry> rows_;
    std::vector<MarginMark> marks_;
    double spot_ = 100.0;
    std::array<std::array<Position, kOptions>, kAccounts> positions_{};
    MarginBook book_;
};

}  // namespace

TEST(margins_have_the_bits_of_a_book_that_was_filled_once) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        Desk desk(seed);
        for (int step = 0; step < 400; ++step) {
            desk.step();
            CHECK(desk.agrees());
        }
    }
}
