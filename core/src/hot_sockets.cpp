#include "parley/hot_sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "parley/cycle_clock.hpp"

namespace parley {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

[[nodiscard]] bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

[[nodiscard]] sockaddr_in address(const std::string& host, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    if (inet_pton(AF_INET, host.c_str(), &made.sin_addr) != 1) throw std::invalid_argument("not an IPv4 address: " + host);
    return made;
}

/// Room for a burst while the thread is elsewhere; the system may grant less.
constexpr int kFeedBufferBytes = 8 << 20;
/// A connection that takes longer is tried again: books are not kept meanwhile.
constexpr timeval kConnectTime{1, 0};

template <typename Value>
[[nodiscard]] bool set(const Socket& socket, int level, int option, const Value& value) noexcept {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

[[nodiscard]] Socket bind_feed(const HotEndpoints& endpoints) {
    Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const bool is_shared = !endpoints.feed_group.empty();
    const sockaddr_in interface = address(endpoints.feed_host, endpoints.feed_port);
    sockaddr_in local = interface;
    if (is_shared) local.sin_addr.s_addr = htonl(INADDR_ANY);
    if (socket.get() < 0) fail("feed socket");
    static_cast<void>(set(socket, SOL_SOCKET, SO_RCVBUF, kFeedBufferBytes));
    if (is_shared && !set(socket, SOL_SOCKET, SO_REUSEADDR, 1)) fail("feed socket");
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) fail("feed socket");
    if (!is_shared) return socket;
    const ip_mreq membership{address(endpoints.feed_group, 0).sin_addr, interface.sin_addr};
    if (!set(socket, IPPROTO_IP, IP_ADD_MEMBERSHIP, membership)) fail("feed group");
    return socket;
}

[[nodiscard]] Socket connect_orders(const std::string& host, std::uint16_t port) {
    Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in remote = address(host, port);
    if (socket.get() < 0 || !set(socket, SOL_SOCKET, SO_SNDTIMEO, kConnectTime) ||
        ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&remote), sizeof remote) != 0 ||
        !set(socket, IPPROTO_TCP, TCP_NODELAY, 1) || ::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) {
        fail("order socket");
    }
    return socket;
}

[[nodiscard]] std::uint16_t port_of(const Socket& socket) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&local), &size) != 0) fail("feed socket");
    return ntohs(local.sin_port);
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

Socket::~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

HotSockets::HotSockets(const HotEndpoints& endpoints, TimeNs now_ns, ReportListener* listener)
    : endpoints_(endpoints),
      feed_(bind_feed(endpoints)),
      orders_(connect_orders(endpoints.order_host, endpoints.order_port)),
      feed_port_(port_of(feed_)),
      listener_(listener),
      is_beginning_(true) {
    if (!endpoints.gap_host.empty()) static_cast<void>(address(endpoints.gap_host, endpoints.gap_port));
    write({buffer_.data(), session_.login(endpoints.user, endpoints.password, endpoints.session, endpoints.next_sequence,
                                          now_ns, buffer_)});
}

/// Whatever goes wrong with the session of orders loses it.
template <typename Act>
void HotSockets::guard(HotPath& path, TimeNs now_ns, Act&& act) {
    try {
        act();
    } catch (const std::exception&) {
        is_lost_ = true;
        losses_.last_at_ns = now_ns;
        ++losses_.count;
        orders_ = Socket();
        path.on_disconnect(now_ns);
        throw;
    }
}

std::size_t HotSockets::poll(HotPath& path, TimeNs now_ns) {
    mend_gap(path, now_ns);
    if (is_lost_) return receive_feed(path, now_ns);
    guard(path, now_ns, [&] { receive_reports(path, now_ns); });
    const std::size_t datagrams = receive_feed(path, now_ns);
    if (!path.outbox().ready().empty()) guard(path, now_ns, [&] { send_orders(path); });
    if (datagrams == 0 && path.outbox().ready().empty()) guard(path, now_ns, [&] { keep_alive(now_ns); });
    path.settle();
    return datagrams;
}

