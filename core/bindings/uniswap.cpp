#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <stdexcept>
#include <tuple>
#include <vector>

#include "parley/uniswap_v2.hpp"
#include "parley/uniswap_v3.hpp"
#include "wide_integers.hpp"

namespace nb = nanobind;
using namespace nb::literals;
namespace v3 = parley::uniswap_v3;
using parley::Amm;
using parley::AmmError;
using parley::Uint256;

namespace {

PyObject* pool_refused = nullptr;  // lives as long as the module

struct PoolRefused : std::runtime_error {
    using std::runtime_error::runtime_error;
};

template <typename Value>
Value checked(const Amm<Value>& result) {
    if (!result) throw PoolRefused(parley::text(result.error));
    return *result;
}

void translate(const std::exception_ptr& pointer, void*) {
    try {
        std::rethrow_exception(pointer);
    } catch (const PoolRefused& refused) {
        nb::object error = nb::borrow(pool_refused)(std::string_view(refused.what()).data());
        error.attr("reason") = nb::str(refused.what());
        PyErr_SetObject(pool_refused, error.ptr());
    }
}

template <typename Pool>
void require_good(const Pool& pool) {
    if (const AmmError error = pool.check(); error != AmmError::none) throw PoolRefused(parley::text(error));
}

parley::Rounding rounding(bool is_up) { return is_up ? parley::Rounding::up : parley::Rounding::down; }

using NetTick = std::tuple<std::int32_t, nb::int_, Uint256>;

std::vector<NetTick> ticks_of(const v3::Pool& pool) {
    std::vector<NetTick> list;
    for (const v3::Tick& tick : pool.ticks()) {
        const bool is_negative = tick.liquidity_net < 0;
        const auto size = static_cast<parley::Uint128>(is_negative ? -tick.liquidity_net : tick.liquidity_net);
        const nb::object whole = nb::cast(Uint256::from(size));
        list.emplace_back(tick.tick, nb::int_(is_negative ? -whole : whole), tick.sqrt_price);
    }
    return list;
}

void bind_v2(nb::module_& module) {
    using Pool = parley::UniswapV2Pool;
    nb::class_<Pool>(module, "UniswapV2Pool",
                     "A constant product pool of raw token units; fee in millionths (3,000 = 0.3 %). Every result is the\n"
                     "integer the pair contract accepts. Source: Uniswap v2 Core (2020), 3.1 and 3.2.1.")
        .def(
            "__init__",
            [](Pool* place, const Uint256& reserve0, const Uint256& reserve1, std::uint32_t fee_ppm) {
                const Pool pool{reserve0, reserve1, fee_ppm};
                require_good(pool);
                new (place) Pool(pool);
            },
            "reserve0"_a, "reserve1"_a, "fee_ppm"_a = 3'000)
        .def_ro("reserve0", &Pool::reserve0, "Raw units of token 0.")
        .def_ro("reserve1", &Pool::reserve1, "Raw units of token 1.")
        .def_ro("fee_ppm", &Pool::fee_ppm, "Fee on what comes in, in millionths.")
        .def(
            "amount_out",
            [](const Pool& pool, bool zero_for_one, const Uint256& in) { return checked(pool.amount_out(zero_for_one, in)); },
            "zero_for_one"_a, "amount_in"_a, "The most that leaves for exactly amount_in. Raises PoolRefused.")
        .def(
            "amount_in",
            [](const Pool& pool, bool zero_for_one, const Uint256& out) { return checked(pool.amount_in(zero_for_one, out)); },
            "zero_for_one"_a, "amount_out"_a, "The least that has to come in for exactly amount_out. Raises PoolRefused.")
        .def(
            "swap_exact_in",
            [](Pool& pool, bool zero_for_one, const Uint256& in) { return checked(pool.swap_exact_in(zero_for_one, in)); },
            "zero_for_one"_a, "amount_in"_a, "Moves the reserves; returns what leaves.")
        .def(
            "swap_exact_out",
            [](Pool& pool, bool zero_for_one, const Uint256& out) { return checked(pool.swap_exact_out(zero_for_one, out)); },
            "zero_for_one"_a, "amount_out"_a, "Moves the reserves; returns what has to come in.")
        .def(
            "keeps_product",
            [](const Pool& pool, const Uint256& in0, const Uint256& in1, const Uint256& out0, const Uint256& out1) {
                return checked(pool.keeps_product(in0, in1, out0, out1));
            },
            "in0"_a, "in1"_a, "out0"_a, "out1"_a,
            "Whether the pair contract lets these amounts pass: the product of the balances less fees does not fall.");
}

void bind_v3_math(nb::module_& module) {
    module.def(
        "uniswap_v3_sqrt_ratio_at_tick", [](std::int32_t tick) { return checked(v3::sqrt_ratio_at_tick(tick)); },
        "tick"_a, "sqrt(1.0001^tick) in Q64.96, rounded up. Raises PoolRefused beyond tick 887,272.");
    module.def(
        "uniswap_v3_tick_at_sqrt_ratio", [](const Uint256& price) { return checked(v3::tick_at_sqrt_ratio(price)); },
        "sqrt_price_x96"_a, "The greatest tick whose ratio is not above the price. Raises PoolRefused.");
    module.def(
        "uniswap_v3_amount0_delta",
        [](const Uint256& a, const Uint256& b, const Uint256& liquidity, bool is_up) {
            return checked(v3::amount0_delta(a, b, liquidity, rounding(is_up)));
        },
        "a"_a, "b"_a, "liquidity"_a, "round_up"_a, "Token 0 between two prices in Q64.96 (whitepaper 6.16).");
    module.def(
        "uniswap_v3_amount1_delta",
        [](const Uint256& a, const Uint256& b, const Uint256& liquidity, bool is_up) {
            return checked(v3::amount1_delta(a, b, liquidity, rounding(is_up)));
        },
        "a"_a, "b"_a, "liquidity"_a, "round_up"_a, "Token 1 between two prices in Q64.96 (whitepaper 6.14).");
    module.def(
        "uniswap_v3_swap_step",
        [](const Uint256& price, const Uint256& target, const Uint256& liquidity, const Uint256& amount, bool is_exact_in,
           std::uint32_t fee_ppm) {
            const v3::Step step = checked(v3::swap_step(price, target, liquidity, amount, is_exact_in, fee_ppm));
            return std::tuple(step.sqrt_price, step.amount_in, step.amount_out, step.fee);
        },
        "sqrt_price_x96"_a, "target_x96"_a, "liquidity"_a, "amount"_a, "is_exact_in"_a, "fee_ppm"_a,
        "One swap within a range of constant liquidity: (price after, amount in without fee, amount out, fee).");
}

void bind_v3_swap(nb::module_& module) {
    nb::class_<v3::Swap>(module, "UniswapV3Swap", "What a swap did or would do, in raw token units.")
        .def_ro("amount_in", &v3::Swap::amount_in, "What came in, fee included.")
        .def_ro("amount_out", &v3::Swap::amount_out)
        .def_ro("sqrt_price_x96", &v3::Swap::sqrt_price, "The price after the swap, Q64.96.")
        .def_ro("liquidity", &v3::Swap::liquidity, "In range after the swap.")
        .def_ro("fee_growth_x128", &v3::Swap::fee_growth, "Fee a unit of liquidity, Q128, of the token that came in.")
        .def_ro("tick", &v3::Swap::tick)
        .def_ro("ticks_crossed", &v3::Swap::ticks_crossed);
}

void bind_v3_pool(nb::module_& module) {
    using Pool = v3::Pool;
    nb::class_<Pool>(module, "UniswapV3Pool",
                     "A pool of concentrated liquidity in raw token units; prices are square roots in Q64.96, fees\n"
                     "millionths. Integer-exact. Source: Uniswap v3 Core (2021), section 6.")
        .def(
            "__init__",
            [](Pool* place, std::uint32_t fee_ppm, std::int32_t tick_spacing, const Uint256& price) {
                const Pool pool(fee_ppm, tick_spacing, price);
                require_good(pool);
                new (place) Pool(pool);
            },
            "fee_ppm"_a, "tick_spacing"_a, "sqrt_price_x96"_a)
        .def_prop_ro("sqrt_price_x96", &Pool::sqrt_price)
        .def_prop_ro("liquidity", &Pool::liquidity, "In range.")
        .def_prop_ro("tick", &Pool::tick)
        .def_prop_ro("fee_ppm", &Pool::fee_ppm)
        .def_prop_ro("tick_spacing", &Pool::tick_spacing)
        .def("ticks", &ticks_of, "Initialized ticks, ascending: (tick, net liquidity, ratio in Q64.96).")
        .def(
            "add_position",
            [](Pool& pool, std::int32_t lower, std::int32_t upper, const Uint256& liquidity) {
                return checked(pool.add_position(lower, upper, liquidity));
            },
            "lower"_a, "upper"_a, "liquidity"_a, "Adds liquidity between two ticks; the two amounts that come in.")
        .def(
            "quote",
            [](const Pool& pool, bool zero_for_one, bool is_exact_in, const Uint256& amount, const Uint256& limit) {
                return checked(pool.quote(zero_for_one, is_exact_in, amount, limit));
            },
            "zero_for_one"_a, "is_exact_in"_a, "amount"_a, "sqrt_price_limit_x96"_a,
            "What the swap would do; it stops at the limit. Raises PoolRefused.")
        .def(
            "swap",
            [](Pool& pool, bool zero_for_one, bool is_exact_in, const Uint256& amount, const Uint256& limit) {
                return checked(pool.swap(zero_for_one, is_exact_in, amount, limit));
            },
            "zero_for_one"_a, "is_exact_in"_a, "amount"_a, "sqrt_price_limit_x96"_a,
            "Does the swap; it stops at the limit. Raises PoolRefused and changes nothing then.");
}

}  // namespace

void bind_uniswap(nb::module_& module) {
    pool_refused = PyErr_NewExceptionWithDoc(
        "parley_core.PoolRefused",
        "A pool that cannot do the swap, or a number that no pool can have: `reason` in words.", PyExc_ValueError, nullptr);
    if (pool_refused == nullptr) throw nb::python_error();
    module.attr("PoolRefused") = nb::handle(pool_refused);
    nb::register_exception_translator(translate);
    bind_v2(module);
    bind_v3_math(module);
    bind_v3_swap(module);
    bind_v3_pool(module);
}
