#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "parley/big_endian.hpp"
#include "parley/ouch.hpp"
#include "parley/strategy_gate.hpp"

namespace parley {

/// When the bytes of an order may leave.
enum class SendPolicy : std::uint8_t {
    journal_first,  ///< once its record is on disk
    send_first,     ///< at once; after a crash the venue's reports tell what was sent
};

/// What the journal keeps of an order: enough to say why it was sent, and to send nothing twice.
struct OrderRecord {
    TimeNs at_ns = 0;
    std::uint64_t feed_sequence = 0;  ///< of the feed's next message when it was decided
    double zscore = 0.0;
    StrategyOrder order;
    std::uint32_t pair = 0;
    friend bool operator==(const OrderRecord& a, const OrderRecord& b) noexcept {
        return a.at_ns == b.at_ns && a.feed_sequence == b.feed_sequence && a.zscore == b.zscore && a.pair == b.pair &&
               a.order.order_id == b.order.order_id && a.order.instrument == b.order.instrument &&
               a.order.side == b.order.side && a.order.lots == b.order.lots && a.order.price == b.order.price;
    }
};

/// Orders as OUCH in SoupBinTCP packets, in one piece of memory, with a record beside each. Fixed memory; full: no more
/// orders until some were sent.
class OrderOutbox {
public:
    static constexpr std::size_t kPacketBytes = 3 + ouch::kEnterOrderBytes;

    OrderOutbox(SendPolicy policy, std::size_t orders_max)
        : policy_(policy), bytes_(orders_max * kPacketBytes), records_(orders_max) {}

    [[nodiscard]] bool has_room(std::size_t orders) const noexcept {
        return (written_ + orders) * kPacketBytes <= bytes_.size();
    }
    void add(const ouch::EnterOrder& order, const OrderRecord& record) noexcept {
        assert(has_room(1));
        std::uint8_t* const at = bytes_.data() + written_ * kPacketBytes;
        big_endian::store(at, static_cast<std::uint16_t>(kPacketBytes - 2));
        at[2] = 'U';
        ouch::encode_body(order, at + 3);
        records_[written_++] = record;
        if (policy_ == SendPolicy::send_first) released_ = written_;
    }

    /// Records that are not on disk yet, oldest first. Say journaled() once they are.
    [[nodiscard]] std::span<const OrderRecord> unjournaled() const noexcept {
        return {records_.data() + journaled_, records_.data() + written_};
    }
    void journaled(std::size_t records) noexcept {
        assert(records <= written_ - journaled_);
        journaled_ += records;
        if (policy_ == SendPolicy::journal_first) released_ = journaled_;
        rewind();
    }

    /// Bytes that may leave now. Say sent() for as many as left.
    [[nodiscard]] std::span<const std::uint8_t> ready() const noexcept {
        return {bytes_.data() + sent_bytes_, bytes_.data() + released_ * kPacketBytes};
    }
    void sent(std::size_t bytes) noexcept {
        assert(bytes <= ready().size());
        sent_bytes_ += bytes;
        rewind();
    }

    /// The session is lost: an order of which not every byte left was never whole at the venue. Calls visit(record) for
    /// each of these, the oldest first, and forgets them. Records of what did leave stay until they are journaled.
    template <typename Visit>
    void withdraw(Visit&& visit) {
        const std::size_t whole = sent_bytes_ / kPacketBytes;
        for (std::size_t at = whole; at < written_; ++at) visit(records_[at]);
        written_ = whole;
        sent_bytes_ = whole * kPacketBytes;
        released_ = std::min(released_, whole);
        journaled_ = std::min(journaled_, whole);
        rewind();
    }

private:
    void rewind() noexcept {
        if (sent_bytes_ != written_ * kPacketBytes || journaled_ != written_) return;
        written_ = journaled_ = released_ = sent_bytes_ = 0;
    }

    SendPolicy policy_;
    std::vector<std::uint8_t> bytes_;
    std::vector<OrderRecord> records_;
    std::size_t written_ = 0;    ///< orders
    std::size_t journaled_ = 0;  ///< orders
    std::size_t released_ = 0;   ///< orders
    std::size_t sent_bytes_ = 0;
};

}  // namespace parley
