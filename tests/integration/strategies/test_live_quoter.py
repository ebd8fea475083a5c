"""The auto-quoter while it runs: parameters change, reasons and statistics are kept."""

import msgspec
import pytest

from common import clock
from makers import selectors, services
from makers.models import Counterparty, Decision, Quoter
from rfq.models import LastLook, Quote, QuoteVersion
from tests.integration.rfq import world as worlds
from tests.integration.rfq.world import command_id, side
from tests.integration.strategies.test_maker import ask, maker_process, standing
from wire.client import PassRfq, SetQuoter
from wire.quoting import QuotingParameters
from wire.units import PassReason


@pytest.fixture
def maker(world, web, key_of, tmp_path):
    key_of(world.cobalt, tmp_path / "cobalt.json")
    with maker_process(web.origin, tmp_path / "cobalt.json") as process:
        yield process


def set_quoter(world, **changes):
    version = selectors.get_quoter(world.cobalt.firm.id).version
    parameters = msgspec.structs.replace(QuotingParameters(), **changes)
    message = SetQuoter(command_id=command_id(), expected_version=version, parameters=parameters)
    return services.set_quoter(user=world.cobalt.user, actor=world.cobalt.actor, message=message, at=clock.now())


def width_of(version):
    return float(version.ask_net - version.bid_net)


def test_a_change_is_quoted_and_reported_without_a_restart(world, maker, eventually):
    rfq_id = ask(world)
    first = eventually(lambda: standing(rfq_id))
    version = set_quoter(world, spread_vega=3.0)
    wider = eventually(lambda: (found := standing(rfq_id)) and width_of(found) > 2 * width_of(first) and found)
    in_force = eventually(lambda: Quoter.objects.filter(version_in_force=version).first())
    assert wider.version > first.version
    assert in_force.in_force_at is not None
    assert maker.poll() is None


def test_switching_off_withdraws_and_on_quotes_again(world, maker, eventually):
    rfq_id = ask(world)
    eventually(lambda: standing(rfq_id))
    set_quoter(world, off_coins=("BTC",))
    eventually(lambda: Quote.objects.filter(rfq_id=rfq_id, state="canceled").exists())
    set_quoter(world)
    eventually(lambda: (found := standing(rfq_id)) and found.version >= 2)


def test_every_version_keeps_its_reasons(world, maker, eventually):
    rfq_id = ask(world)
    eventually(lambda: standing(rfq_id))
    set_quoter(world, spread_vega=2.0)

    def told():
        rows = selectors.list_decisions(world.cobalt.firm.id, Quote.objects.get(rfq_id=rfq_id).id)
        return len(rows) >= 2 and rows[0].decision.parameters_version == 1 and rows

    newest, *between, first = eventually(told)
    assert [row.version for row in (newest, *between, first)] == list(range(newest.version, 0, -1))
    quote = Quote.objects.get(rfq_id=rfq_id)
    version = QuoteVersion.objects.get(quote=quote, version=newest.version)
    one = newest.decision
    tick = 0.0001
    assert one.center - one.half_spread - tick <= float(version.bid_net) <= one.center - one.half_spread + 1e-9
    assert one.center + one.half_spread - 1e-9 <= float(version.ask_net) <= one.center + one.half_spread + tick
    assert (first.decision.parameters_version, one.parameters_version) == (0, 1)


def test_what_a_person_passed_or_prices_is_left_alone(world, maker, eventually):
    passed, priced, other = ask(world), ask(world), ask(world)
    eventually(lambda: standing(passed) and standing(priced) and standing(other))
    message = PassRfq(command_id=command_id(), rfq_id=passed, reason=PassReason.NO_INVENTORY)
    services.pass_rfq(user=world.cobalt.user, actor=world.cobalt.actor, message=message, at=clock.now())
    world.at = clock.now()
    world.quote(priced, bid=side("0.0100"), ask=side("0.2000"))
    set_quoter(world, spread_vega=2.0)
    eventually(lambda: (found := standing(other)) and found.version >= 2)
    assert standing(passed) is None
    assert float(standing(priced).bid_net) == 0.01


def test_statistics_count_what_ended_and_survive_a_restart(world, web, key_of, tmp_path, eventually):
    key_of(world.cobalt, tmp_path / "cobalt.json")
    for rounds in (1, 2):
        with maker_process(web.origin, tmp_path / "cobalt.json"):
            rfq_id = ask(world)
            eventually(lambda rfq_id=rfq_id: standing(rfq_id))
            eventually(lambda rfq_id=rfq_id: Decision.objects.filter(quote__rfq_id=rfq_id).exists())
            world.at = clock.now()
            world.cancel_rfq(rfq_id)
            eventually(lambda rounds=rounds: Counterparty.objects.filter(quotes=rounds).exists())
    row = Counterparty.objects.get()
    assert (row.taker_firm_id, row.quotes, row.hits) == (world.taker.firm.id, 2, 0)


def test_one_process_quotes_for_several_firms_each_by_its_own_parameters(world, web, key_of, tmp_path, eventually):
    for name in ("cobalt", "dune"):
        key_of(getattr(world, name), tmp_path / f"{name}.json")
    set_quoter(world, spread_vega=3.0)
    with maker_process(web.origin, tmp_path / "cobalt.json", "--key-file", str(tmp_path / "dune.json")):
        rfq_id = ask(world, maker_firm_ids=[world.cobalt.firm.id, world.dune.firm.id])
        both = eventually(lambda: len(found := list(QuoteVersion.objects.filter(quote__rfq_id=rfq_id, ended_at=None))) == 2 and found)
        wide = {one.quote.maker_firm_id: width_of(one) for one in both}
        assert wide[world.cobalt.firm.id] > 3 * wide[world.dune.firm.id]


def test_its_last_look_is_answered_but_a_persons_is_not(world, maker, eventually):
    """Silence would be a rejection, and counted as one."""
    world.at = clock.now()
    world.agree_last_look(window_ms=5_000, tolerance="1000")  # two play the market here, each with marks of its own
    own, priced = ask(world), ask(world)
    quote = eventually(lambda: standing(own) and standing(priced) and Quote.objects.get(rfq_id=own))
    world.at = clock.now()
    theirs = world.quote(priced, bid=side("0.0100"), ask=side("0.2000"))
    world.at = clock.now() + worlds.GRACE
    world.tick()
    world.accept(priced, theirs, version=Quote.objects.get(id=theirs).version)
    world.accept(own, quote.id, version=Quote.objects.get(id=quote.id).version)
    look = eventually(lambda: LastLook.objects.exclude(state="pending").filter(quote_id=quote.id).first())
    assert (look.state, look.reason) == ("confirmed", "")
    assert LastLook.objects.get(quote_id=theirs).state == "pending"
