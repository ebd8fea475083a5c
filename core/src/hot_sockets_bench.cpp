#include "parley/hot_sockets_bench.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "parley/cycle_clock.hpp"
#include "parley/hot_sockets.hpp"

namespace parley::bench {
namespace {

constexpr std::size_t kFloorRounds = 5'000;
constexpr TimeNs kStartNs = 1'800'000'000'000'000'000;
constexpr TimeNs kPacketNs = 1'000;
constexpr std::chrono::seconds kPatience(60);
/// Looks in vain after which a thread lets others run: never reached where both have a core.
constexpr std::uint64_t kSpinsMax = 2'000;

/// The cores of this thread as they were, given back at the end.
class Affinity {
public:
    Affinity() noexcept { pthread_getaffinity_np(pthread_self(), sizeof cores_, &cores_); }
    Affinity(const Affinity&) = delete;
    Affinity& operator=(const Affinity&) = delete;
    ~Affinity() { pthread_setaffinity_np(pthread_self(), sizeof cores_, &cores_); }

private:
    cpu_set_t cores_{};
};

/// Whatever cores this process was started on: path and peer need one each.
bool pin(unsigned int core) {
    if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return false;
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    return pthread_setaffinity_np(pthread_self(), sizeof cores, &cores) == 0;
}

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

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
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) fail("getsockname");
    return ntohs(local.sin_port);
}

Socket bound(int type) {
    Socket made(::socket(AF_INET, type, 0));
    const sockaddr_in local = loopback(0);
    if (made.get() < 0 || ::bind(made.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) fail("bind");
    if (type == SOCK_STREAM && ::listen(made.get(), 1) != 0) fail("listen");
    return made;
}

void connect_to(const Socket& socket, std::uint16_t port) {
    const sockaddr_in remote = loopback(port);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0) fail("connect");
}

Socket accepted(const Socket& listening) {
    Socket made(::accept(listening.get(), nullptr, nullptr));
    const int one = 1;
    if (made.get() < 0 || ::setsockopt(made.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) fail("accept");
    return made;
}

/// Bytes that are there now; 0 where there are none.
std::size_t receive(const Socket& socket, std::span<std::uint8_t> out) {
    const ssize_t size = ::recv(socket.get(), out.data(), out.size(), MSG_DONTWAIT);
    if (size > 0) return static_cast<std::size_t>(size);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    fail("recv");
}

void send(const Socket& socket, std::span<const std::uint8_t> bytes) {
    if (::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) fail("send");
}

/// Spins until `done`; a peer that never answers ends the measurement.
template <typename Done>
void wait(Done&& done) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t spins = 1; !done(); ++spins) {
        if (spins > kSpinsMax) std::this_thread::yield();
        if (spins % 10'000 == 0 && std::chrono::steady_clock::now() - begin > kPatience) {
            throw std::system_error(ETIMEDOUT, std::generic_category(), "the other side does not answer");
        }
    }
}

Samples sorted(std::vector<double> ns) {
    std::sort(ns.begin(), ns.end());
    return {std::move(ns)};
}

/// Runs `other` on a thread of its own, which `stop` ends, and rethrows what it threw.
template <typename Other, typename Self>
void beside(Other&& other, Self&& self) {
    std::atomic<bool> is_over = false;
    std::exception_ptr failed;
    std::thread thread([&] {
        pin(1);
        try {
            other(is_over);
        } catch (...) {
            failed = std::current_exception();
        }
    });
    std::exception_ptr own;
    try {
        self();
    } catch (...) {
        own = std::current_exception();
    }
    is_over = true;
    thread.join();
    if (failed) std::rethrow_exception(failed);
    if (own) std::rethrow_exception(own);
}

