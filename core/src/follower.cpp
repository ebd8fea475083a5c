#include "parley/follower.hpp"

#include <algorithm>

#include "parley/engine_loading.hpp"

namespace parley {

namespace {

constexpr std::size_t kReadAtOnce = std::size_t{4} << 20;

}  // namespace

Follower::Follower(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) { begin(); }

void Follower::begin() {
    std::string notes;
    engine_ = load_newest(*storage_, read_chain(*storage_), notes, [](const SnapshotFile&) { return true; });
    file_.reset();
}

/// The segment that holds the next record, if it has been begun. Begins anew where it is no longer kept.
bool Follower::find_place() {
    const std::uint64_t wanted = engine_->journal_sequence() + 1;
    const Chain chain = read_chain(*storage_);
    const Segment* found = nullptr;
    for (const Segment& segment : chain.segments) {
        if (segment.has_header && segment.first_sequence <= wanted && wanted <= segment.seal) found = &segment;
    }
    if (found == nullptr) {
        if (!chain.segments.empty() && chain.segments.front().first_sequence > wanted) begin();
        return false;
    }
    if (file_ && found->name == segment_.name && found->seal == segment_.seal) return true;
    segment_ = *found;
    file_ = storage_->open(segment_.name, OpenMode::read);
    offset_ = segment_.header_bytes;
    return true;
}

/// What a later epoch has sealed is durable; of the newest, what its mark says.
std::uint64_t Follower::readable_through() const {
    if (segment_.seal != kNoSeal) return segment_.seal;
    const auto bytes = storage_->read_start(mark_name(segment_.epoch), journal_format::kMarkBytes);
    if (bytes.size() < journal_format::kMarkBytes) return 0;
    const auto sequence = journal_format::get<std::uint64_t>(bytes.data());
    const auto expected = journal_format::durable_mark(sequence);
    return std::equal(expected.begin(), expected.end(), bytes.begin()) ? sequence : 0;
}

std::size_t Follower::follow() {
    std::size_t applied = 0;
    while (applied < kFollowedAtOnceMax) {
        if (!file_ && !find_place()) return applied;
        const std::uint64_t through = readable_through();
        buffer_.resize(kReadAtOnce);
        buffer_.resize(file_->read_at(offset_, buffer_));
        const std::size_t count = apply_from(buffer_, through);
        applied += count;
        if (count > 0) continue;
        const std::string before = segment_.name;
        if (!find_place() || segment_.name == before) return applied;
    }
    return applied;
}

/// Records before the one that is wanted lie in the segment where it was entered behind its beginning.
std::size_t Follower::apply_from(std::span<const std::uint8_t> bytes, std::uint64_t through) {
    std::size_t at = 0, count = 0;
    while (engine_->journal_sequence() < through) {
        const auto header = journal_format::valid_record(bytes.subspan(at));
        const std::uint64_t wanted = engine_->journal_sequence() + 1;
        if (!header || header->sequence > wanted) break;
        if (header->sequence == wanted) {
            try {
                engine_->apply(wanted, bytes.subspan(at + kRecordHeaderBytes, header->length), events_);
            } catch (const BadEncoding& error) {
                throw JournalDamaged(wanted, error.what());
            }
            events_.clear();
        }
        ++count;
        at += kRecordHeaderBytes + header->length;
    }
    offset_ += at;
    return count;
}

std::uint64_t Follower::lease() const {
    const auto bytes = storage_->read_start("lease", 16);
    if (bytes.size() < 16) return 0;
    return journal_format::get<std::uint64_t>(bytes.data()) * 0x9e3779b97f4a7c15 +
           journal_format::get<std::uint64_t>(bytes.data() + 8);
}

}  // namespace parley
