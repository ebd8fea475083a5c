#include "feeds.hpp"

#include "venue_feed_bindings.hpp"

void bind_feeds(nanobind::module_& module) {
    bind_itch(module);
    bind_itch_books(module);
    bind_itch_bench(module);
    bind_lobster(module);
    bind_market_data(module);
    bind_soup(module);
    bind_mold(module);
    bind_ouch(module);
    bind_venue_feed(module);
}
