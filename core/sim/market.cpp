#include "market.hpp"

#include "clients.hpp"

namespace parley::sim {

template <typename Input>
void Market::push(EngineService& service, const Input& input) {
    const TimeNs now = context_.clock.wall();
    service.queue().push([&](Writer& writer) { codec::encode(writer, now, input); });
}

void Market::list(EngineService& service) {
    for (InstrumentId id = 1; id <= kInstruments; ++id) {
        if (is_delivering_ && id == kExpiring) continue;
        const std::string name = "I" + std::to_string(id);
        ListInstrument listing;
        listing.instrument_id = id;
        listing.name = name;
        listing.terms_json = "{}";
        listing.lot_nanos = listing.tick_nanos = 1'000'000'000;
        push(service, listing);
        DescribeInstrument terms;
        terms.instrument_id = id;
        terms.venue_id = kPaperVenue;
        terms.margin_kind = MarginKind::perpetual;
        push(service, terms);
    }
    push(service, SetIndex{0, 60'000'000'000});
    push(service, SetMarginParameters{0, 0.05, 0.1, 1.0, 1.0});
}

/// Every instrument at its mid.
void Market::mark(EngineService& service) {
    const TimeNs now = context_.clock.wall();
    service.queue().push([&](Writer& writer) {
        codec::encode(writer, now, SetMarginInputs{0, 60'000.0});
        writer.number(0);
        writer.number(kInstruments);
        for (InstrumentId id = 1; id <= kInstruments; ++id) {
            MarginMark mark{id, static_cast<double>(mids_[static_cast<std::size_t>(id)]), 0.0};
            codec::put_fields(writer, mark);
        }
    });
}

void Market::step(EngineService& service) {
    if (context_.clock.monotonic() < silent_until_) return;
    if (context_.strikes(Fault::feed_silent, 3)) {
        silent_until_ = context_.clock.monotonic() + context_.random.between(1, 15) * kSecond;
        return;
    }
    try {
        const InstrumentId instrument = context_.random.between(1, kInstruments);
        if (is_delivering_ && instrument == kExpiring) {
            return push(service, Deliver{context_.clock.wall(), kExpiring, 60'000'000'000});
        }
        std::int64_t& mid = mids_[static_cast<std::size_t>(instrument)];
        mid += context_.random.between(-1, 1);
        if (context_.random.chance(150)) return mark(service);
        if (context_.random.chance(300)) return push(service, FeedHeartbeat{context_.clock.wall()});
        quote(service, instrument, context_.strikes(Fault::feed_late, 30) ? late_mid_ : mid);
        if (context_.strikes(Fault::feed_doubled, 30)) quote(service, instrument, mid);
        if (context_.random.chance(50)) late_mid_ = mid;
    } catch (const QueueFull&) {
        context_.faults.fire(Fault::queue_full);
    } catch (const EngineHalted&) {
        return;  // the gateway waits to be restarted
    }
}

void Market::quote(EngineService& service, InstrumentId instrument, std::int64_t mid) {
    Quotes quotes;
    quotes.instrument_id = instrument;
    quotes.mark_ticks = mid;
    const std::int64_t half = context_.strikes(Fault::feed_crossed, 10) ? 0 : 2;
    for (std::int64_t level = 0; level < 3; ++level) {
        quotes.add(Side::buy, {mid - half - level}, {context_.random.between(1, 6)});
        quotes.add(Side::sell, {mid + half + level}, {context_.random.between(1, 6)});
    }
    const TimeNs now = context_.clock.wall();
    service.queue().push([&](Writer& writer) {
        codec::encode(writer, now, SetQuotes{now});
        writer.number(1);
        codec::put_quotes(writer, quotes);
    });
}

}  // namespace parley::sim
