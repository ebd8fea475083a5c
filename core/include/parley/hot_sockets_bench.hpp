#pragma once

#include "parley/hot_path_bench.hpp"

namespace parley::bench {

/// Wall time over loopback, a peer on the other core that sends one datagram at a time and waits for what comes of it.
struct SocketTimes {
    Samples ready;        ///< datagram received to order bytes ready
    Samples sent;         ///< datagram received to send() returned
    Samples round_trip;   ///< the peer: before its sendto() to after its recv() of the first order
    Samples send_floor;   ///< a bare send() of as many bytes over TCP
    Samples tcp_floor;    ///< a bare echo over TCP
    Samples udp_floor;    ///< a bare echo over UDP
    bool is_pinned = false;
};

/// The last `packets` of the feed; those before them reach the path in memory. Throws what HotSockets throws, and
/// std::runtime_error where none of them led to an order.
[[nodiscard]] SocketTimes run_sockets(const PairsFeed& feed, const HotPathConfig& config, std::size_t packets);

}  // namespace parley::bench
