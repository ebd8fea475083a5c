#include "matching_clock.hpp"
#include "parley/huge_array.hpp"
#include "parley/matching_bench.hpp"
#include "parley/prefetch.hpp"

namespace parley::bench {
namespace {

/// Prices of the workload lie around 100,000 ticks; those farther away share the outermost levels.
constexpr std::int64_t kFloorLevels = 1 << 18;
constexpr std::size_t kStreamAhead = 64;
constexpr std::size_t kAhead = 32;

struct Node {
    std::uint32_t previous, next, level;
    std::int32_t lots;
};

/// Orders at the place of their id, levels at the place of their price, behind one another in one array.
class Floor {
public:
    explicit Floor(std::size_t orders) : nodes_(static_cast<std::size_t>(kFloorLevels) + orders + 1) {
        for (std::uint32_t level = 0; level < kFloorLevels; ++level) nodes_[level] = {level, level, level, 0};
    }

    void prefetch(const Command& command) const noexcept { parley::prefetch(&nodes_[place(command)]); }
    void prefetch_neighbors(const Command& command) const noexcept {
        const Node& node = nodes_[place(command)];
        parley::prefetch(&nodes_[node.previous]);
        parley::prefetch(&nodes_[node.next]);
    }

    void apply(const Command& command) noexcept {
        const std::uint32_t order = place(command);
        switch (command.kind) {
            case Kind::gtc:
                return enter(command, order, static_cast<std::int32_t>(command.lots), true);
            case Kind::ioc:
                return enter(command, order, static_cast<std::int32_t>(command.lots), false);
            case Kind::cancel:
                return unlink(order);
            case Kind::move: {
                const std::int32_t lots = nodes_[order].lots;
                if (lots == 0) return;
                unlink(order);
                return enter(command, order, lots, true);
            }
            case Kind::reduce:
                if (nodes_[order].lots > 1) --nodes_[order].lots;
                return;
        }
    }
    [[nodiscard]] std::int64_t trades() const noexcept { return trades_; }

private:
    [[nodiscard]] static std::uint32_t place(const Command& command) noexcept {
        return static_cast<std::uint32_t>(kFloorLevels + command.order_id);
    }

    void enter(const Command& command, std::uint32_t order, std::int32_t lots, bool may_rest) noexcept {
        const auto level = static_cast<std::uint32_t>(command.price);
        const int step = command.side == Side::buy ? 1 : -1;
        std::uint32_t& best = best_[static_cast<std::size_t>(opposite(command.side))];
        while ((static_cast<std::int64_t>(level) - best) * step >= 0) {
            const std::uint32_t resting = nodes_[best].next;
            if (resting == best) {
                best = static_cast<std::uint32_t>(static_cast<int>(best) + step);
                continue;
            }
            const std::int32_t traded = std::min(lots, nodes_[resting].lots);
            ++trades_;
            lots -= traded;
            nodes_[resting].lots -= traded;
            if (nodes_[resting].lots == 0) unlink(resting);
            if (lots == 0) return;
        }
        if (!may_rest) return;
        std::uint32_t& own = best_[static_cast<std::size_t>(command.side)];
        if ((static_cast<std::int64_t>(level) - own) * step > 0) own = level;
        const std::uint32_t youngest = nodes_[level].previous;
        nodes_[order] = {youngest, level, level, lots};
        nodes_[youngest].next = order;
        nodes_[level].previous = order;
    }

    void unlink(std::uint32_t order) noexcept {
        Node& node = nodes_[order];
        if (node.level == 0) return;
        nodes_[node.previous].next = node.next;
        nodes_[node.next].previous = node.previous;
        node.level = 0;
        node.lots = 0;
    }

    HugeArray<Node> nodes_;
    std::uint32_t best_[2] = {0, kFloorLevels - 1};
    std::int64_t trades_ = 0;
};

}  // namespace

Result run_floor(const std::vector<Command>& commands, std::size_t warm_up) {
    Floor floor(commands.size());
    Result result;
    const auto run = [&](std::size_t begin, std::size_t end, auto&& after) {
        for (std::size_t at = begin; at < end; ++at) {
            parley::prefetch(&commands[0] + at + kStreamAhead);
            if (at + kAhead < end) floor.prefetch(commands[at + kAhead]);
            if (at + kAhead / 2 < end) floor.prefetch_neighbors(commands[at + kAhead / 2]);
            floor.apply(commands[at]);
            after();
        }
    };
    run(0, warm_up, [] {});
    measure(result, warm_up, commands.size(), run);
    result.trades = floor.trades();
    return result;
}

}  // namespace parley::bench
