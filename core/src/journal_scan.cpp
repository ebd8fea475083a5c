#include <algorithm>

#include "parley/journal.hpp"
#include "parley/journal_format.hpp"

namespace parley {

namespace {

/// The last sequence that the folder's mark says was durable; 0 where there is no readable mark.
std::uint64_t read_durable_mark(const Storage& storage) {
    const auto bytes = storage.read("durable");
    if (!bytes || bytes->size() < 16) return 0;
    const auto sequence = journal_format::get<std::uint64_t>(bytes->data());
    const auto expected = journal_format::durable_mark(sequence);
    return std::equal(expected.begin(), expected.end(), bytes->begin()) ? sequence : 0;
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

class Scanner {
public:
    Scanner(Storage& storage, std::uint64_t after, std::uint64_t last, bool may_cut, const OnRecord& on_record)
        : segments_(list_segments(storage)), durable_(read_durable_mark(storage)), after_(after), last_(last),
          may_cut_(may_cut), on_record_(on_record), storage_(storage) {}

    Scan run() {
        if (!segments_.empty()) begin();
        for (std::size_t at = 0; at < segments_.size() && !is_done_; ++at) read_segment(at);
        if (!is_done_ && scan_.last_sequence < durable_ && scan_.last_sequence < last_) {
            throw JournalDamaged(scan_.last_sequence + 1, "records that were on disk are gone");
        }
        return scan_;
    }

private:
    /// Segments before the one that holds `after` + 1 are skipped where only a part is wanted.
    void begin() {
        if (!may_cut_) {
            while (segments_.size() > 1 && segments_[1].first_sequence <= after_ + 1) {
                segments_.erase(segments_.begin());
            }
        }
        const std::uint64_t first = segments_.front().first_sequence;
        if (first == 0 || first > after_ + 1) throw JournalDamaged(after_ + 1, "its segment is missing");
        scan_.last_sequence = first - 1;
    }

    void read_segment(std::size_t at) {
        const Segment& segment = segments_[at];
        const bool is_newest = at + 1 == segments_.size();
        const std::uint64_t expected = scan_.last_sequence + 1;
        if (segment.first_sequence != expected) throw JournalDamaged(expected, "its segment is missing");
        const auto bytes = storage_.read(segment.name).value_or(std::vector<std::uint8_t>());
        const auto header = journal_format::segment_header(expected);
        const bool has_header =
            bytes.size() >= header.size() && std::equal(header.begin(), header.end(), bytes.begin());
        if (!has_header) return read_headless(segment, bytes, is_newest);
        read_records(segment, bytes, is_newest);
    }

    void read_headless(const Segment& segment, std::span<const std::uint8_t> bytes, bool is_newest) {
        const std::uint64_t expected = segment.first_sequence;
        if (!is_newest || expected <= durable_ || proves_damage(bytes, expected)) {
            throw JournalDamaged(expected, "the header of its segment is broken");
        }
        scan_.bytes_cut = bytes.size();
        is_done_ = true;
        if (!may_cut_) return;
        storage_.remove(segment.name);
        storage_.sync_directory();
    }

    void read_records(const Segment& segment, std::span<const std::uint8_t> bytes, bool is_newest) {
        std::size_t at = kSegmentHeaderBytes;
        while (at < bytes.size()) {
            const std::uint64_t expected = scan_.last_sequence + 1;
            if (expected > last_) {
                is_done_ = true;
                return;
            }
            const auto header = journal_format::valid_record(bytes.subspan(at));
            if (!header || header->sequence != expected) {
                return end_at(segment, bytes.subspan(at), at, is_newest);
            }
            if (expected > after_) on_record_(expected, bytes.subspan(at + kRecordHeaderBytes, header->length));
            scan_.last_sequence = expected;
            at += kRecordHeaderBytes + header->length;
        }
    }

    void end_at(const Segment& segment, std::span<const std::uint8_t> rest, std::size_t offset, bool is_newest) {
        const std::uint64_t broken = scan_.last_sequence + 1;
        const auto header = journal_format::valid_record(rest);
        const bool is_foreign = header && header->sequence != broken;
        if (!is_newest || is_foreign || broken <= durable_ || proves_damage(rest, broken)) {
            throw JournalDamaged(broken, is_foreign ? "another record stands in its place" : "its bytes are broken");
        }
        scan_.bytes_cut = rest.size();
        is_done_ = true;
        if (may_cut_) storage_.open(segment.name, OpenMode::write)->truncate(offset);
    }

    std::vector<Segment> segments_;
    std::uint64_t durable_;
    std::uint64_t after_;
    std::uint64_t last_;
    bool may_cut_;
    const OnRecord& on_record_;
    Storage& storage_;
    Scan scan_;
    bool is_done_ = false;
};

}  // namespace

Scan scan_journal(Storage& storage, std::uint64_t after, std::uint64_t last, bool may_cut, const OnRecord& on_record) {
    return Scanner(storage, after, last, may_cut, on_record).run();
}

}  // namespace parley
