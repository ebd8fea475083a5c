#include "check.hpp"
#include "service_desk.hpp"

using namespace parley;

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

TEST(a_journal_of_format_1_is_read_and_goes_on_in_format_2) {
    const Day day(400);
    const auto source = std::make_shared<MemoryStorage>();
    RandomDay choices(1);
    {
        Service service(source, {});
        play(service, day, 300, 20, choices);
    }
    const auto bytes = *source->read(segment_name(1, 1));
    std::vector<std::uint8_t> records(bytes.begin() + journal_format::kSegmentHeaderBytes, bytes.end());
    while (!records.empty() && records.back() == 0) records.pop_back();
    records.push_back(0);  // the last field of the last payload may be a zero
    const auto disk = std::make_shared<MemoryStorage>();
    const auto put = [&](const std::string& name, std::uint64_t at, std::span<const std::uint8_t> content) {
        disk->open(name, OpenMode::create)->write_at(at, content);
    };
    put("00000000000000000001.journal", 0, journal_format::segment_header_1(1));
    put("00000000000000000001.journal", journal_format::kSegmentHeaderBytes1, records);
    put("durable", 0, journal_format::durable_mark(299));
    {
        Service service(disk, {});
        CHECK(service.journal_sequence() >= 299);
        CHECK(day.explains(service));
        play(service, day, 350, 20, choices);
    }
    CHECK(!disk->exists("durable"));
    Service again(disk, {});
    CHECK(again.journal_sequence() == 350);
    CHECK(day.explains(again));
}
