#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"
#include "parley/hot_desk.hpp"
#include "parley/pairs_feed.hpp"

using namespace parley;

namespace {

constexpr TimeNs kStart = 1'800'000'000'000'000'000;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

std::uint16_t port_of(const Socket& socket) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    CHECK(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size) == 0);
    return ntohs(local.sin_port);
}

/// A venue that fills every order in two parts, numbers what it says and says it again to whoever logs in.
class Venue {
public:
    Venue() : listening_(::socket(AF_INET, SOCK_STREAM, 0)), feed_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        const sockaddr_in local = loopback(0);
        for (const Socket* each : {&listening_, &feed_}) {
            CHECK(::bind(each->get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0);
        }
        CHECK(::listen(listening_.get(), 4) == 0);
        for (std::size_t packet = 0; packet < packets.size(); ++packet) {
            mold::Datagram datagram;
            CHECK(mold::read(packets[packet], datagram) == mold::Flaw::none);
            sequences_.push_back(datagram.sequence);
        }
    }
    [[nodiscard]] std::uint16_t port() const { return port_of(listening_); }
    [[nodiscard]] std::uint16_t gap_port() const { return port_of(feed_); }
    /// The next packet of the feed, to whoever listens there; `is_lost` on its way.
    void publish(std::uint16_t port, bool is_lost = false) {
        if (!is_lost) send_packet(published, loopback(port));
        ++published;
    }
    [[nodiscard]] std::uint64_t next_sequence() const { return sequences_[published]; }
    /// Says how far the feed is.
    void beat(std::uint16_t port) {
        mold::Datagram first;
        CHECK(mold::read(packets[0], first) == mold::Flaw::none);
        std::array<std::uint8_t, mold::kHeaderBytes> header;
        CHECK(mold::encode_header(first.session, next_sequence(), 0, header) == header.size());
        const sockaddr_in to = loopback(port);
        CHECK(::sendto(feed_.get(), header.data(), header.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0);
    }
    void hang_up() {
        orders_ = Socket();
        is_connected_ = false;
    }
    /// Accepts, reads and answers, without waiting.
    void turn() {
        serve_gaps();
        if (!is_connected_) accept();
        if (!is_connected_) return;
        const ssize_t size = ::recv(orders_.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size == 0) return hang_up();
        if (size < 0) return;
        framer_.push({buffer_.data(), static_cast<std::size_t>(size)}, [&](const soup::Packet& packet) {
            session_.take(
                packet, kStart, [&](const soup::LoginRequest& request) { begin(request); },
                [&](auto message) { answer(message); });
        });
    }
    const bench::PairsFeed packets = bench::make_pairs_feed({3, 20, 20'000});
    std::size_t published = 0;
    std::uint64_t gap_requests = 0;
    bool has_gap_server = true;
    /// Shares by symbol, by every execution there was.
    [[nodiscard]] std::map<std::string, std::int64_t> held() const {
        auto found = positions_;
        std::erase_if(found, [](const auto& each) { return each.second == 0; });
        return found;
    }
    /// Takes the last execution back.
    void bust() {
        std::vector<std::uint8_t> broken(36);
        broken[0] = 'B';
        big_endian::store(broken.data() + 9, last_.reference);
        big_endian::store(broken.data() + 13, matches_);
        broken[21] = 'E';
        positions_[last_.symbol] -= last_.lots;
        tell(broken);
    }
    /// Whether the last execution left shares of its symbol on its own side.
    [[nodiscard]] bool has_opened() const {
        const auto found = positions_.find(last_.symbol);
        return found != positions_.end() && found->second * last_.lots > 0 && std::abs(found->second) >= std::abs(last_.lots);
    }
    [[nodiscard]] bool knows(std::uint32_t reference) const { return references_.contains(reference); }
    std::uint64_t orders = 0;
    std::uint32_t last_reference = 0;
    std::uint64_t repeated = 0;
    bool is_deaf = false;  ///< takes orders and tells nobody, until the next login

private:
    void send_packet(std::size_t packet, const sockaddr_in& to) {
        const auto datagram = packets[packet];
        CHECK(::sendto(feed_.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) > 0);
    }
    /// Everything from the packet of the asked message on, as far as it was published and not more than a burst.
    void serve_gaps() {
        std::array<std::uint8_t, 64> bytes;
        sockaddr_in asker{};
        socklen_t size = sizeof asker;
        const ssize_t count = ::recvfrom(feed_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&asker), &size);
        if (count < 0 || !has_gap_server) return;
        mold::Datagram request;
        CHECK(mold::read_request(std::span(bytes).first(static_cast<std::size_t>(count)), request) == mold::Flaw::none);
        ++gap_requests;
        const auto above = std::upper_bound(sequences_.begin(), sequences_.end(), request.sequence);
        const auto first = static_cast<std::size_t>(above - sequences_.begin()) - 1;
        for (std::size_t packet = first; packet < published && packet < first + 200 &&
                                         sequences_[packet] < request.sequence + request.count; ++packet) {
            send_packet(packet, asker);
        }
    }
    void accept() {
        pollfd waiting{listening_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 0) != 1) return;
        orders_ = Socket(::accept(listening_.get(), nullptr, nullptr));
        const int one = 1;
        CHECK(::setsockopt(orders_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
        is_connected_ = true;
        session_ = {};
        framer_ = {};
    }
    void begin(const soup::LoginRequest& request) {
        is_deaf = false;
        const std::uint64_t next = std::max<std::uint64_t>(1, request.sequence);
        std::array<std::uint8_t, 64> out;
        write(std::span(out).first(session_.accept("DAY1", next, kStart, out)));
        for (std::size_t at = next - 1; at < told_.size(); ++at) send(told_[at]);
    }
    void answer(std::span<const std::uint8_t> message) {
        if (message[0] == 'Q') {
            std::vector<std::uint8_t> state(13);
            state[0] = 'Q';
            big_endian::store(state.data() + 9, last_reference + 1);
            return tell(state);
        }
        if (message[0] != 'O') return;
        const auto reference = big_endian::load<std::uint32_t>(message.data() + 1);
        if (reference <= last_reference) {
            ++repeated;
            return;
        }
        last_reference = reference;
        references_.insert(reference);
        ++orders;
        const char side = static_cast<char>(message[5]);
        const auto quantity = big_endian::load<std::uint32_t>(message.data() + 6);
        const auto price = big_endian::load<std::uint64_t>(message.data() + 18);
        std::vector<std::uint8_t> accepted(62);
        accepted[0] = 'A';
        std::copy_n(message.data() + 1, 4, accepted.data() + 9);
        accepted[13] = message[5];
        std::copy_n(message.data() + 6, 4, accepted.data() + 14);
        std::copy_n(message.data() + 10, 8, accepted.data() + 18);
        big_endian::store(accepted.data() + 26, price);
        accepted[47] = 'L';
        std::copy_n(message.data() + 31, 14, accepted.data() + 48);
        tell(accepted);
        const std::string symbol(big_endian::load_text(message.data() + 10, 8));
        positions_[symbol] += side == 'B' ? quantity : -std::int64_t{quantity};
        for (const std::uint32_t part : {quantity / 3, quantity - quantity / 3}) {
            std::vector<std::uint8_t> executed(34);
            executed[0] = 'E';
            big_endian::store(executed.data() + 9, reference);
            big_endian::store(executed.data() + 13, part);
            big_endian::store(executed.data() + 17, price);
            big_endian::store(executed.data() + 26, ++matches_);
            last_ = {reference, symbol, side == 'B' ? part : -std::int64_t{part}};
            if (part > 0) tell(executed);
        }
    }
    void tell(const std::vector<std::uint8_t>& event) {
        told_.push_back(event);
        if (!is_deaf) send(event);
    }
    void send(const std::vector<std::uint8_t>& event) {
        std::array<std::uint8_t, 256> out;
        write(std::span(out).first(session_.send(event, kStart, out)));
    }
    void write(std::span<const std::uint8_t> bytes) {
        if (::send(orders_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) hang_up();
    }

    struct Execution {
        std::uint32_t reference = 0;
        std::string symbol;
        std::int64_t lots = 0;
    };
    Execution last_;
    std::map<std::string, std::int64_t> positions_;
    std::set<std::uint32_t> references_;
    Socket listening_;
    Socket feed_;
    Socket orders_;
    bool is_connected_ = false;
    soup::Server session_;
    soup::Framer<> framer_;
    std::vector<std::vector<std::uint8_t>> told_;
    std::uint64_t matches_ = 0;
    std::vector<std::uint64_t> sequences_;  ///< first message of each packet
    std::array<std::uint8_t, 65'536> buffer_{};
};

HotPathConfig make_config(SendPolicy send) {
    HotPathConfig config = bench::make_pairs_config(20, 30, 40);
    config.books = {2'000, 2'000};
    config.send = send;
    config.feed_begins_at = 1;
    return config;
}

/// A desk with its venue. `log` is what a journal would hold.
struct Life {
    Life(Venue& to, SendPolicy send, const std::vector<HotFact>& before) : venue(&to), desk(make_config(send)), log(before) {
        desk.call([](HotPath& path) { bench::set_every_control(path); });
        std::uint64_t next = 1;
        for (const HotFact& fact : before) {
            CHECK(desk.replay(fact));
            if (fact.kind == HotFactKind::report) next = fact.sequence + 1;
        }
        HotEndpoints endpoints;
        endpoints.feed_port = 0;
        endpoints.order_port = to.port();
        endpoints.gap_host = "127.0.0.1";
        endpoints.gap_port = to.gap_port();
        endpoints.user = endpoints.password = "PAIRS";
        endpoints.session = before.empty() ? "" : "DAY1";
        endpoints.next_sequence = next;
        desk.start(endpoints, -1);
        until([&] { return desk.state() == HotDeskState::open; });
        to.beat(desk.feed_port());
    }
    /// What was taken is on disk, unless the journal is said to be stuck.
    void turn() {
        venue->turn();
        std::size_t taken = 0;
        if (!is_stuck) {
            taken = desk.take(4'096, [&](const HotFact& fact) { log.push_back(fact); });
            desk.journaled(taken);
        }
        if (taken == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    template <typename Done>
    void until(Done&& done) {
        bool is_done = done();
        for (int tries = 0; tries < 100'000 && !is_done; ++tries) {
            turn();
            is_done = done();
        }
        CHECK(is_done);
    }
    /// With everything in the log that it told.
    void stop() {
        desk.stop();
        desk.take(65'536, [&](const HotFact& fact) { log.push_back(fact); });
    }
    void settle() {
        for (int quiet = 0; quiet < 60; ++quiet) turn();
    }
    [[nodiscard]] bool works() {
        bool found = false;
        desk.call([&](HotPath& path) {
            for (std::uint32_t slot = 0; slot < path.gate().size(); ++slot) {
                const Position& held = path.gate().position(slot);
                found = found || held.buy_working != 0 || held.sell_working != 0;
            }
        });
        return found;
    }
    std::map<std::string, std::int64_t> positions() {
        std::map<std::string, std::int64_t> found;
        desk.call([&](HotPath& path) {
            for (std::uint32_t slot = 0; slot < path.gate().size(); ++slot) {
                const std::int64_t lots = path.gate().position(slot).lots;
                if (lots != 0) found[symbols[slot]] = lots;
            }
        });
        return found;
    }
    /// Once the feed is read and nothing works any more, it holds what the venue says that it holds.
    void agree() {
        until([&] {
            venue->beat(desk.feed_port());  // what was lost behind the last packet is asked for
            std::uint64_t next = 0;
            desk.call([&](HotPath& path) { next = path.feed().next_sequence(); });
            return next >= venue->next_sequence() && !works() && positions() == venue->held();
        });
    }
    HotPathCounts counts() {
        HotPathCounts found;
        desk.call([&](HotPath& path) { found = path.counts(); });
        return found;
    }
    std::uint64_t pairs_hash() {
        std::uint64_t hash = 0;
        desk.call([&](HotPath& path) { hash = path.trader().state_hash(); });
        return hash;
    }

    Venue* venue;
    const std::vector<std::string> symbols = make_config(SendPolicy::send_first).symbols;
    HotDesk desk;
    std::vector<HotFact> log;
    bool is_stuck = false;
};

}  // namespace

TEST(hot_facts_go_round_without_loss) {
    HotFacts facts(8);
    for (std::uint64_t round = 0; round < 100; ++round) {
        for (std::uint64_t at = 0; at < 5; ++at) {
            CHECK(facts.room() == 8 - at);
            facts.next().sequence = round * 5 + at;
            facts.push();
        }
        for (std::uint64_t at = 0; at < 5; ++at) {
            CHECK(facts.front() != nullptr && facts.front()->sequence == round * 5 + at);
            facts.pop();
        }
        CHECK(facts.front() == nullptr);
    }
}

namespace {

/// So many packets, a turn after each few; every `lost_every`th does not arrive.
void play(Life& life, std::size_t packets, std::size_t lost_every = 0) {
    for (std::size_t packet = 0; packet < packets; ++packet) {
        life.venue->publish(life.desk.feed_port(), lost_every > 0 && packet % lost_every == 1);
        if (packet % 10 == 0) life.turn();
    }
    life.settle();
}

std::size_t count_facts(const std::vector<HotFact>& log, HotFactKind kind, std::string_view text = {}) {
    return static_cast<std::size_t>(std::count_if(log.begin(), log.end(), [&](const HotFact& fact) {
        return fact.kind == kind && (text.empty() || fact.text() == text);
    }));
}

}  // namespace

TEST(hot_desk_trades_and_tells_what_the_venue_knows) {
    Venue venue;
    Life life(venue, SendPolicy::journal_first, {});
    play(life, 6'000, 50);
    life.agree();
    CHECK(venue.orders > 40 && venue.repeated == 0 && venue.gap_requests > 10);
    life.until([&] { return count_facts(life.log, HotFactKind::order) == venue.orders; });
    CHECK(!venue.held().empty());
    CHECK(count_facts(life.log, HotFactKind::gap) == 0);
    life.desk.call([](HotPath& path) { CHECK(path.books().flaws().total() == 0); });
    CHECK(count_facts(life.log, HotFactKind::opened) == 1 && count_facts(life.log, HotFactKind::lost) == 0);
    life.desk.stop();
    CHECK(life.desk.state() == HotDeskState::stopped);
}

TEST(hot_desk_sends_nothing_that_is_not_on_disk) {
    Venue venue;
    Life life(venue, SendPolicy::journal_first, {});
    play(life, 1'500);
    life.agree();
    const std::uint64_t before = venue.orders;
    life.is_stuck = true;
    play(life, 3'000);
    life.until([&] { return life.counts().orders > before + 10; });
    CHECK(venue.orders == before);
    life.is_stuck = false;
    const std::uint64_t decided = life.counts().orders;
    life.until([&] { return venue.orders >= decided; });
    CHECK(count_facts(life.log, HotFactKind::order) >= decided);
}

TEST(hot_desk_goes_on_where_it_was_killed) {
    for (const SendPolicy send : {SendPolicy::journal_first, SendPolicy::send_first}) {
        Venue venue;
        std::vector<HotFact> log;
        std::uint64_t adopted = 0;
        for (int death = 0; death < 8; ++death) {
            Life life(venue, send, log);
            play(life, 1'200);
            // what it does from now on nobody writes down
            life.is_stuck = true;
            const std::uint64_t before = life.counts().orders;
            for (int packet = 0; packet < 300 || (packet < 900 && life.counts().orders == before); ++packet) {
                venue.publish(life.desk.feed_port());
                if (packet % 10 == 0) life.turn();
            }
            adopted += life.counts().adopted;
            // in every other life an order had just been written, and that was not yet said
            bool has_order = death % 2 == 0;
            const auto keep = [&](const HotFact& fact) {
                life.log.push_back(fact);
                has_order = fact.kind == HotFactKind::order;
            };
            while (!has_order && life.desk.take(1, keep) == 1) {}
            log = life.log;
        }
        Life last(venue, send, log);
        last.settle();
        CHECK(venue.orders > 40 && venue.repeated == 0);
        last.agree();
        adopted += last.counts().adopted;
        CHECK((adopted > 0) == (send == SendPolicy::send_first));
        // an order that never arrived is told once, and the venue never saw it
        std::vector<OrderId> ended;
        for (const HotFact& fact : last.log) {
            if (fact.kind == HotFactKind::ended) ended.push_back(fact.order.order_id);
        }
        CHECK(ended.empty() == (send == SendPolicy::send_first));
        std::sort(ended.begin(), ended.end());
        CHECK(std::adjacent_find(ended.begin(), ended.end()) == ended.end());
        for (const OrderId id : ended) CHECK(!venue.knows(static_cast<std::uint32_t>(id)));
        // the whole log leads to the same positions and states
        last.stop();
        HotDesk again(make_config(send));
        for (const HotFact& fact : last.log) CHECK(again.replay(fact));
        last.desk.call([&](HotPath& path) {
            again.call([&](HotPath& replayed) {
                for (std::uint32_t pair = 0; pair < path.trader().size(); ++pair) {
                    // one that leaves and has sent nothing yet decides so again
                    const PairState before = path.trader().state(pair);
                    const PairState after = replayed.trader().state(pair);
                    const bool holds = after == PairState::long_spread || after == PairState::short_spread;
                    CHECK(before == after || (before == PairState::exiting && holds));
                    for (std::size_t leg = 0; leg < kPairOrdersMax; ++leg) {
                        CHECK(path.trader().held(pair, leg) == replayed.trader().held(pair, leg));
                    }
                }
                CHECK(path.trader().open() == replayed.trader().open());
            });
        });
    }
}

TEST(hot_desk_hears_after_a_loss_what_became_of_its_orders) {
    for (const SendPolicy send : {SendPolicy::journal_first, SendPolicy::send_first}) {
        Venue venue;
        Life life(venue, send, {});
        play(life, 1'500);
        for (int loss = 0; loss < 3; ++loss) {
            venue.is_deaf = true;
            const std::uint64_t before = venue.orders;
            for (int packet = 0; packet < 1'000 && venue.orders == before; ++packet) {
                venue.publish(life.desk.feed_port());
                life.turn();
            }
            const std::size_t lost = count_facts(life.log, HotFactKind::lost);
            venue.hang_up();
            life.until([&] { return count_facts(life.log, HotFactKind::lost) > lost; });
            life.until([&] { return life.desk.state() == HotDeskState::open; });
            play(life, 500);
        }
        life.agree();
        CHECK(venue.repeated == 0);
        CHECK(life.desk.losses() == 3 && count_facts(life.log, HotFactKind::lost) == 3);
        CHECK(count_facts(life.log, HotFactKind::opened) == 4);
    }
}

TEST(hot_desk_does_not_hold_what_the_venue_took_back) {
    Venue venue;
    Life life(venue, SendPolicy::journal_first, {});
    while (venue.published < 6'000) {
        play(life, 400);
        if (venue.orders == 0) continue;
        life.agree();
        venue.bust();
        life.agree();
    }
    CHECK(life.counts().busts > 5 && life.counts().malformed_reports == 0 && venue.repeated == 0);
    // an unequal pair was brought back into proportion, or is on its way out
    life.desk.steer(HotSteering::entering_off, 0);
    play(life, 2'000);
    life.agree();
    life.stop();
    HotDesk again(make_config(SendPolicy::journal_first));
    for (const HotFact& fact : life.log) CHECK(again.replay(fact));
    const auto held = life.positions();
    again.call([&](HotPath& replayed) {
        for (std::uint32_t slot = 0; slot < replayed.gate().size(); ++slot) {
            CHECK(replayed.gate().position(slot).lots == (held.contains(life.symbols[slot]) ? held.at(life.symbols[slot]) : 0));
        }
    });
}

TEST(hot_desk_mends_a_pair_whose_trade_was_taken_back_while_nobody_listened) {
    Venue venue;
    Life life(venue, SendPolicy::journal_first, {});
    // the last trade opened a pair, which holds it while the feed says nothing
    while (venue.published < 10'000) {
        const std::uint64_t before = venue.orders;
        play(life, 20);
        life.agree();
        if (venue.orders > before && venue.has_opened()) break;
    }
    life.desk.steer(HotSteering::entering_off, 0);
    const auto is_whole = [&] {
        bool found = true;
        life.desk.call([&](HotPath& path) {
            for (std::uint32_t at = 0; at < path.trader().size(); ++at) {
                const PairState state = path.trader().state(at);
                if (state != PairState::long_spread && state != PairState::short_spread) continue;
                const PairTerms& terms = path.trader().terms(at);
                const std::int64_t first = std::abs(path.trader().held(at, 0)) * terms.second_lots.value;
                const std::int64_t second = std::abs(path.trader().held(at, 1)) * terms.first_lots.value;
                found = found && std::abs(first - second) < std::max(terms.first_lots.value, terms.second_lots.value);
            }
        });
        return found;
    };
    CHECK(is_whole() && venue.has_opened());
    venue.hang_up();
    venue.bust();
    life.until([&] { return count_facts(life.log, HotFactKind::lost) == 1; });
    life.until([&] { return life.desk.state() == HotDeskState::open; });
    life.until([&] { return life.counts().busts == 1; });
    CHECK(is_whole());
    life.agree();
}

TEST(hot_desk_steers_nothing_that_it_cannot_tell) {
    HotDesk desk(make_config(SendPolicy::journal_first));
    bool is_refused = false;
    for (int asked = 0; asked < 40'000 && !is_refused; ++asked) {
        try {
            CHECK(desk.steer(HotSteering::entering_off, 0));
        } catch (const std::length_error&) {
            is_refused = true;
        }
    }
    CHECK(is_refused);
    desk.journaled(desk.take(10, [](const HotFact&) {}));
    CHECK(desk.steer(HotSteering::disable, 1));
}

TEST(hot_desk_is_stopped_by_several_at_once) {
    Venue venue;
    Life life(venue, SendPolicy::send_first, {});
    std::atomic<bool> is_held{false};
    std::thread holder([&] {
        life.desk.call([&](HotPath&) {
            is_held = true;
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        });
    });
    while (!is_held) std::this_thread::yield();
    std::thread other([&] { life.desk.stop(); });
    life.desk.stop();
    other.join();
    holder.join();
    CHECK(life.desk.state() == HotDeskState::stopped);
}

TEST(hot_desk_gives_up_what_nobody_has) {
    Venue venue;
    venue.has_gap_server = false;
    Life life(venue, SendPolicy::send_first, {});
    play(life, 300);
    venue.publish(life.desk.feed_port(), true);
    play(life, 20);
    life.until([&] { return count_facts(life.log, HotFactKind::gap) == 1; });
    const auto gap = std::find_if(life.log.begin(), life.log.end(), [](const HotFact& fact) { return fact.kind == HotFactKind::gap; });
    CHECK(gap->order.lots.value >= 1 && gap->sequence > 300);
    const std::uint64_t quotes = life.counts().quotes;
    play(life, 300);
    life.until([&] { return life.counts().quotes > quotes; });
}

TEST(hot_desk_is_steered_and_remembers_it) {
    Venue venue;
    std::vector<HotFact> log;
    {
        Life life(venue, SendPolicy::journal_first, {});
        CHECK(life.desk.steer(HotSteering::entering_off, 0));
        CHECK(life.desk.steer(HotSteering::disable, 3));
        play(life, 2'500);
        CHECK(venue.orders == 0);
        log = life.log;
        CHECK(count_facts(log, HotFactKind::steered) == 2);
    }
    Life life(venue, SendPolicy::journal_first, log);
    play(life, 500);
    CHECK(venue.orders == 0);
    life.desk.call([](HotPath& path) { CHECK(path.trader().state(3) == PairState::disabled); });
    CHECK(life.desk.steer(HotSteering::entering_on, 0));
    play(life, 2'000);
    life.until([&] { return venue.orders > 0; });
    life.desk.call([](HotPath& path) { path.gate().controls().set_kill(ControlScope::strategy, 5, true); });
    life.until([&] { return !life.works(); });
    const std::uint64_t killed_at = venue.orders;
    while (venue.published < 19'000 && count_facts(life.log, HotFactKind::refused) == 0) play(life, 500);
    CHECK(venue.orders == killed_at);
    // of each pair once a minute at most, however often it asks
    CHECK(count_facts(life.log, HotFactKind::refused) > 0 && count_facts(life.log, HotFactKind::refused) <= 30);
}

TEST(hot_desk_refuses_facts_that_cannot_be) {
    HotDesk desk(make_config(SendPolicy::journal_first));
    HotFact order;
    order.kind = HotFactKind::order;
    order.order = {5, 0, Side::buy, {100}, {1'000'000}};
    order.pair = 1'000;
    CHECK(!desk.replay(order));
    order.pair = 0;
    order.leg = 1;
    CHECK(!desk.replay(order));
    order.leg = 0;
    CHECK(desk.replay(order));
    CHECK(!desk.replay(order));
    HotFact steered;
    steered.kind = HotFactKind::steered;
    steered.pair = 30;
    CHECK(!desk.replay(steered));
}
