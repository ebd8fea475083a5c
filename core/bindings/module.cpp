#include <nanobind/nanobind.h>

namespace nb = nanobind;

void bind_engine(nb::module_& module);
void bind_feeds(nb::module_& module);
void bind_pricing(nb::module_& module);
void bind_router(nb::module_& module);
void bind_uniswap(nb::module_& module);
void bind_signals(nb::module_& module);
void bind_hot_desk(nb::module_& module);
void bind_hot_path_bench(nb::module_& module);
void bind_pairs(nb::module_& module);

NB_MODULE(_core, module) {
    module.doc() = "Order books, risk gate, journal and option mathematics of Parley.";
    bind_engine(module);
    bind_feeds(module);
    bind_pricing(module);
    bind_uniswap(module);
    bind_signals(module);
    bind_hot_desk(module);
    bind_hot_path_bench(module);
    bind_pairs(module);
    bind_router(module);
}
