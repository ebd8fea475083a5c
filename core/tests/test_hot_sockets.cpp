#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "parley/hot_sockets.hpp"
#include "parley/hot_sockets_bench.hpp"

using namespace parley;

TEST(hot_sockets_carry_datagrams_in_and_orders_out) {
    const auto feed = bench::make_pairs_feed({3, 20, 3'000});
    HotPathConfig config = bench::make_pairs_config(20, 30, 40);
    config.books = {2'000, 2'000};
    const auto times = bench::run_sockets(feed, config, 1'500);
    CHECK(times.round_trip.ns.size() > 5);
    CHECK(times.round_trip.ns.size() == times.sent.ns.size() && times.sent.ns.size() == times.ready.ns.size());
    CHECK(times.sent.quantile(0.5) > times.ready.quantile(0.5));
    CHECK(times.round_trip.quantile(0.5) > times.sent.quantile(0.5));
}

TEST(hot_sockets_say_where_nobody_listens) {
    bool is_refused = false;
    try {
        const HotSockets sockets({0, "127.0.0.1", 1, "PAIRS", "PAIRS"}, 0);
    } catch (const std::system_error&) {
        is_refused = true;
    }
    CHECK(is_refused);
}

namespace {

constexpr TimeNs kStart = 1'800'000'000'000'000'000;
constexpr std::chrono::seconds kWait{20};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    made.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return made;
}

/// A venue on one thread with the path: it listens, accepts logins, reads orders, and goes away when told to.
class Venue {
public:
    Venue() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const sockaddr_in local = loopback(0);
        CHECK(::bind(listening_.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0);
        CHECK(::listen(listening_.get(), 4) == 0);
    }
    [[nodiscard]] std::uint16_t port() const {
        sockaddr_in local{};
        socklen_t size = sizeof local;
        CHECK(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&local), &size) == 0);
        return ntohs(local.sin_port);
    }
    /// Takes a connection whose login was sent and answers it; returns the message that it asks for.
    std::uint64_t accept(std::uint64_t next) {
        session_ = {};
        framer_ = {};
        orders_ = Socket(::accept(listening_.get(), nullptr, nullptr));
        const int one = 1;
        CHECK(::setsockopt(orders_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
        std::uint64_t asked = 0;
        take(0, [&](const soup::LoginRequest& request) {
            asked = request.sequence;
            std::uint8_t out[64];
            const std::size_t size = session_.accept("DAY1", next, kStart, out);
            CHECK(::send(orders_.get(), out, size, 0) == static_cast<ssize_t>(size));
        });
        return asked;
    }
    /// The messages that have come.
    std::vector<std::vector<std::uint8_t>> read() {
        messages_.clear();
        take(MSG_DONTWAIT, [](const soup::LoginRequest&) {});
        return messages_;
    }
    void cancel(std::uint32_t reference) {
        std::uint8_t event[18] = {'C'};
        big_endian::store(event + 9, reference);
        std::uint8_t out[64];
        const std::size_t size = session_.send(event, kStart, out);
        CHECK(::send(orders_.get(), out, size, 0) == static_cast<ssize_t>(size));
    }
    void hang_up() { orders_ = Socket(); }

private:
    template <typename Login>
    void take(int flags, Login&& login) {
        const ssize_t size = ::recv(orders_.get(), buffer_.data(), buffer_.size(), flags);
        if (size <= 0) return;
        framer_.push({buffer_.data(), static_cast<std::size_t>(size)}, [&](const soup::Packet& packet) {
            session_.take(packet, kStart, login, [&](auto message) { messages_.emplace_back(message.begin(), message.end()); });
        });
    }

    Socket listening_;
    Socket orders_;
    soup::Server session_;
    soup::Framer<> framer_;
    std::array<std::uint8_t, 65'536> buffer_{};
    std::vector<std::vector<std::uint8_t>> messages_;
};

/// A path that has orders at a venue which then hangs up.
struct Torn {
    explicit Torn(bool cancel_on_disconnect, SendPolicy send = SendPolicy::send_first) {
        HotPathConfig config = bench::make_pairs_config(20, 30, 40);
        config.books = {2'000, 2'000};
        config.send = send;
        path = std::make_unique<HotPath>(config);
        bench::set_every_control(*path);
        HotEndpoints endpoints{0, "127.0.0.1", venue.port(), "PAIRS", "PAIRS"};
        endpoints.cancel_on_disconnect = cancel_on_disconnect;
        sockets = std::make_unique<HotSockets>(endpoints, kStart);
        venue.accept(1);
        until([&] { return sockets->is_open(); });
        const auto feed = bench::make_pairs_feed({3, 20, 20'000});
        for (std::size_t packet = 0; packet < feed.size() && path->counts().orders == 0; ++packet) {
            path->on_packet(feed[packet], now_ns += 1'000);
        }
        sockets->poll(*path, now_ns);
    }
    template <typename Done>
    void until(Done&& done) {
        const auto end = std::chrono::steady_clock::now() + kWait;
        while (!done() && std::chrono::steady_clock::now() < end) sockets->poll(*path, now_ns);
        CHECK(done());
    }
    /// True where poll() says that the session is lost, once.
    bool lose() {
        venue.hang_up();
        const auto end = std::chrono::steady_clock::now() + kWait;
        while (std::chrono::steady_clock::now() < end) {
            try {
                sockets->poll(*path, now_ns);
            } catch (const std::runtime_error&) {
                return true;
            }
        }
        return false;
    }
    std::vector<std::uint32_t> working() const {
        std::vector<std::uint32_t> ids;
        path->trader().for_each_working([&](OrderId id) { ids.push_back(static_cast<std::uint32_t>(id)); });
        return ids;
    }
    void reconnect() {
        sockets->reconnect(now_ns);
        asked = venue.accept(1);
        until([&] { return sockets->is_open(); });
    }

    Venue venue;
    std::unique_ptr<HotPath> path;
    std::unique_ptr<HotSockets> sockets;
    TimeNs now_ns = kStart;
    std::uint64_t asked = 0;
};

std::int64_t lots_working(HotPath& path) {
    std::int64_t lots = 0;
    for (std::uint32_t slot = 0; slot < path.gate().size(); ++slot) {
        lots += path.gate().position(slot).buy_working + path.gate().position(slot).sell_working;
    }
    return lots;
}

}  // namespace

TEST(hot_sockets_cancel_what_worked_when_the_session_was_lost) {
    Torn torn(true);
    CHECK(torn.venue.read().size() == 2);
    CHECK(torn.lose() && torn.sockets->is_lost() && torn.sockets->losses().count == 1);
    const auto open = torn.working();
    CHECK(open.size() == 2 && lots_working(*torn.path) > 0 && torn.path->counts().withdrawn == 0);
    const std::uint64_t orders = torn.path->counts().orders;
    torn.reconnect();
    CHECK(torn.asked == 1);
    const auto messages = torn.venue.read();
    CHECK(messages.size() == 2 && torn.sockets->losses().cancels == 2);
    for (std::size_t at = 0; at < messages.size(); ++at) {
        CHECK(messages[at].size() == ouch::kCancelOrderBytes && messages[at][0] == 'X');
        CHECK(big_endian::load<std::uint32_t>(messages[at].data() + 1) == open[at]);
        CHECK(big_endian::load<std::uint32_t>(messages[at].data() + 5) == 0);
        torn.venue.cancel(open[at]);
    }
    torn.until([&] { return torn.working().empty(); });
    CHECK(lots_working(*torn.path) == 0 && torn.path->counts().orders == orders);
}

TEST(hot_sockets_leave_orders_alone_where_the_session_opted_out) {
    Torn torn(false);
    CHECK(torn.venue.read().size() == 2 && torn.lose());
    torn.reconnect();
    for (int tries = 0; tries < 100; ++tries) torn.sockets->poll(*torn.path, torn.now_ns);
    CHECK(torn.venue.read().empty() && torn.sockets->losses().cancels == 0 && torn.working().size() == 2);
}

TEST(hot_sockets_withdraw_orders_that_never_left) {
    Torn torn(true, SendPolicy::journal_first);
    CHECK(torn.working().size() == 2 && torn.path->outbox().ready().empty());
    CHECK(torn.lose());
    CHECK(torn.working().empty() && lots_working(*torn.path) == 0);
    CHECK(torn.path->counts().withdrawn == 2 && torn.path->withdrawn().size() == 2);
    CHECK(torn.path->outbox().unjournaled().empty() && torn.path->outbox().ready().empty());
    torn.reconnect();
    CHECK(torn.venue.read().empty() && torn.sockets->losses().cancels == 0);
}

TEST(hot_sockets_decide_nothing_while_the_session_is_lost) {
    Torn torn(true);
    CHECK(torn.lose());
    const std::uint64_t orders = torn.path->counts().orders;
    const auto feed = bench::make_pairs_feed({3, 20, 20'000});
    for (std::size_t packet = 0; packet < feed.size(); ++packet) torn.path->on_packet(feed[packet], torn.now_ns += 1'000);
    CHECK(torn.path->counts().orders == orders && torn.path->counts().blocked > 0);
}
