#include "parley/itch_bench.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

#include "parley/itch_book.hpp"

namespace parley::itch::bench {
namespace {

constexpr std::uint64_t kFullExecutionsOf1000 = 765;  // leaves 1.22 million of 30 million messages resting
constexpr std::size_t kRestingMin = 1'000;
constexpr double kTicksFromTouch = 12;
constexpr std::uint32_t kTick = 100;  // one cent

/// splitmix64 (Steele, Lea, Flood 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint32_t below(std::uint64_t bound) noexcept { return static_cast<std::uint32_t>(next() % bound); }
    double unit() noexcept { return static_cast<double>((next() >> 11) + 1) * 0x1.0p-53; }

private:
    std::uint64_t state_;
};

struct Share {
    char type;
    std::uint32_t until;  // of 1000
};
constexpr std::array<Share, 9> kMix = {{{'A', 452}, {'D', 854}, {'U', 942}, {'E', 961}, {'I', 977}, {'X', 987}, {'F', 993},
                                        {'P', 999}, {'C', 1000}}};

class Generator {
public:
    explicit Generator(const Workload& workload) : workload_(workload), random_(workload.seed) {
        bytes_.reserve(workload.messages * 32 + 1024);
    }

    std::vector<std::uint8_t> make() {
        for (std::size_t i = 0; i < workload_.messages; ++i) write(draw());
        return std::move(bytes_);
    }

private:
    struct Live {
        std::uint64_t reference;
        std::uint32_t shares;
        std::uint16_t locate;
        Side side;
    };

    char draw() noexcept {
        const std::uint32_t number = random_.below(1000);
        const char type = std::find_if(kMix.begin(), kMix.end(), [&](Share share) { return number < share.until; })->type;
        const bool needs_order = type == 'D' || type == 'U' || type == 'E' || type == 'X' || type == 'C';
        return needs_order && live_.size() < kRestingMin ? 'A' : type;
    }

    void write(char type) {
        switch (type) {
            case 'A':
            case 'F': return add(type);
            case 'U': return replace();
            case 'P': return trade();
            case 'I': return imbalance();
            default: return take(type);
        }
    }

