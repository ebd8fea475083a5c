#include "parley/journal_chain.hpp"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <optional>
#include <system_error>

#include "parley/journal_format.hpp"

namespace parley {

namespace {

using journal_format::Claim;
using journal_format::SegmentHeader;

constexpr std::size_t kDigits1 = 20;
constexpr std::size_t kDigits = 10;

std::string numbered(const char* format, std::uint64_t first, std::uint64_t second) {
    char name[64];
    std::snprintf(name, sizeof name, format, static_cast<unsigned long long>(first),
                  static_cast<unsigned long long>(second));
    return name;
}

std::optional<std::uint64_t> number_in(const std::string& name, std::size_t at, std::size_t digits) {
    std::uint64_t value = 0;
    if (name.size() < at + digits) return std::nullopt;
    for (const char digit : name.substr(at, digits)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return value;
}

struct Entry {
    std::string name;
    std::uint64_t epoch;
    std::uint64_t index;
    std::optional<SegmentHeader> header;
    /// Sequence that stands in its first record; 0 where there is none.
    std::uint64_t first_record = 0;
};

Entry read_entry(const Storage& storage, const std::string& name, std::uint64_t epoch, std::uint64_t index) {
    constexpr std::size_t kRecordAt = journal_format::kSegmentHeaderBytes;
    const auto bytes = storage.read_start(name, kRecordAt + journal_format::kRecordHeaderBytes);
    Entry entry{name, epoch, index, journal_format::segment_header_at(bytes), 0};
    if (entry.header && (entry.header->epoch != epoch || entry.header->index != index)) entry.header.reset();
    if (bytes.size() == kRecordAt + journal_format::kRecordHeaderBytes) {
        entry.first_record = journal_format::header_at(bytes.data() + kRecordAt).sequence;
    }
    return entry;
}

/// What the names of the folder say.
struct Files {
    std::map<std::uint64_t, std::vector<Entry>> epochs;
    std::map<std::uint64_t, Claim> claims;
    std::vector<std::string> prepared;
    std::uint64_t newest_claim = 0;

    explicit Files(const Storage& storage) {
        for (const std::string& name : storage.list()) {
            if (name.ends_with(".journal")) add_segment(storage, name);
            if (name.ends_with(".epoch")) add_claim(storage, name);
            if (name.ends_with(".prepared")) prepared.push_back(name);
        }
        for (auto& [epoch, entries] : epochs) {
            std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.index < b.index; });
        }
    }

    /// What is known of an epoch, once it has begun to write.
    [[nodiscard]] std::optional<Claim> find_beginning(std::uint64_t epoch) const {
        if (epoch == kFormat1Epoch) return std::nullopt;
        if (const auto found = epochs.find(epoch); found != epochs.end()) {
            for (const Entry& entry : found->second) {
                if (entry.header) return Claim{epoch, entry.header->previous_epoch, entry.header->epoch_first_sequence};
            }
        }
        const auto claim = claims.find(epoch);
        return claim == claims.end() ? std::nullopt : std::optional(claim->second);
    }

private:
    void add_segment(const Storage& storage, const std::string& name) {
        constexpr std::size_t kSuffix = std::string_view(".journal").size();
        if (name.size() == kDigits1 + kSuffix) {
            if (const auto first = number_in(name, 0, kDigits1)) {
                epochs[kFormat1Epoch].push_back({name, kFormat1Epoch, *first, std::nullopt, 0});
            }
            return;
        }
        const auto epoch = number_in(name, 0, kDigits), index = number_in(name, kDigits + 1, kDigits);
        if (name.size() != 2 * kDigits + 1 + kSuffix || !epoch || !index) return;
        epochs[*epoch].push_back(read_entry(storage, name, *epoch, *index));
    }

    void add_claim(const Storage& storage, const std::string& name) {
        const auto epoch = number_in(name, 0, kDigits);
        if (!epoch) return;
        newest_claim = std::max(newest_claim, *epoch);
        const auto claim = journal_format::claim_at(storage.read(name).value_or(std::vector<std::uint8_t>()));
        if (claim && claim->epoch == *epoch) claims.emplace(*epoch, *claim);
    }
};

class ChainBuilder {
public:
    explicit ChainBuilder(const Files& files) : files_(files) {}

