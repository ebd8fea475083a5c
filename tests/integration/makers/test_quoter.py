"""The auto-quoter's parameters: versions, bounds, who may, what the firm is told and the audit keeps."""

import math

import msgspec
import pytest

from audit.models import AuditRecord
from common.errors import Refusal
from makers import selectors, services
from makers.models import Counterparty, Decision
from tests.integration.rfq.world import command_id, facts_of
from wire.client import KeepDecisions, ReportQuoter, SetQuoter
from wire.client_makers import CounterpartyReport
from wire.facts_makers import CounterpartyChanged, QuoterChanged
from wire.quoting import BOUNDS, KeptDecision, QuoteDecision, QuotingParameters

DEFAULTS = QuotingParameters()


def set_quoter(world, version=0, *, party=None, command=None, **changes):
    party = party or world.cobalt
    message = SetQuoter(
        command_id=command or command_id(),
        expected_version=version,
        parameters=msgspec.structs.replace(DEFAULTS, **changes),
    )
    return services.set_quoter(user=party.user, actor=party.actor, message=message, at=world.at)


def report(world, version, *counterparties, party=None):
    party = party or world.cobalt
    message = ReportQuoter(command_id=command_id(), version_in_force=version, counterparties=list(counterparties))
    return services.report_quoter(user=party.user, actor=party.actor, message=message, at=world.at)


def seen(taker_firm_id, **changes):
    fields = {"taker_name": "Aurora", "quotes": 10, "hits": 4, "markouts": 3, "markout_sum": -1.5}
    return CounterpartyReport(taker_firm_id=taker_firm_id, **{**fields, **changes})


def reason_of(call):
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.reason


def test_each_change_is_a_version_a_fact_and_an_audit_record(world):
    assert selectors.get_quoter(world.cobalt.firm.id).version == 0
    assert set_quoter(world, spread_vega=0.7) == 1
    assert set_quoter(world, 1, spread_vega=0.9, off_coins=("ETH",)) == 2
    view = selectors.get_quoter(world.cobalt.firm.id)
    assert (view.version, view.parameters.spread_vega, view.parameters.off_coins) == (2, 0.9, ("ETH",))
    assert view.changed_by == world.cobalt.user.username
    told = [fact.quoter for fact in facts_of(world.cobalt) if isinstance(fact, QuoterChanged)]
    assert [one.version for one in told] == [1, 2]
    assert told[-1] == selectors.snapshot(world.cobalt.firm.id, "client")["quoters"][0]
    record = AuditRecord.objects.filter(action="quoter.set").latest("id")
    assert (record.before["spread_vega"], record.after["spread_vega"], record.reason) == (
        "0.7",
        "0.9",
        "off_coins, spread_vega",
    )
    assert not [fact for fact in facts_of(world.dune) if isinstance(fact, QuoterChanged)]


def test_the_same_command_again_changes_nothing(world):
    assert set_quoter(world, command="once", spread_vega=0.7) == set_quoter(world, command="once", spread_vega=0.7) == 1
    assert selectors.get_quoter(world.cobalt.firm.id).version == 1


def test_a_change_over_an_old_version_is_refused(world):
    set_quoter(world)
    assert reason_of(lambda: set_quoter(world, 0, spread_vega=0.7)) == "quoter_version"


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_hold_at_both_ends(world, name):
    bound = BOUNDS[name]
    kind = type(getattr(DEFAULTS, name))
    for version, inside in enumerate((bound.low, bound.high)):
        set_quoter(world, version, **{name: kind(inside)})
    for outside in (bound.low - 1, bound.high + 1, math.nan if kind is float else bound.high + 2):
        assert (
            reason_of(lambda outside=outside: set_quoter(world, 2, **{name: kind(outside) if kind is int else outside}))
            == "parameter_bound"
        )


def test_unknown_coins_and_other_roles_are_refused(world):
    assert reason_of(lambda: set_quoter(world, off_coins=("DOGE",))) == "unknown_coin"
    assert reason_of(lambda: set_quoter(world, off_coins=("BTC", "BTC"))) == "unknown_coin"
    assert reason_of(lambda: set_quoter(world, party=world.taker)) == "role"
    assert reason_of(lambda: set_quoter(world, party=world.house)) == "role"


def test_the_version_in_force_is_told(world):
    set_quoter(world)
    report(world, 1)
    view = [fact.quoter for fact in facts_of(world.cobalt) if isinstance(fact, QuoterChanged)][-1]
    assert (view.version, view.version_in_force) == (1, 1)
    assert view.in_force_at_ns > 0
    assert reason_of(lambda: report(world, 2)) == "quoter_version"


def test_statistics_are_absolute_and_bounded(world):
    report(world, 0, seen(world.taker.firm.id), seen(0, taker_name="Anonymous"))
    report(world, 0, seen(world.taker.firm.id, quotes=11))
    found = selectors.list_counterparties(world.cobalt.firm.id)
    assert [(one.taker_firm_id, one.quotes) for one in found] == [(world.taker.firm.id, 11), (0, 10)]
    told = [fact.counterparty for fact in facts_of(world.cobalt) if isinstance(fact, CounterpartyChanged)]
    assert told[-1] == found[0]
    assert reason_of(lambda: report(world, 0, seen(0, hits=11))) == "counterparty_counts"
    assert reason_of(lambda: report(world, 0, seen(0, markout_sum=-15.1))) == "counterparty_markout"
    assert Counterparty.objects.filter(firm=world.dune.firm).count() == 0


def decision(**changes):
    numbers = {name: 0.5 for name, kind in QuoteDecision.__annotations__.items() if kind is float}
    fields = {
        **numbers,
        "parameters_version": 1,
        "at_ns": 1,
        "market_time_ns": 1,
        "coin": "BTC",
        "inventory_expiry_vega_usd": {"BTC-27MAR26": 12.5},
        "taker_firm_id": 0,
        "is_bid_closed": False,
        "is_ask_closed": False,
    }
    return QuoteDecision(**{**fields, **changes})


def keep(world, *kept, party=None):
    party = party or world.cobalt
    message = KeepDecisions(command_id=command_id(), decisions=list(kept))
    return services.keep_decisions(user=party.user, actor=party.actor, message=message, at=world.at)


def test_a_quote_keeps_the_decision_of_each_version_for_its_firm_alone(world):
    rfq_id = world.create()
    quote_id = world.quote(rfq_id)
    world.quote(rfq_id)
    first = KeptDecision(quote_id=quote_id, version=1, decision=decision())
    second = KeptDecision(quote_id=quote_id, version=2, decision=decision(model_value=0.25))
    assert keep(world, first, second) == 2
    assert keep(world, KeptDecision(quote_id=quote_id, version=1, decision=decision(model_value=9.0))) == 1
    assert selectors.list_decisions(world.cobalt.firm.id, quote_id) == [second, first]
    assert selectors.list_decisions(world.dune.firm.id, quote_id) == []
    assert (
        reason_of(lambda: keep(world, KeptDecision(quote_id=quote_id, version=3, decision=decision())))
        == "quote_version"
    )
    assert reason_of(lambda: keep(world, first, party=world.dune)) == "quote_version"
    assert Decision.objects.count() == 2
