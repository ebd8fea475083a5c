#include "check.hpp"
#include "parley/uint256.hpp"

using namespace parley;

namespace {

std::uint64_t next(std::uint64_t& state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 13 ^ state << 31;
}

/// Limbs of zeros, ones and high bits meet the branches that random limbs meet once in 2^64.
std::uint64_t limb(std::uint64_t& state) {
    switch (next(state) % 6) {
        case 0:
            return 0;
        case 1:
            return ~0ULL;
        case 2:
            return 1ULL << 63;
        case 3:
            return (1ULL << 63) - 1;
        case 4:
            return next(state) % 3;
        default:
            return next(state);
    }
}

Uint256 number(std::uint64_t& state) {
    Uint256 out{limb(state), limb(state), limb(state), limb(state)};
    for (std::size_t at = 3, drop = next(state) % 4; drop > 0; --drop, --at) out.limbs[at] = 0;
    return out;
}

/// a <= b, of 512 bits.
bool is_at_most(const wide::Product& a, const wide::Product& b) {
    for (std::size_t at = a.size(); at-- > 0;) {
        if (a[at] != b[at]) return a[at] < b[at];
    }
    return true;
}

}  // namespace

TEST(quotient_of_a_product_is_the_largest_that_fits) {
    std::uint64_t state = 7;
    int checked = 0;
    for (int round = 0; round < 200'000; ++round) {
        const Uint256 a = number(state);
        const Uint256 b = number(state);
        const Uint256 d = number(state);
        if (d.is_zero()) continue;
        const auto down = mul_div(a, b, d);
        const auto up = mul_div(a, b, d, Rounding::up);
        if (!down) continue;
        ++checked;
        const wide::Product product = wide::multiply(a, b);
        CHECK(is_at_most(wide::multiply(*down, d), product));
        const bool is_exact = wide::multiply(*down, d) == product;
        if (const auto more = checked_add(*down, 1)) {
            CHECK(!is_at_most(wide::multiply(*more, d), product));
            CHECK(up == (is_exact ? *down : *more));
        } else {
            CHECK(is_exact ? up == down : !up);
        }
    }
    CHECK(checked > 30'000);
}

TEST(wide_numbers_shift_and_compare) {
    const Uint256 one = 1;
    for (unsigned bit = 0; bit < 256; ++bit) {
        CHECK((one << bit) == Uint256::power_of_two(bit));
        CHECK((Uint256::power_of_two(bit) >> bit) == one);
        CHECK(Uint256::power_of_two(bit).bit_width() == bit + 1);
        CHECK(Uint256::power_of_two(bit) > Uint256::power_of_two(bit) - 1);
    }
    CHECK(!checked_add(Uint256::most(), 1));
    CHECK(!checked_multiply(Uint256::power_of_two(128), Uint256::power_of_two(128)));
    CHECK(!mul_div(1, 1, 0));
    CHECK(mul_div(Uint256::most(), Uint256::most(), Uint256::most()) == Uint256::most());
}
