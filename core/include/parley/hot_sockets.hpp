#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/hot_path.hpp"
#include "parley/soup_session.hpp"

namespace parley {

/// A socket that closes itself.
class Socket {
public:
    Socket() = default;
    explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
    Socket(Socket&& other) noexcept : descriptor_(other.descriptor_) { other.descriptor_ = -1; }
    Socket& operator=(Socket&& other) noexcept;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();
    [[nodiscard]] int get() const noexcept { return descriptor_; }

private:
    int descriptor_ = -1;
};

/// Hosts are IPv4 addresses.
struct HotEndpoints {
    std::uint16_t feed_port = 0;          ///< UDP; 0: any free one
    std::string order_host = "127.0.0.1"; ///< TCP
    std::uint16_t order_port = 0;
    std::string user{};
    std::string password{};
    /// What works at the venue when the session is lost is canceled once there is one again; positions stay.
    bool cancel_on_disconnect = true;
    std::string feed_host = "127.0.0.1";  ///< the interface that the feed comes to
    std::string feed_group{};             ///< multicast; empty: datagrams are addressed to this process
    std::string gap_host{};               ///< who sends messages again, UDP; empty: nobody
    std::uint16_t gap_port = 0;
    std::string session{};                ///< of an earlier life; empty: the current one
    std::uint64_t next_sequence = 0;      ///< the first report that is asked for; 0: the newest
    /// Each login asks the venue which order it expects next; see HotPath::begin_recovery().
    bool asks_account = false;
};

/// Hears of each login and of each numbered report before the path does.
class ReportListener {
public:
    virtual void on_login(std::string_view session, std::uint64_t next_sequence, TimeNs now_ns) = 0;
    virtual void on_report(std::uint64_t sequence, std::span<const std::uint8_t> message, TimeNs now_ns) = 0;

protected:
    ~ReportListener() = default;
};

/// A gap of the feed that did not shrink for so long is given up.
inline constexpr TimeNs kGapGiveUpNs = 2'000'000'000;

/// Carries a hot path's bytes: MoldUDP64 in, SoupBinTCP out and back. Never blocks and never sleeps: the owner's thread
/// calls poll() as often as it can. Throws std::system_error where a socket fails, std::runtime_error where the venue
/// ends the session: then the session is lost, orders that had not left whole are withdrawn, nothing more is sent, and
/// poll() only keeps the books until reconnect().
class HotSockets {
public:
    HotSockets(const HotEndpoints& endpoints, TimeNs now_ns, ReportListener* listener = nullptr);

    /// Takes what has arrived and sends what is ready. Returns the number of datagrams taken.
    std::size_t poll(HotPath& path, TimeNs now_ns);
    /// After a loss: the same session again from the message after the last one that was read, so that the venue tells
    /// what became of each order. With its acceptance everything that may still work is canceled, unless the endpoints
    /// say otherwise, and the path decides again. Throws as poll() does; then try again.
    void reconnect(TimeNs now_ns);
    [[nodiscard]] bool is_lost() const noexcept { return is_lost_; }
    /// Whether the venue has accepted the login: before, nothing is sent.
    [[nodiscard]] bool is_open() const noexcept { return session_.state() == soup::SessionState::open; }
    [[nodiscard]] std::uint16_t feed_port() const noexcept { return feed_port_; }
    /// Whether the venue has refused the login: the same one would be refused again.
    [[nodiscard]] bool is_rejected() const noexcept { return session_.state() == soup::SessionState::rejected; }
    /// Waits for bytes of either socket, or of `wake`, at most so long.
    void wait(int wake, int milliseconds) const noexcept;

    /// Messages of the feed that were given up, since the last call: the first of them and how many.
    struct GivenUp {
        std::uint64_t first = 0;
        std::uint64_t count = 0;
    };
    [[nodiscard]] GivenUp take_given_up() noexcept { return std::exchange(given_up_, {}); }

    /// Readings of CycleClock: when the last datagram that led to orders had been received, when send() returned.
    struct Marks {
        std::uint64_t received = 0;
        std::uint64_t ready = 0;
        std::uint64_t sent = 0;
        std::uint64_t sends = 0;
    };
    [[nodiscard]] const Marks& marks() const noexcept { return marks_; }

    /// What losses of the session led to, for the record.
    struct Losses {
        TimeNs last_at_ns = 0;
        std::uint64_t count = 0;
        std::uint64_t cancels = 0;  ///< asked for after a reconnection; reports of the venue say what came of them
    };
    [[nodiscard]] const Losses& losses() const noexcept { return losses_; }

private:
    static constexpr std::size_t kDatagramsPerPoll = 64;

    std::size_t receive_feed(HotPath& path, TimeNs now_ns);
    void receive_reports(HotPath& path, TimeNs now_ns);
    void send_orders(HotPath& path);
    void mend_gap(HotPath& path, TimeNs now_ns);
    void begin_session(HotPath& path, TimeNs now_ns);
    void resume(HotPath& path);
    void send_cancels();
    void keep_alive(TimeNs now_ns);
    void write(std::span<const std::uint8_t> bytes);
    template <typename Act>
    void guard(HotPath& path, TimeNs now_ns, Act&& act);

    HotEndpoints endpoints_;
    Socket feed_;
    Socket orders_;
    std::uint16_t feed_port_ = 0;
    Marks marks_;
    soup::Client session_;
    soup::Framer<> framer_;
    std::vector<std::uint8_t> cancels_;  ///< bytes that go before any order
    std::size_t canceled_bytes_ = 0;     ///< of these
    Losses losses_;
    ReportListener* listener_ = nullptr;
    GivenUp given_up_;
    std::uint64_t gap_at_ = 0;           ///< first message that is missing
    TimeNs gap_since_ns_ = 0;
    bool is_lost_ = false;
    bool is_resuming_ = false;
    bool is_beginning_ = false;          ///< the login was sent and not yet answered
    std::array<std::uint8_t, 65'536> buffer_{};
};

}  // namespace parley
