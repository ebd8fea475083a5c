#include <algorithm>

#include "parley/journal.hpp"

namespace parley {

namespace {

/// The last sequence that an epoch's mark says was durable; 0 where there is no readable mark.
std::uint64_t read_durable_mark(const Storage& storage, std::uint64_t epoch) {
    const auto bytes = storage.read_start(mark_name(epoch), journal_format::kMarkBytes);
    if (bytes.size() < journal_format::kMarkBytes) return 0;
    const auto sequence = journal_format::get<std::uint64_t>(bytes.data());
    const auto expected = journal_format::durable_mark(sequence);
    return std::equal(expected.begin(), expected.end(), bytes.begin()) ? sequence : 0;
}

/// Whether a whole record behind a broken one was written when the broken one was already durable: then the break is
/// damage. Otherwise nobody was told about what is broken, and it may be cut.
bool proves_damage(std::span<const std::uint8_t> rest, std::uint64_t broken) noexcept {
    for (std::size_t at = 1; at + kRecordHeaderBytes <= rest.size(); ++at) {
        const auto header = journal_format::header_at(rest.data() + at);
        if (header.sequence <= broken || header.durable_sequence < broken) continue;
        if (header.durable_sequence >= header.sequence) continue;
        if (journal_format::valid_record(rest.subspan(at))) return true;
    }
    return false;
}

std::span<const std::uint8_t> without_zeros_behind(std::span<const std::uint8_t> bytes) noexcept {
    std::size_t size = bytes.size();
    while (size > 0 && bytes[size - 1] == 0) --size;
    return bytes.first(size);
}

class Scanner {
public:
    Scanner(const Storage& storage, std::uint64_t after, std::uint64_t last, Verify verify, const OnRecord& on_record)
        : storage_(storage), after_(after), last_(last), verify_(verify), on_record_(on_record) {
        scan_.chain = read_chain(storage);
        segments_ = scan_.chain.segments;
        // a state was kept only after what led to it was durable
        durable_ = std::max(after, read_durable_mark(storage, scan_.chain.epoch));
    }

    Scan run() {
        begin();
        for (std::size_t at = 0; at < segments_.size() && !is_done_; ++at) read_segment(at);
        if (!is_done_ && !segments_.empty() && segments_.back().epoch != scan_.chain.epoch) {
            throw JournalDamaged(scan_.last_sequence + 1, "its segment is missing");
        }
        if (!is_done_ && scan_.last_sequence < durable_ && scan_.last_sequence < last_) {
            throw JournalDamaged(scan_.last_sequence + 1, "records that were on disk are gone");
        }
        if (!is_done_) keep_unproven();
        return std::move(scan_);
    }

private:
    void begin() {
        if (verify_ == Verify::what_is_given) {
            while (segments_.size() > 1 && segments_[1].has_header &&
                   segments_[1].first_sequence <= after_ + 1) {
                segments_.erase(segments_.begin());
            }
        }
        const bool has_begun = scan_.chain.epoch != kFormat1Epoch || durable_ > 0;
        if (segments_.empty() && has_begun) {
            throw JournalDamaged(std::max(after_ + 1, scan_.chain.epoch_first_sequence), "its segment is missing");
        }
        if (segments_.empty()) return;
        const std::uint64_t first = segments_.front().first_sequence;
        if (first > after_ + 1) throw JournalDamaged(after_ + 1, "its segment is missing");
        scan_.last_sequence = first == 0 ? after_ : first - 1;
    }

    void read_segment(std::size_t at) {
        const Segment& segment = segments_[at];
        const bool is_newest = at + 1 == segments_.size();
        const std::uint64_t expected = scan_.last_sequence + 1;
        if (expected > last_) {
            is_done_ = true;
            return;
        }
        bytes_ = storage_.read(segment.name).value_or(std::vector<std::uint8_t>());
        if (!segment.has_header || !has_header(segment)) return read_headless(segment, is_newest);
        if (segment.first_sequence != expected) throw JournalDamaged(expected, "its segment is missing");
        durable_ = std::max(durable_, segment.first_sequence - 1);
        scan_.last_segment = segment.name;
        read_records(segment, is_newest);
    }

