#pragma once

#include <array>

#include "gateway.hpp"

namespace parley::sim {

/// The virtual venue: quotes that walk, come twice, late, crossed or not at all, and an instrument that is delivered.
class Market {
public:
    explicit Market(Context& context) : context_(context) { mids_.fill(1'000); }
    /// What a gateway announces when it starts.
    void list(EngineService& service);
    void step(EngineService& service);
    /// From now on the expiring instrument is delivered.
    void deliver() noexcept { is_delivering_ = true; }
    [[nodiscard]] const std::array<std::int64_t, 4>& mids() const noexcept { return mids_; }

private:
    void mark(EngineService& service);
    void quote(EngineService& service, InstrumentId instrument, std::int64_t mid);
    template <typename Input>
    void push(EngineService& service, const Input& input);

    Context& context_;
    std::array<std::int64_t, 4> mids_;
    std::int64_t late_mid_ = 1'000;
    TimeNs silent_until_ = 0;
    bool is_delivering_ = false;
};

}  // namespace parley::sim
