#include "check.hpp"
#include "parley/feed_sequence.hpp"

using namespace parley;

TEST(sequence_of_a_feed_tells_next_duplicate_overlap_and_gap) {
    SequenceTracker tracker(1);
    CHECK(tracker.observe(1, 3) == (SequenceVerdict{SequenceStep::next, 0, 0, 0}));
    CHECK(tracker.observe(2) == (SequenceVerdict{SequenceStep::duplicate, 1, 0, 0}));
    CHECK(tracker.observe(3, 4) == (SequenceVerdict{SequenceStep::overlap, 1, 0, 0}));
    CHECK(tracker.expected() == 7);
    CHECK(tracker.observe(10) == (SequenceVerdict{SequenceStep::gap, 0, 7, 3}));
    CHECK(tracker.expected() == 7 && tracker.gaps() == 1 && tracker.duplicates() == 2);
    CHECK(tracker.observe(7, 3).step == SequenceStep::next);
    CHECK(tracker.observe(10).step == SequenceStep::next);
}

TEST(sequence_of_a_feed_starts_with_the_first_seen_and_where_reset_says) {
    SequenceTracker tracker;
    CHECK(!tracker.is_started());
    CHECK(tracker.observe(500, 2).step == SequenceStep::next);
    CHECK(tracker.observe(502, 0).step == SequenceStep::next);  // a heartbeat names the next number
    CHECK(tracker.expected() == 502);
    CHECK(tracker.observe(504, 0) == (SequenceVerdict{SequenceStep::gap, 0, 502, 2}));
    tracker.reset(504);
    CHECK(tracker.observe(504).step == SequenceStep::next);
}

TEST(sequence_of_a_feed_survives_the_largest_number) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    SequenceTracker tracker(most - 1);
    CHECK(tracker.observe(most - 1, most).step == SequenceStep::next);
    CHECK(tracker.expected() == most);
    CHECK(tracker.observe(0, 1).step == SequenceStep::duplicate);
}

TEST(sequence_of_linked_updates_follows_the_link) {
    SequenceTracker tracker;
    CHECK(tracker.observe_linked(100, 105).step == SequenceStep::next);
    CHECK(tracker.observe_linked(105, 106).step == SequenceStep::next);
    CHECK(tracker.observe_linked(105, 106).step == SequenceStep::duplicate);
    CHECK(tracker.observe_linked(104, 110).step == SequenceStep::overlap);
    CHECK(tracker.observe_linked(120, 121) == (SequenceVerdict{SequenceStep::gap, 0, 111, 10}));
    CHECK(tracker.expected() == 111);
}
