#include "parley/journal.hpp"

#include <algorithm>
#include <cstdio>

#include "parley/journal_format.hpp"

namespace parley {

JournalDamaged::JournalDamaged(std::uint64_t damaged_sequence, const std::string& why)
    : std::runtime_error("journal damaged at sequence " + std::to_string(damaged_sequence) + ": " + why),
      sequence(damaged_sequence) {}

std::vector<Segment> list_segments(const Storage& storage) {
    std::vector<Segment> segments;
    for (const std::string& name : storage.list()) {
        unsigned long long first = 0;
        if (!name.ends_with(".journal") || std::sscanf(name.c_str(), "%20llu.journal", &first) != 1) continue;
        segments.push_back({name, first});
    }
    std::sort(segments.begin(), segments.end(),
              [](const Segment& a, const Segment& b) { return a.first_sequence < b.first_sequence; });
    return segments;
}

Journal::Journal(std::shared_ptr<Storage> storage, Options options)
    : storage_(std::move(storage)), options_(options), lock_(storage_->lock(LockMode::if_free)) {
    if (!lock_) throw JournalLocked("another engine holds " + storage_->place());
}

void Journal::resume(std::uint64_t last_sequence) {
    last_sequence_ = durable_sequence_ = last_sequence;
    const auto segments = list_segments(*storage_);
    if (segments.empty()) {
        begin_segment();
    } else {
        segment_ = storage_->open(segments.back().name, OpenMode::write);
        segment_size_ = segment_->size();
        segment_->sync();
    }
    durable_ = storage_->open("durable", OpenMode::create);
    note_durable();
}

void Journal::begin_segment() {
    char name[32];
    std::snprintf(name, sizeof name, "%020llu.journal", static_cast<unsigned long long>(last_sequence_ + 1));
    segment_ = storage_->open(name, OpenMode::create_new);
    const auto header = journal_format::segment_header(last_sequence_ + 1);
    segment_->write_at(0, header);
    segment_->sync();
    storage_->sync_directory();
    segment_size_ = header.size();
}

std::uint64_t Journal::append(std::span<std::uint8_t> records) {
    if (segment_size_ + records.size() > options_.segment_bytes && segment_size_ > kSegmentHeaderBytes) {
        sync();
        begin_segment();
        has_rolled_ = true;
    }
    const std::uint64_t first = last_sequence_ + 1;
    last_sequence_ += journal_format::stamp(records, first, durable_sequence_);
    segment_->write_at(segment_size_, records);
    segment_size_ += records.size();
    return first;
}

void Journal::sync() {
    if (!is_dirty()) return;
    if (options_.is_synced) segment_->sync();
    durable_sequence_ = last_sequence_;
    note_durable();
}

/// Not synced itself: it may lag after a power loss, never lead. After a mere crash it shows that a tail was cut.
void Journal::note_durable() { durable_->write_at(0, journal_format::durable_mark(durable_sequence_)); }

}  // namespace parley
