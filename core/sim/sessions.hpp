#pragma once

#include "clients.hpp"
#include "gateway.hpp"

namespace parley::sim {

/// Sessions of the gateway (FIX): they enter, amend and cancel without the database, and know an order by the id that the
/// gateway gave. What a killed gateway had not written is gone, and its id is given again.
class Sessions {
public:
    Sessions(Context& context, Clients& clients) : context_(context), clients_(clients) {}
    void step(EngineService& service, const std::array<std::int64_t, 4>& mids);

private:
    void enter(EngineService& service, const std::array<std::int64_t, 4>& mids);
    void amend(EngineService& service, const std::array<std::int64_t, 4>& mids);
    void cancel(EngineService& service);
    /// One of the newest, which may be gone.
    [[nodiscard]] OrderId choose();

    Context& context_;
    Clients& clients_;
    OrderId newest_ = kEnteredOrdersFrom;
    std::int64_t requests_ = 0;
};

}  // namespace parley::sim
