#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "parley/uniswap_v2.hpp"
#include "parley/uniswap_v3.hpp"

// Bytes become a pool and swaps: whatever they are, a pool never pays out more than it holds, a swap never passes its
// limit or its amount, and selling back what was bought never yields a profit.

namespace {

using parley::Uint256;
namespace v3 = parley::uniswap_v3;

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
    [[nodiscard]] bool empty() const { return at_ >= size_; }
    std::uint64_t number() {
        std::uint64_t value = 0;
        const std::size_t count = at_ < size_ ? (size_ - at_ < 8 ? size_ - at_ : 8) : 0;
        if (count != 0) std::memcpy(&value, data_ + at_, count);
        at_ += count;
        return value;
    }
    Uint256 wide(unsigned bits) {
        const std::uint64_t a = number();
        const std::uint64_t b = number();
        return (Uint256{0, 0, a, b} << (bits > 128 ? bits - 128 : 0)) >> (bits < 128 ? 128 - bits : 0);
    }

private:
    const std::uint8_t* data_;
    std::size_t size_;
    std::size_t at_ = 0;
};

void require(bool holds) {
    if (!holds) std::abort();
}

void swap_v2(Bytes& bytes) {
    parley::UniswapV2Pool pool{bytes.wide(112), bytes.wide(112), static_cast<std::uint32_t>(bytes.number() % 1'100'000)};
    if (pool.check() != parley::AmmError::none) return;
    const bool down = (bytes.number() & 1U) != 0;
    const Uint256 amount = bytes.wide(112);
    parley::UniswapV2Pool after = pool;
    const auto out = after.swap_exact_in(down, amount);
    if (!out) return;
    require(*out < (down ? pool.reserve1 : pool.reserve0));
    require(down ? *pool.keeps_product(amount, 0, 0, *out) : *pool.keeps_product(0, amount, *out, 0));
    if (const auto back = after.swap_exact_in(!down, *out)) require(*back <= amount);
}

void check_swap(const v3::Pool& pool, const v3::Swap& swap, bool down, bool is_exact_in, const Uint256& amount,
                const Uint256& limit) {
    require(is_exact_in ? swap.amount_in <= amount : swap.amount_out <= amount);
    require(down ? swap.sqrt_price >= limit && swap.sqrt_price <= pool.sqrt_price()
                 : swap.sqrt_price <= limit && swap.sqrt_price >= pool.sqrt_price());
    require(swap.sqrt_price == limit || (is_exact_in ? swap.amount_in : swap.amount_out) == amount);
}

void swap_v3(Bytes& bytes) {
    static constexpr std::int32_t kSpacings[] = {1, 10, 60, 200};
    const std::int32_t spacing = kSpacings[bytes.number() % 4];
    const auto tick = [&bytes](std::int32_t most) {
        return static_cast<std::int32_t>(bytes.number() % static_cast<std::uint64_t>(2 * most + 1)) - most;
    };
    v3::Pool pool(static_cast<std::uint32_t>(bytes.number() % 1'000'000), spacing, *v3::sqrt_ratio_at_tick(tick(20'000)));
    if (pool.check() != parley::AmmError::none) return;
    for (int positions = 0; positions < 8 && !bytes.empty(); ++positions) {
        (void)pool.add_position(tick(300) * spacing, tick(300) * spacing, bytes.wide(static_cast<unsigned>(bytes.number() % 128)));
    }
    for (int swaps = 0; swaps < 4 && !bytes.empty(); ++swaps) {
        const bool down = (bytes.number() & 1U) != 0;
        const bool is_exact_in = (bytes.number() & 1U) != 0;
        const Uint256 amount = bytes.wide(static_cast<unsigned>(bytes.number() % 200));
        const Uint256 limit = *v3::sqrt_ratio_at_tick(tick(60'000));
        const v3::Pool before = pool;
        if (const auto swap = pool.swap(down, is_exact_in, amount, limit)) {
            check_swap(before, *swap, down, is_exact_in, amount, limit);
            require(*v3::sqrt_ratio_at_tick(pool.tick()) <= pool.sqrt_price() || pool.sqrt_price() == limit || !down);
        } else {
            require(pool.sqrt_price() == before.sqrt_price() && pool.liquidity() == before.liquidity());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    if ((bytes.number() & 1U) != 0) {
        swap_v2(bytes);
    } else {
        swap_v3(bytes);
    }
    return 0;
}