void HotSockets::reconnect(TimeNs now_ns) {
    assert(is_lost_);
    Socket again = connect_orders(endpoints_.order_host, endpoints_.order_port);
    const std::string session(session_.session());
    const bool is_first = session.empty();
    const std::uint64_t next = is_first ? endpoints_.next_sequence : session_.next_sequence();
    orders_ = std::move(again);
    framer_ = {};
    cancels_.clear();
    canceled_bytes_ = 0;
    write({buffer_.data(), session_.login(endpoints_.user, endpoints_.password, is_first ? endpoints_.session : session, next,
                                          now_ns, buffer_)});
    is_lost_ = false;
    is_resuming_ = is_beginning_ = true;
}

/// Before the reports that the venue tells again.
void HotSockets::begin_session(HotPath& path, TimeNs now_ns) {
    is_beginning_ = false;
    if (listener_ != nullptr) listener_->on_login(session_.session(), session_.next_sequence(), now_ns);
    if (!endpoints_.asks_account) return;
    path.begin_recovery();
    std::uint8_t packet[3 + ouch::kAccountQueryBytes];
    big_endian::store(packet, static_cast<std::uint16_t>(sizeof packet - 2));
    packet[2] = 'U';
    ouch::encode_body(ouch::AccountQuery{}, packet + 3);
    cancels_.insert(cancels_.end(), std::begin(packet), std::end(packet));
    send_cancels();
}

/// Asks again for what is missing, and goes on without it where nobody has it.
void HotSockets::mend_gap(HotPath& path, TimeNs now_ns) {
    mold::Receiver<>& feed = path.feed();
    if (!feed.has_gap()) {
        gap_at_ = 0;
        return;
    }
    if (gap_at_ != feed.next_sequence()) {
        gap_at_ = feed.next_sequence();
        gap_since_ns_ = now_ns;
    }
    if (now_ns - gap_since_ns_ >= kGapGiveUpNs) {
        const std::uint64_t first = feed.next_sequence();
        const std::uint64_t count = path.give_up_gap(now_ns);
        if (given_up_.count == 0) given_up_.first = first;
        given_up_.count += count;
        return;
    }
    if (endpoints_.gap_host.empty()) return;
    std::uint8_t request[mold::kHeaderBytes];
    const std::size_t size = feed.request(now_ns, request);
    if (size == 0) return;
    const sockaddr_in server = address(endpoints_.gap_host, endpoints_.gap_port);
    // A request that is lost, or refused for a moment, is made again.
    static_cast<void>(::sendto(feed_.get(), request, size, 0, reinterpret_cast<const sockaddr*>(&server), sizeof server));
}

void HotSockets::wait(int wake, int milliseconds) const noexcept {
    pollfd watched[] = {{feed_.get(), POLLIN, 0}, {wake, POLLIN, 0}, {orders_.get(), POLLIN, 0}};
    static_cast<void>(::poll(watched, is_lost_ ? 2 : 3, milliseconds));
}

/// The venue has accepted the session again: cancels go before anything else. One for an order that is done already the
/// venue ignores.
void HotSockets::resume(HotPath& path) {
    is_resuming_ = false;
    if (!endpoints_.asks_account) path.on_reconnect();
    if (!endpoints_.cancel_on_disconnect) return;
    path.trader().for_each_working([this](OrderId id) {
        std::uint8_t packet[3 + ouch::kCancelOrderBytes];
        big_endian::store(packet, static_cast<std::uint16_t>(sizeof packet - 2));
        packet[2] = 'U';
        ouch::encode_body(ouch::CancelOrder{static_cast<ouch::UserReference>(id), 0}, packet + 3);
        cancels_.insert(cancels_.end(), std::begin(packet), std::end(packet));
        ++losses_.cancels;
    });
    send_cancels();
}

