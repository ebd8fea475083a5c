#include "sessions.hpp"

#include <algorithm>

#include "parley/entered_inputs.hpp"

namespace parley::sim {
namespace {

constexpr std::string_view kSession = "FIX.4.4:desk";
constexpr std::int64_t kChosenFrom = 10;

template <typename Request>
void push(EngineService& service, TimeNs now_ns, const Request& request) {
    service.queue().push_request([&](Writer& writer) { codec::encode(writer, now_ns, request); });
}

}  // namespace

void Sessions::step(EngineService& service, const std::array<std::int64_t, 4>& mids) {
    const std::int64_t dice = context_.random.between(0, 99);
    try {
        if (dice < 55 || newest_ == kEnteredOrdersFrom) return enter(service, mids);
        return dice < 80 ? amend(service, mids) : cancel(service);
    } catch (const QueueFull&) {
        context_.faults.fire(Fault::queue_full);
    } catch (const EngineHalted&) {
        return;  // the session is told so, and the gateway waits to be restarted
    }
}

void Sessions::enter(EngineService& service, const std::array<std::int64_t, 4>& mids) {
    PlaceOrder order = clients_.draft(mids);
    const std::string client_order_id = "A" + std::to_string(++requests_);
    const TimeNs now = context_.clock.wall();
    newest_ = service.queue().push_entered([&](Writer& writer, OrderId id) {
        order.order_id = id;
        codec::encode_entered(writer, now, {kSession, client_order_id}, order);
    });
}

OrderId Sessions::choose() {
    return context_.random.between(std::max(kEnteredOrdersFrom + 1, newest_ - kChosenFrom), newest_);
}

void Sessions::amend(EngineService& service, const std::array<std::int64_t, 4>& mids) {
    Random& random = context_.random;
    const std::string client_order_id = "A" + std::to_string(++requests_);
    EnterAmend request{kSession, client_order_id, 1, context_.clock.wall() + random.between(1, 20) * kSecond, choose(), {}, {}};
    if (random.chance(650)) request.quantity = {random.between(1, 12)};
    if (random.chance(500)) request.price = {mids[1] + random.between(-6, 6)};
    push(service, context_.clock.wall(), request);
}

/// Asked for, or because the session went away.
void Sessions::cancel(EngineService& service) {
    const bool is_disconnect = context_.random.chance(300);
    const std::string client_order_id = is_disconnect ? "" : "A" + std::to_string(++requests_);
    push(service, context_.clock.wall(), EnterCancel{kSession, client_order_id, 1, choose(), is_disconnect});
}

}  // namespace parley::sim
