#include "base.hpp"

#include <numeric>

namespace parley::sim {
namespace {

constexpr std::string_view kNames[] = {
    "request lost",
    "answer lost",
    "request late",
    "request doubled",
    "pipeline cut",
    "valkey killed",
    "valkey flushed",
    "valkey paused",
    "stream entry lost",
    "gateway killed",
    "gateway killed before the journal",
    "gateway killed after the sync",
    "gateway killed before publishing",
    "gateway killed after publishing",
    "gateway killed after the projection",
    "gateway killed at a disk operation",
    "power lost",
    "power lost at a disk operation",
    "write failed",
    "sync failed",
    "disk full",
    "byte flipped",
    "dispatcher killed",
    "commit refused",
    "commit of unknown outcome",
    "wall clock jumped",
    "wall clock slewed",
    "quotes doubled",
    "quotes late",
    "feed silent",
    "quotes crossed",
    "engine queue full",
    "answer to a client lost",
    "client retried",
    "command malformed",
};
static_assert(std::size(kNames) == static_cast<std::size_t>(Fault::count));

}  // namespace

std::string_view fault_name(Fault fault) noexcept { return kNames[static_cast<std::size_t>(fault)]; }

std::uint64_t FaultCounts::total() const noexcept {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

void FaultCounts::add(const FaultCounts& other) noexcept {
    for (std::size_t at = 0; at < counts_.size(); ++at) counts_[at] += other.counts_[at];
}

}  // namespace parley::sim