/// Echoes over a connected pair of sockets.
Samples measure_echo(const Socket& near, const Socket& far, const CycleClock& clock) {
    std::vector<double> times;
    const auto echo = [&](const std::atomic<bool>& is_over) {
        std::uint8_t bytes[256];
        for (std::uint64_t idle = 0; !is_over; ++idle) {
            if (idle > kSpinsMax) std::this_thread::yield();
            const std::size_t size = receive(far, bytes);
            if (size == 0) continue;
            send(far, {bytes, size});
            idle = 0;
        }
    };
    beside(echo, [&] {
        std::uint8_t bytes[OrderOutbox::kPacketBytes] = {};
        for (std::size_t round = 0; round < kFloorRounds; ++round) {
            const std::uint64_t begin = CycleClock::now();
            send(near, bytes);
            wait([&] { return receive(near, bytes) > 0; });
            times.push_back(clock.nanoseconds(CycleClock::now() - begin));
        }
    });
    return sorted(std::move(times));
}

Samples measure_send(const Socket& near, const Socket& far, const CycleClock& clock) {
    std::vector<double> times;
    std::atomic<std::size_t> drained = 0;
    const auto drain = [&](const std::atomic<bool>& is_over) {
        std::uint8_t bytes[4'096];
        while (!is_over) drained += receive(far, bytes);
    };
    beside(drain, [&] {
        const std::uint8_t bytes[2 * OrderOutbox::kPacketBytes] = {};
        for (std::size_t round = 1; round <= kFloorRounds; ++round) {
            const std::uint64_t begin = CycleClock::now();
            send(near, bytes);
            times.push_back(clock.nanoseconds(CycleClock::now() - begin));
            wait([&] { return drained == round * sizeof bytes; });
        }
    });
    return sorted(std::move(times));
}

void measure_floors(SocketTimes& times, const CycleClock& clock) {
    const Socket listening = bound(SOCK_STREAM);
    const Socket near(::socket(AF_INET, SOCK_STREAM, 0));
    connect_to(near, port_of(listening));
    const int one = 1;
    if (::setsockopt(near.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) fail("setsockopt");
    const Socket far = accepted(listening);
    times.send_floor = measure_send(near, far, clock);
    times.tcp_floor = measure_echo(near, far, clock);
    const Socket near_datagrams = bound(SOCK_DGRAM);
    const Socket far_datagrams = bound(SOCK_DGRAM);
    connect_to(near_datagrams, port_of(far_datagrams));
    connect_to(far_datagrams, port_of(near_datagrams));
    times.udp_floor = measure_echo(near_datagrams, far_datagrams, clock);
}

/// What the path's thread tells the peer.
struct Progress {
    std::atomic<std::uint64_t> datagrams = 0;
    std::atomic<std::uint64_t> orders = 0;
    std::atomic<std::uint16_t> feed_port = 0;
};

/// The exchange: one datagram, then what comes of it, then the fills.
class Exchange {
public:
    Exchange(const Socket& orders, std::uint16_t feed_port, Progress& progress)
        : orders_(orders), feed_(::socket(AF_INET, SOCK_DGRAM, 0)), progress_(progress) {
        connect_to(feed_, feed_port);
    }

    void login() {
        wait([&] { return take() > 0; });
        std::uint8_t out[64];
        send(orders_, {out, session_.accept("DAY1", 1, kStartNs, out)});
    }

    /// Cycles from before sendto() to the first order received; 0 where none came.
    std::uint64_t step(std::span<const std::uint8_t> datagram) {
        const std::uint64_t orders_before = seen_;
        std::uint64_t first = 0;
        const std::uint64_t begin = CycleClock::now();
        send(feed_, datagram);
        ++sent_;
        wait([&] {
            take();
            if (first == 0 && seen_ != orders_before) first = CycleClock::now();
            return progress_.datagrams == sent_ && progress_.orders == seen_;
        });
        fill();
        return first == 0 ? 0 : first - begin;
    }

private:
    std::size_t take() {
        const std::size_t size = receive(orders_, buffer_);
        framer_.push({buffer_.data(), size}, [&](const soup::Packet& packet) {
            session_.take(packet, kStartNs, [](const soup::LoginRequest&) {},
                          [&](auto message) {
                              ++seen_;
                              open_.push_back({big_endian::load<std::uint32_t>(message.data() + 1),
                                               big_endian::load<std::uint32_t>(message.data() + 6)});
                          });
        });
        return size;
    }
    void fill() {
        for (const auto& [reference, quantity] : open_) {
            std::uint8_t event[34] = {'E'};
            big_endian::store(event + 9, reference);
            big_endian::store(event + 13, quantity);
            std::uint8_t out[64];
            send(orders_, {out, session_.send(event, kStartNs, out)});
        }
        open_.clear();
    }

    const Socket& orders_;
    Socket feed_;
    Progress& progress_;
    soup::Server session_;
    soup::Framer<> framer_;
    std::array<std::uint8_t, 65'536> buffer_{};
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open_;
    std::uint64_t sent_ = 0;
    std::uint64_t seen_ = 0;
};

/// The path on its own thread: polls until it is over.
void carry(HotPath& path, std::uint16_t order_port, TimeNs now_ns, Progress& progress,
           const std::atomic<bool>& is_over, const CycleClock& clock, SocketTimes& times) {
    const std::uint64_t orders_before = path.counts().orders;
    HotSockets sockets({0, "127.0.0.1", order_port, "PAIRS", "PAIRS"}, now_ns);
    progress.feed_port = sockets.feed_port();
    std::uint64_t sends = 0;
    std::uint64_t idle = 0;
    while (!is_over) {
        const std::size_t taken = sockets.poll(path, now_ns);
        if (taken == 0) {
            if (++idle > kSpinsMax) std::this_thread::yield();
            continue;
        }
        idle = 0;
        now_ns += kPacketNs;
        path.outbox().journaled(path.outbox().unjournaled().size());
        progress.orders = path.counts().orders - orders_before;
        progress.datagrams += taken;
        const HotSockets::Marks& marks = sockets.marks();
        if (marks.sends == sends) continue;
        sends = marks.sends;
        times.ready.ns.push_back(clock.nanoseconds(marks.ready - marks.received));
        times.sent.ns.push_back(clock.nanoseconds(marks.sent - marks.received));
    }
}

}  // namespace

SocketTimes run_sockets(const PairsFeed& feed, const HotPathConfig& config, std::size_t packets) {
    const CycleClock clock;
    const Affinity affinity;
    SocketTimes times;
    times.is_pinned = pin(0);
    measure_floors(times, clock);
    HotPath hot(config);
    set_every_control(hot);
    const std::size_t warm_up = feed.size() - std::min(feed.size(), packets);
    // Time goes on, or the execution throttle would take all fills for one burst and disable the strategy.
    TimeNs now_ns = kStartNs;
    for (std::size_t packet = 0; packet < warm_up; ++packet) {
        hot.on_packet(feed[packet], now_ns += kPacketNs);
        fill_all(hot, now_ns);
    }
    const Socket listening = bound(SOCK_STREAM);
    Progress progress;
    Socket orders;  // open until the path's thread is over
    std::vector<double> round_trips;
    const auto path = [&](const std::atomic<bool>& is_over) {
        carry(hot, port_of(listening), now_ns, progress, is_over, clock, times);
    };
    beside(path, [&] {
        orders = accepted(listening);
        wait([&] { return progress.feed_port != 0; });
        Exchange exchange(orders, progress.feed_port, progress);
        exchange.login();
        for (std::size_t packet = warm_up; packet < feed.size(); ++packet) {
            const std::uint64_t cycles = exchange.step(feed[packet]);
            if (cycles != 0) round_trips.push_back(clock.nanoseconds(cycles));
        }
    });
    if (round_trips.empty() || times.sent.ns.empty()) throw std::runtime_error("no datagram led to an order");
    times.round_trip = sorted(std::move(round_trips));
    times.ready = sorted(std::move(times.ready.ns));
    times.sent = sorted(std::move(times.sent.ns));
    return times;
}

}  // namespace parley::bench
