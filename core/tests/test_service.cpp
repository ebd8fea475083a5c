#include "check.hpp"
#include "parley/engine_service.hpp"
#include "parley/memory_storage.hpp"
#include "random_day.hpp"

using namespace parley;

namespace {

void push(EngineService& service, const RandomDay::Step& step) {
    const auto encode = [&](Writer& writer) { for (const auto byte : step.payload) writer.byte(byte); };
    if (step.command_sequence > 0) {
        static_cast<void>(service.queue().push_command(step.command_sequence, encode));
    } else {
        service.queue().push(encode);
    }
}

std::string hash_of(EngineService& service) {
    return service.read([](const Engine& engine) { return engine.state_hash(); });
}

}  // namespace

TEST(a_service_that_is_stepped_recovers_to_the_same_state_after_a_crash) {
    const auto storage = std::make_shared<MemoryStorage>();
    RandomDay day;
    std::string live;
    {
        EngineService service(storage, {});
        for (int i = 0; i < 500; ++i) push(service, day.next());
        service.step();
        CHECK(service.journal_sequence() == 500);
        live = hash_of(service);
    }
    storage->restore_power(1);
    EngineService again(storage, {});
    CHECK(hash_of(again) == live);
}