void HotSockets::send_cancels() {
    const ssize_t size = ::send(orders_.get(), cancels_.data() + canceled_bytes_, cancels_.size() - canceled_bytes_, MSG_NOSIGNAL);
    if (size < 0) {
        if (would_block()) return;
        fail("order socket");
    }
    canceled_bytes_ += static_cast<std::size_t>(size);
    if (canceled_bytes_ < cancels_.size()) return;
    cancels_.clear();
    canceled_bytes_ = 0;
}

/// Orders leave before the next datagram is looked at.
std::size_t HotSockets::receive_feed(HotPath& path, TimeNs now_ns) {
    for (std::size_t taken = 0; taken < kDatagramsPerPoll; ++taken) {
        const ssize_t size = ::recv(feed_.get(), buffer_.data(), buffer_.size(), 0);
        if (size < 0) {
            if (would_block()) return taken;
            fail("feed socket");
        }
        const std::uint64_t received = CycleClock::now();
        path.on_packet({buffer_.data(), static_cast<std::size_t>(size)}, now_ns);
        if (path.outbox().ready().empty()) continue;
        marks_.received = received;
        marks_.ready = CycleClock::now();
        guard(path, now_ns, [&] { send_orders(path); });
        path.settle();
    }
    return kDatagramsPerPoll;
}

void HotSockets::receive_reports(HotPath& path, TimeNs now_ns) {
    const ssize_t size = ::recv(orders_.get(), buffer_.data(), buffer_.size(), 0);
    if (size < 0) {
        if (would_block()) return;
        fail("order socket");
    }
    if (size == 0) throw std::runtime_error("the venue closed the order session");
    const auto on_message = [&](std::uint64_t sequence, std::span<const std::uint8_t> message) {
        if (listener_ != nullptr) listener_->on_report(sequence, message, now_ns);
        path.on_report(message, now_ns);
    };
    const auto take = [&](const soup::Packet& packet) {
        session_.take(packet, now_ns, on_message, [](auto) {});
        if (is_beginning_ && is_open()) begin_session(path, now_ns);
    };
    const bool is_whole = framer_.push({buffer_.data(), static_cast<std::size_t>(size)}, take) == soup::Flaw::none;
    const bool is_alive = is_open() || session_.state() == soup::SessionState::logging_in;
    if (is_rejected()) {
        throw std::runtime_error(session_.reject_reason() == 'S' ? "no_such_session" : "not_authorized");
    }
    if (!is_whole || !is_alive) throw std::runtime_error("the venue ended the order session");
    if (is_resuming_ && is_open()) resume(path);
}

/// As much as the socket takes; the rest with the next poll.
void HotSockets::send_orders(HotPath& path) {
    if (!is_open()) return;
    if (!cancels_.empty()) send_cancels();
    if (!cancels_.empty()) return;
    const auto ready = path.outbox().ready();
    const ssize_t size = ::send(orders_.get(), ready.data(), ready.size(), MSG_NOSIGNAL);
    if (size < 0) {
        if (would_block()) return;
        fail("order socket");
    }
    marks_.sent = CycleClock::now();
    ++marks_.sends;
    path.outbox().sent(static_cast<std::size_t>(size));
}

void HotSockets::keep_alive(TimeNs now_ns) {
    if (!cancels_.empty()) return send_cancels();
    std::uint8_t packet[8];
    write({packet, session_.on_time(now_ns, packet)});
    if (session_.state() == soup::SessionState::failed) throw std::runtime_error("the venue has fallen silent");
}

/// A login or a heartbeat. A socket that takes nothing has bytes of ours under way, which say as much as a heartbeat.
void HotSockets::write(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    const ssize_t size = ::send(orders_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && would_block()) return;
    if (size != static_cast<ssize_t>(bytes.size())) fail("order socket");
}

}  // namespace parley