    std::uint8_t* begin(char type, std::uint16_t locate) {
        const std::size_t length = length_of(static_cast<std::uint8_t>(type));
        bytes_.resize(bytes_.size() + 2 + length);
        std::uint8_t* at = bytes_.data() + bytes_.size() - length;
        now_ns_ += random_.below(1'500);
        big_endian::store(at - 2, static_cast<std::uint16_t>(length));
        at[0] = static_cast<std::uint8_t>(type);
        big_endian::store(at + 1, locate);
        big_endian::store(at + 3, std::uint16_t{0});
        big_endian::store48(at + 5, now_ns_);
        return at;
    }

    std::uint16_t symbol() noexcept { return static_cast<std::uint16_t>(1 + random_.below(workload_.symbols)); }
    std::uint32_t shares() noexcept { return 100 * (1 + random_.below(10)); }

    /// Around a touch that each symbol has for itself; the sides never cross.
    std::uint32_t price(std::uint16_t locate, Side side) noexcept {
        const std::uint32_t middle = kTick * (2'000 + 7 * std::uint32_t{locate});
        const auto ticks = std::min(std::uint32_t{1'500}, static_cast<std::uint32_t>(-kTicksFromTouch * std::log(random_.unit())));
        return side == Side::buy ? middle - kTick * (1 + ticks) : middle + kTick * (1 + ticks);
    }

    static void store_stock(std::uint8_t* at, std::uint16_t locate) {
        std::array<char, 8> name{'S', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
        for (std::size_t i = 5; i >= 1; --i, locate = static_cast<std::uint16_t>(locate / 10)) name[i] = static_cast<char>('0' + locate % 10);
        big_endian::store_text(at, 8, {name.data(), 8});
    }

    void add(char type) {
        const Live order{next_reference(), shares(), symbol(), (random_.next() & 1) != 0 ? Side::sell : Side::buy};
        std::uint8_t* at = begin(type, order.locate);
        big_endian::store(at + 11, order.reference);
        at[19] = order.side == Side::sell ? 'S' : 'B';
        big_endian::store(at + 20, order.shares);
        store_stock(at + 24, order.locate);
        big_endian::store(at + 32, price(order.locate, order.side));
        if (type == 'F') big_endian::store_text(at + 36, 4, "PRLY");
        live_.push_back(order);
    }

    void replace() {
        Live& order = live_[random_.below(live_.size())];
        std::uint8_t* at = begin('U', order.locate);
        big_endian::store(at + 11, order.reference);
        order.reference = next_reference();
        order.shares = shares();
        big_endian::store(at + 19, order.reference);
        big_endian::store(at + 27, order.shares);
        big_endian::store(at + 31, price(order.locate, order.side));
    }

    void take(char type) {
        const std::size_t index = random_.below(live_.size());
        Live& order = live_[index];
        std::uint8_t* at = begin(type, order.locate);
        big_endian::store(at + 11, order.reference);
        const bool is_whole = type == 'D' || (type != 'X' && random_.below(1000) < kFullExecutionsOf1000);
        const std::uint32_t taken = is_whole || order.shares == 1 ? order.shares : 1 + random_.below(order.shares - 1);
        if (type != 'D') big_endian::store(at + 19, taken);
        if (type == 'E' || type == 'C') big_endian::store(at + 23, ++matches_);
        if (type == 'C') {
            at[31] = 'Y';
            big_endian::store(at + 32, price(order.locate, order.side));
        }
        order.shares -= taken;
        if (order.shares != 0) return;
        order = live_.back();
        live_.pop_back();
    }

    void trade() {
        const std::uint16_t locate = symbol();
        std::uint8_t* at = begin('P', locate);
        big_endian::store(at + 11, std::uint64_t{0});
        at[19] = 'B';
        big_endian::store(at + 20, shares());
        store_stock(at + 24, locate);
        big_endian::store(at + 32, price(locate, Side::buy));
        big_endian::store(at + 36, ++matches_);
    }

    void imbalance() {
        const std::uint16_t locate = symbol();
        std::uint8_t* at = begin('I', locate);
        big_endian::store(at + 11, std::uint64_t{shares()});
        big_endian::store(at + 19, std::uint64_t{shares()});
        at[27] = 'B';
        store_stock(at + 28, locate);
        for (std::size_t field = 36; field <= 44; field += 4) big_endian::store(at + field, price(locate, Side::sell));
        at[48] = 'O';
        at[49] = 'L';
    }

    /// References of the market that are not displayed leave small holes.
    std::uint64_t next_reference() noexcept { return reference_ += 1 + (random_.below(8) == 0 ? random_.below(4) : 0); }

    Workload workload_;
    Random random_;
    std::vector<std::uint8_t> bytes_;
    std::vector<Live> live_;
    std::uint64_t reference_ = 0;
    std::uint64_t matches_ = 0;
    std::uint64_t now_ns_ = 34'200'000'000'000;  // half past nine
};

/// Every field of the types of the mix.
struct SumAll {
    std::uint64_t sum = 0;

    void head(Message m) noexcept { sum += m.stock_locate() + m.tracking_number() + m.timestamp_ns(); }
    void text(std::string_view value) noexcept { sum += value.size(); }
    void raw(const std::uint8_t* at) noexcept { sum += big_endian::load<std::uint64_t>(at); }
    void on(AddOrder m) noexcept {
        head(m);
        raw(m.bytes() + 24);
        sum += m.order_reference() + static_cast<std::uint64_t>(m.side()) + m.shares() + m.price_e4();
    }
    void on(OrderDelete m) noexcept {
        head(m);
        sum += m.order_reference();
    }
    void on(OrderReplace m) noexcept {
        head(m);
        sum += m.original_reference() + m.new_reference() + m.shares() + m.price_e4();
    }
    void on(OrderExecuted m) noexcept {
        head(m);
        sum += m.order_reference() + m.executed_shares() + m.match_number();
    }
    void on(OrderExecutedWithPrice m) noexcept {
        head(m);
        sum += m.order_reference() + m.executed_shares() + m.match_number() + m.is_printable() + m.price_e4();
    }
    void on(OrderCancel m) noexcept {
        head(m);
        sum += m.order_reference() + m.canceled_shares();
    }
    void on(Trade m) noexcept {
        head(m);
        raw(m.bytes() + 24);
        sum += m.order_reference() + static_cast<std::uint64_t>(m.side()) + m.shares() + m.price_e4() + m.match_number();
    }
    void on(NetOrderImbalance m) noexcept {
        head(m);
        raw(m.bytes() + 28);
        sum += m.paired_shares() + m.imbalance_shares() + static_cast<std::uint64_t>(m.direction()) + m.far_price_e4() +
               m.near_price_e4() + m.reference_price_e4() + static_cast<std::uint64_t>(m.cross_type()) +
               static_cast<std::uint64_t>(m.price_variation());
    }
};

/// Applies one message at a time and notes how long each took.
class TimedBooks {
public:
    explicit TimedBooks(Books& books) : books_(books) {}

    template <typename View>
    void on(View message) noexcept
        requires requires(Books& books, View view) { books.on(view); }
    {
        const auto start = std::chrono::steady_clock::now();
        books_.on(message);
        note(std::chrono::steady_clock::now() - start);
    }
    [[nodiscard]] std::int64_t quantile(std::uint64_t of_1000) const noexcept {
        std::uint64_t left = count_ * of_1000 / 1000;
        std::size_t bucket = 0;
        while (bucket + 1 < histogram_.size() && left >= histogram_[bucket]) left -= histogram_[bucket++];
        return static_cast<std::int64_t>(bucket);
    }

private:
    void note(std::chrono::nanoseconds taken) noexcept {
        const auto bucket = static_cast<std::size_t>(std::clamp<std::int64_t>(taken.count(), 0, kBuckets - 1));
        ++histogram_[bucket];
        ++count_;
    }

    static constexpr std::int64_t kBuckets = 20'000;
    Books& books_;
    std::uint64_t count_ = 0;
    std::array<std::uint64_t, kBuckets> histogram_{};
};

[[nodiscard]] double thread_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <typename Run>
Timing timed(Run&& run) {
    Timing timing;
    const double start = thread_ns();
    run(timing);
    timing.nanoseconds_per_message = (thread_ns() - start) / static_cast<double>(std::max<std::uint64_t>(1, timing.messages));
    return timing;
}

[[nodiscard]] std::uint64_t total(const BookFlaws& flaws) noexcept {
    return flaws.unknown_orders + flaws.duplicate_orders + flaws.empty_orders + flaws.excess_executions +
           flaws.refused_orders;
}

}  // namespace

std::vector<std::uint8_t> make_feed(const Workload& workload) { return Generator(workload).make(); }

Timing run_floor(std::span<const std::uint8_t> feed) {
    return timed([&](Timing& timing) {
        const std::uint8_t* at = feed.data();
        const std::uint8_t* const end = at + feed.size();
        while (at != end) {
            timing.checksum += big_endian::load<std::uint64_t>(at + 2 + 3);
            ++timing.messages;
            at += 2 + length_of(at[2]);
        }
    });
}

Timing run_decode(std::span<const std::uint8_t> feed) {
    return timed([&](Timing& timing) {
        SumAll all;
        timing.messages = walk(feed, all).messages;
        timing.checksum = all.sum;
    });
}

BookTiming run_books(std::span<const std::uint8_t> feed, std::size_t orders_max, bool is_timed_singly) {
    Books books({orders_max, orders_max});
    BookTiming result;
    if (is_timed_singly) {
        TimedBooks single(books);
        result.timing = timed([&](Timing& timing) { timing.messages = walk(feed, single).messages; });
        result.p50_ns = single.quantile(500);
        result.p99_ns = single.quantile(990);
        result.p999_ns = single.quantile(999);
    } else {
        result.timing = timed([&](Timing& timing) { timing.messages = books.apply(feed).messages; });
    }
    for (std::uint32_t locate = 1; locate < 65'536; ++locate) {
        const auto stock = static_cast<std::uint16_t>(locate);
        result.timing.checksum += books.best(stock, Side::buy).shares ^ books.best(stock, Side::sell).price_e4;
    }
    result.orders = books.count_orders();
    result.flaws = total(books.flaws());
    return result;
}

}  // namespace parley::itch::bench