    /// Headers of format 2 were checked when the chain was read.
    bool has_header(const Segment& segment) const {
        if (segment.epoch != kFormat1Epoch) return true;
        const auto header = journal_format::segment_header_1(segment.first_sequence);
        return bytes_.size() >= header.size() && std::equal(header.begin(), header.end(), bytes_.begin());
    }

    /// The header of an epoch's first segment was durable before the epoch counted; another may be torn.
    void read_headless(const Segment& segment, bool is_newest) {
        const std::uint64_t expected = scan_.last_sequence + 1;
        const bool is_first = segment.epoch != kFormat1Epoch && segment.index == 1;
        const auto rest = without_zeros_behind(bytes_);
        if (!is_newest || is_first || expected <= durable_ || proves_damage(rest, expected)) {
            throw JournalDamaged(expected, "the header of its segment is broken");
        }
        durable_ = std::max(durable_, expected - 1);
        scan_.bytes_cut += rest.size();
        scan_.chain.strays.push_back(segment.name);
    }

    void read_records(const Segment& segment, bool is_newest) {
        const std::span<const std::uint8_t> bytes(bytes_);
        std::size_t at = segment.header_bytes;
        while (at < bytes.size() && scan_.last_sequence < segment.seal) {
            const std::uint64_t expected = scan_.last_sequence + 1;
            if (expected > last_) {
                is_done_ = true;
                return;
            }
            const auto header = journal_format::valid_record(bytes.subspan(at));
            if (!header || header->sequence != expected) {
                end_at(bytes.subspan(at), is_newest);
                break;
            }
            if (expected > after_) on_record_(expected, bytes.subspan(at + kRecordHeaderBytes, header->length));
            durable_ = std::max(durable_, header->durable_sequence);
            scan_.last_sequence = expected;
            at += kRecordHeaderBytes + header->length;
        }
        scan_.last_segment_bytes = at;
    }

    /// Zeros are how a segment ends that was prepared; the next segment tells whether something is missing before it.
    void end_at(std::span<const std::uint8_t> rest, bool is_newest) {
        const std::uint64_t broken = scan_.last_sequence + 1;
        const auto header = journal_format::valid_record(rest);
        const bool is_foreign = header && header->sequence != broken;
        rest = without_zeros_behind(rest);
        if (rest.empty()) return;
        if (!is_newest || is_foreign || broken <= durable_ || proves_damage(rest, broken)) {
            throw JournalDamaged(broken, is_foreign ? "another record stands in its place" : "its bytes are broken");
        }
        scan_.bytes_cut += rest.size();
    }

    /// The records of the last segment that were perhaps never synced.
    void keep_unproven() {
        scan_.durable_sequence = std::min(durable_, scan_.last_sequence);
        if (segments_.empty() || scan_.durable_sequence >= scan_.last_sequence) return;
        const std::span<const std::uint8_t> bytes(bytes_);
        std::size_t at = segments_.back().header_bytes;
        while (journal_format::header_at(bytes.data() + at).sequence <= scan_.durable_sequence) {
            at += kRecordHeaderBytes + journal_format::header_at(bytes.data() + at).length;
        }
        const auto unproven = bytes.subspan(at, scan_.last_segment_bytes - at);
        scan_.unproven.assign(unproven.begin(), unproven.end());
        scan_.last_segment_bytes = at;
    }

    const Storage& storage_;
    std::uint64_t after_;
    std::uint64_t last_;
    Verify verify_;
    const OnRecord& on_record_;
    std::vector<Segment> segments_;
    std::uint64_t durable_ = 0;
    std::vector<std::uint8_t> bytes_;
    Scan scan_;
    bool is_done_ = false;
};

}  // namespace

Scan scan_journal(const Storage& storage, std::uint64_t after, std::uint64_t last, Verify verify,
                  const OnRecord& on_record) {
    return Scanner(storage, after, last, verify, on_record).run();
}

}  // namespace parley
