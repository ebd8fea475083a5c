#include <algorithm>

#include "check.hpp"
#include "parley/journal_chain.hpp"
#include "service_desk.hpp"

using namespace parley;

namespace {

constexpr std::size_t kInputs = 1'500;
constexpr int kDamages = 1'000;

using Bytes = std::vector<std::uint8_t>;

Service::Options tiny_segments() {
    auto options = small_segments();
    options.segment_bytes = 16'384;
    options.snapshot_interval = 400;
    return options;
}

/// A folder as a killed process leaves it: an epoch that was taken over, and one that goes on in the middle of a day.
Disk used_folder(const Day& day) {
    const auto disk = std::make_shared<MemoryStorage>();
    RandomDay choices(2);
    for (const std::size_t end : {kInputs / 3, kInputs}) {
        Service service(disk, tiny_segments());
        play(service, day, end, 20, choices);
    }
    return disk;
}

Disk copy_of(const Disk& disk) { return Disk(disk->after_power_loss(0)); }

/// Where a record begins and which it is, and where the next segment takes over.
struct Place {
    std::size_t begin;
    std::size_t end;
    std::uint64_t sequence;
};

std::vector<Place> places_in(const Bytes& bytes, const Segment& segment) {
    std::vector<Place> places{{0, segment.header_bytes, segment.first_sequence}};
    std::uint64_t sequence = segment.first_sequence;
    for (std::size_t at = segment.header_bytes; at < bytes.size();) {
        const auto header = journal_format::valid_record(std::span(bytes).subspan(at));
        if (!header) break;
        places.push_back({at, at + kRecordHeaderBytes + header->length, sequence++});
        at = places.back().end;
    }
    places.push_back({places.back().end, bytes.size(), sequence});
    return places;
}

struct Damage {
    std::string name;
    Bytes bytes;
    /// The first byte that differs; the file's old size where none does.
    std::size_t first_changed;
    std::string kind;
};

Damage damage(const std::string& name, const Bytes& whole, RandomDay& choices) {
    Damage done{name, whole, 0, ""};
    const auto at = static_cast<std::ptrdiff_t>(choices.random() % whole.size());
    const auto end = std::min<std::ptrdiff_t>(at + 1 + static_cast<std::ptrdiff_t>(choices.random() % 200),
                                              static_cast<std::ptrdiff_t>(whole.size()));
    switch (choices.random() % 5) {
        case 0:
            done.kind = "flip";
            done.bytes[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1U << (choices.random() % 8));
            break;
        case 1:
            done.kind = "delete";
            done.bytes.erase(done.bytes.begin() + at, done.bytes.begin() + end);
            break;
        case 2:
            done.kind = "double";
            done.bytes.insert(done.bytes.begin() + end, whole.begin() + at, whole.begin() + end);
            break;
        case 3:
            done.kind = "zero";
            std::fill(done.bytes.begin() + at, done.bytes.begin() + end, std::uint8_t{0});
            break;
        default:
            done.kind = "truncate";
            done.bytes.resize(static_cast<std::size_t>(at));
    }
    const std::size_t common = std::min(whole.size(), done.bytes.size());
    const auto differs = std::mismatch(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(common),
                                       done.bytes.begin());
    done.first_changed = static_cast<std::size_t>(differs.first - whole.begin());
    return done;
}

void put(MemoryStorage& storage, const Damage& done) {
    const auto file = storage.open(done.name, OpenMode::create);
    file->truncate(0);
    file->write_at(0, done.bytes);
    file->sync();
}

struct Outcome {
    bool is_refused = false;
    std::uint64_t sequence = 0;
    bool is_explained = false;
};

Outcome open(const Day& day, const Disk& disk) {
    Outcome outcome;
    try {
        Service service(disk, tiny_segments());
        outcome.sequence = service.journal_sequence();
        outcome.is_explained = day.explains(service);
    } catch (const JournalDamaged& error) {
        outcome.is_refused = true;
        outcome.sequence = error.sequence;
    }
    return outcome;
}

void check_segment(const Day& day, const Disk& used, const Segment& segment, RandomDay& choices) {
    const Bytes whole = *used->read(segment.name);
    const auto places = places_in(whole, segment);
    const Damage done = damage(segment.name, whole, choices);
    const Disk disk = copy_of(used);
    put(*disk, done);
    const Outcome outcome = open(day, disk);
    // a record that follows and was moved is the first that is missing in its place
    const auto hit = std::find_if(places.begin(), places.end(),
                                  [&](const Place& place) { return done.first_changed < place.end; });
    const std::uint64_t damaged = hit == places.end() ? kInputs + 1 : hit->sequence;
    const bool is_harmless = damaged > kInputs || done.bytes == whole;
    const bool is_right = outcome.is_refused ? outcome.sequence == damaged : outcome.is_explained && outcome.sequence == kInputs;
    CHECK(is_right);
    if (!is_harmless && hit->end > hit->begin && hit->sequence > 0) {
        const bool touches_records = hit + 1 != places.end() || &*hit == &places.front();
        CHECK(outcome.is_refused || !touches_records);
    }
    if (!is_right) {
        std::printf("%s of %s at %zu: damaged %llu, refused %d, sequence %llu\n", done.kind.c_str(), done.name.c_str(),
                    done.first_changed, static_cast<unsigned long long>(damaged), outcome.is_refused,
                    static_cast<unsigned long long>(outcome.sequence));
    }
}

}  // namespace

TEST(a_thousand_damages_to_segments_and_snapshots_are_named_or_harmless) {
    const Day day(kInputs);
    const Disk used = used_folder(day);
    const auto chain = read_chain(*used);
    CHECK(chain.segments.size() >= 4);
    std::vector<std::string> others;
    for (const auto& name : used->list()) {
        if (!name.ends_with(".journal")) others.push_back(name);
    }
    CHECK(others.size() >= 4);
    RandomDay choices(23);
    for (int i = 0; i < kDamages; ++i) {
        if (i % 4 != 0) {
            check_segment(day, used, chain.segments[choices.random() % chain.segments.size()], choices);
            continue;
        }
        const std::string& name = others[choices.random() % others.size()];
        const Bytes whole = *used->read(name);
        const Disk disk = copy_of(used);
        if (!whole.empty()) put(*disk, damage(name, whole, choices));
        const Outcome outcome = open(day, disk);
        CHECK(!outcome.is_refused && outcome.is_explained && outcome.sequence == kInputs);
        if (outcome.is_refused) std::printf("%s refused\n", name.c_str());
    }
}

TEST(a_file_that_is_missing_is_named_by_its_first_sequence) {
    const Day day(kInputs);
    const Disk used = used_folder(day);
    for (const Segment& segment : read_chain(*used).segments) {
        const Disk disk = copy_of(used);
        for (const auto& name : disk->list()) {
            if (name.ends_with(".snapshot")) disk->remove(name);
        }
        disk->remove(segment.name);
        const Outcome outcome = open(day, disk);
        CHECK(outcome.is_refused);
        CHECK(outcome.sequence == segment.first_sequence);
    }
}