    Chain build() {
        chain_.newest_claim = files_.newest_claim;
        chain_.strays = files_.prepared;
        for (const auto& [epoch, entries] : files_.epochs) {
            chain_.newest_claim = std::max(chain_.newest_claim, epoch);
            if (files_.find_beginning(epoch)) chain_.epoch = epoch;
        }
        for (const auto& [epoch, claim] : files_.claims) chain_.epoch = std::max(chain_.epoch, epoch);
        walk();
        std::reverse(chain_.segments.begin(), chain_.segments.end());
        for (const auto& [epoch, entries] : files_.epochs) {
            if (!chain_.seals.contains(epoch)) add_strays(entries);
        }
        return std::move(chain_);
    }

private:
    /// From the newest epoch to the oldest of which anything is kept.
    void walk() {
        std::uint64_t epoch = chain_.epoch, seal = kNoSeal;
        bool is_named = false;
        for (;;) {
            chain_.seals.emplace(epoch, seal);
            const auto entries = files_.epochs.find(epoch);
            const auto beginning = files_.find_beginning(epoch);
            if (epoch == chain_.epoch && beginning) {
                chain_.epoch_first_sequence = beginning->first_sequence;
                chain_.previous_epoch = beginning->previous_epoch;
            }
            if (entries != files_.epochs.end()) take(entries->second, seal, beginning, is_named);
            if (epoch == kFormat1Epoch) return;
            is_named = beginning && beginning->previous_epoch < epoch;
            if (is_named) {
                seal = std::min(seal, beginning->first_sequence - 1);
                epoch = beginning->previous_epoch;
            } else if (files_.epochs.lower_bound(epoch) == files_.epochs.begin()) {
                return;
            } else {  // what is missing here, the scan names by its sequence
                epoch = std::prev(files_.epochs.lower_bound(epoch))->first;
            }
        }
    }

    /// A header that is broken behind the last whole one may be what a power loss left: the scan looks at it. An epoch
    /// that wrote no record of its own stays in the chain: its header leads to the one before. Where a
    /// record counts, the header before it was whole.
    void take(const std::vector<Entry>& entries, std::uint64_t seal, const std::optional<Claim>& beginning,
              bool is_named) {
        bool has_later = seal != kNoSeal;
        for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
            const bool is_format_1 = entry->epoch == kFormat1Epoch;
            const bool has_header = is_format_1 || entry->header.has_value();
            std::uint64_t first = is_format_1 ? entry->index : 0;
            if (entry->header) first = entry->header->first_sequence;
            if (!has_header && entry->index == 1 && beginning) first = beginning->first_sequence;
            const bool is_begun = is_named && entry->first_record > 0 && entry->first_record <= seal;
            const bool is_empty_epoch = entry->header && entry->index == 1 && first == seal + 1;
            const bool never_began = !has_header && has_later && !is_begun && !has_whole(entries, *entry);
            if ((first > seal && !is_empty_epoch) || never_began) {
                chain_.strays.push_back(entry->name);
                continue;
            }
            has_later = has_later || has_header;
            const std::size_t header_bytes =
                is_format_1 ? journal_format::kSegmentHeaderBytes1 : journal_format::kSegmentHeaderBytes;
            chain_.segments.push_back({entry->name, entry->epoch, entry->index, first, has_header, seal, header_bytes});
        }
    }

    static bool has_whole(const std::vector<Entry>& entries, const Entry& before) {
        return std::any_of(entries.begin(), entries.end(),
                           [&](const Entry& other) { return other.index > before.index && other.header; });
    }

    void add_strays(const std::vector<Entry>& entries) {
        for (const Entry& entry : entries) chain_.strays.push_back(entry.name);
    }

    const Files& files_;
    Chain chain_;
};

}  // namespace

std::string segment_name(std::uint64_t epoch, std::uint64_t index) {
    return numbered("%010llu-%010llu.journal", epoch, index);
}

std::string claim_name(std::uint64_t epoch) { return numbered("%010llu.epoch", epoch, 0); }

std::string mark_name(std::uint64_t epoch) {
    return epoch == kFormat1Epoch ? "durable" : numbered("%010llu.durable", epoch, 0);
}

std::string prepared_name(std::uint64_t epoch) { return numbered("%010llu.prepared", epoch, 0); }

bool has_snapshot_of(const Storage& storage, std::uint64_t epoch) {
    const std::string end = numbered("-%010llu.snapshot", epoch, 0);
    const auto names = storage.list();
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return name.ends_with(end); });
}

Chain read_chain(const Storage& storage) { return ChainBuilder(Files(storage)).build(); }

}  // namespace parley
