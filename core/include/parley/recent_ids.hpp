#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "parley/bytes.hpp"
#include "parley/flat_map.hpp"

namespace parley {

/// Remembers what became of the last `capacity` ids; an older one is forgotten when a new one comes.
class RecentIds {
public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

    void remember(std::int64_t id, std::uint8_t outcome) {
        if (!outcomes_.contains(static_cast<std::uint64_t>(id))) {
            if (order_.size() == capacity_) {
                outcomes_.erase(static_cast<std::uint64_t>(order_.front()));
                order_.pop_front();
            }
            order_.push_back(id);
        }
        outcomes_[static_cast<std::uint64_t>(id)] = outcome;
    }

    /// The outcome remembered of the id, or null.
    [[nodiscard]] const std::uint8_t* find(std::int64_t id) const noexcept {
        return outcomes_.find(static_cast<std::uint64_t>(id));
    }

    void save(Writer& writer) const {
        writer.number(static_cast<std::int64_t>(order_.size()));
        for (const std::int64_t id : order_) writer.numbers(id, *find(id));
    }

    void load(Reader& reader) {
        for (auto count = reader.below<std::size_t>(static_cast<std::int64_t>(capacity_) + 1); count > 0; --count) {
            const std::int64_t id = reader.number();
            remember(id, reader.below<std::uint8_t>(256));
        }
    }

private:
    std::size_t capacity_;
    std::deque<std::int64_t> order_;
    FlatMap<std::uint8_t> outcomes_;
};

}  // namespace parley
