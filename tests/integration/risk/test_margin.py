import json
from decimal import Decimal

import msgspec
import pytest

from common import clock, valkey
from common.errors import NotFound
from risk import selectors, services, tasks
from risk.domain import MODEL_VERSION
from risk.models import AccountMargin
from settlement import services as settlement
from streams.models import Fact
from tests import builders
from tests.integration.risk import world
from wire import transport
from wire.facts import RiskFrame

pytestmark = pytest.mark.django_db

CALL, PUT, PERPETUAL = "BTC-27MAR26-80000-C", "BTC-27MAR26-60000-P", "BTC-PERPETUAL"


@pytest.fixture
def desk():
    world.play()
    return builders.trading_firm(deposits={"BTC": "10", "USDC": "1000000"})


def trade(desk, name, side, price, quantity, execution_id):
    settlement.book_fill(
        execution_id=execution_id, account_id=desk.account.id, firm_id=desk.firm.id, instrument=builders.listed(name),
        side=side, price=Decimal(price), quantity=Decimal(quantity), liquidity="taker", counterparty_account_id=0,
        at=clock.now(), order_id=1,
    )


def leg(name, quantity, price=None):
    return services.PreviewLeg(
        instrument_name=name, signed_quantity=Decimal(quantity), price=None if price is None else Decimal(price)
    )


def frames(run):
    with valkey.client().pubsub() as listener:
        listener.subscribe(transport.RISK_CHANNEL)
        assert listener.get_message(timeout=60)["type"] == "subscribe"
        run()
        message = listener.get_message(timeout=60)
    return {key: msgspec.json.decode(raw, type=RiskFrame) for key, raw in msgspec.msgpack.decode(message["data"])}


def margin_facts(desk):
    rows = Fact.objects.filter(firm_id=desk.firm.id).order_by("sequence")
    return [fact for fact in map(json.loads, rows.values_list("payload", flat=True)) if fact["type"] == "margin.changed"]


def test_deposits_alone_are_worth_themselves(desk):
    risk, _ = selectors.account_risk(desk.account.id)
    assert risk.equity == pytest.approx(1_000_000 + 10 * 80_000)
    assert risk.cash == 1_000_000
    assert risk.worst_scenario == "BTC spot -18 %, vol up"
    assert risk.initial == pytest.approx(0.18 * 800_000 + 0.075 * 800_000)
    assert risk.maintenance == pytest.approx(0.8 * 0.18 * 800_000 + 0.05 * 800_000)
    assert risk.greeks == {} and not risk.is_stale


def test_pending_premium_counts_at_once(desk):
    trade(desk, CALL, "sell", "0.08", "2", 1)
    risk, _ = selectors.account_risk(desk.account.id)
    mark = world.ticker_of(CALL, at_ns=0).mark_price
    fee = 2 * 0.0003
    assert risk.equity == pytest.approx(1_800_000 + (2 * 0.08 - fee - 2 * mark) * 80_000)
    assert risk.greeks["BTC"].delta < -1
    assert risk.greeks["BTC"].vega < 0 < risk.greeks["BTC"].theta


def test_inverse_perpetual_is_linear_in_dollars(desk):
    trade(desk, PERPETUAL, "buy", "64000", "6400", 1)
    risk, _ = selectors.account_risk(desk.account.id)
    row = risk.holdings[0]
    assert row.unrealized == pytest.approx(64_000 * (80_000 / 64_000 - 1))
    assert row.greeks.delta == pytest.approx(1.0)


def test_frame_of_a_quiet_account_and_its_fact(desk):
    other = builders.trading_firm()
    found = frames(lambda: tasks.refresh_accounts(unknown="tolerated"))
    frame = found[f"risk.account.{desk.account.id}"]
    assert frame.equity == 1_800_000
    assert frame.margin_used == pytest.approx(frame.initial_margin / frame.equity, abs=1e-6)
    assert (frame.is_stale, frame.model_version, frame.market_time_ns) == (False, MODEL_VERSION, builders.FEBRUARY)
    assert found[f"risk.account.{other.account.id}"].equity == 0
    assert [fact["equity"] for fact in margin_facts(desk)] == ["1800000.00"]


def test_fact_is_written_when_holdings_change_and_only_then(desk):
    for _ in range(3):
        tasks.refresh_accounts()
    assert len(margin_facts(desk)) == 1
    trade(desk, CALL, "buy", "0.08", "1", 1)
    frame = frames(tasks.refresh_accounts)[f"risk.account.{desk.account.id}"]
    tasks.refresh_accounts()
    assert len(margin_facts(desk)) == 2
    (position,) = frame.positions
    assert (position["instrument_name"], position["quantity"]) == (CALL, 1.0)
    settlement.run_netting_cycle(at=clock.now())
    tasks.refresh_accounts()
    assert len(margin_facts(desk)) == 2


def test_snapshot_is_what_the_facts_said(desk):
    trade(desk, PERPETUAL, "sell", "80000", "800", 1)
    tasks.refresh_accounts()
    fact = margin_facts(desk)[-1]
    (view,) = selectors.snapshot(desk.firm.id, "trader")["margins"]
    assert json.loads(msgspec.json.encode(view)) == {key: value for key, value in fact.items() if key != "type"}


def test_stale_marks_are_called_stale_and_make_no_fact(desk):
    trade(desk, CALL, "buy", "0.08", "1", 1)
    world.play(at_ns=clock.now_ns() - world.OLD_NS)
    frame = frames(tasks.refresh_accounts)[f"risk.account.{desk.account.id}"]
    assert frame.is_stale
    assert margin_facts(desk) == [] and not AccountMargin.objects.exists()


def test_missing_mark_is_stale_and_valued_from_the_surface(desk):
    services.fit_surface(coin="BTC", at=clock.now())
    trade(desk, CALL, "buy", "0.08", "1", 1)
    expected = selectors.account_risk(desk.account.id)[0].equity
    valkey.client().hdel(transport.MARKET_LATEST, f"ticker.{CALL}")
    risk, marks = selectors.account_risk(desk.account.id)
    assert risk.is_stale and marks.stale == {CALL}
    assert risk.equity == pytest.approx(expected, rel=2e-3)


def test_without_a_market_nothing_is_valued(desk):
    world.publish(coins=())
    with pytest.raises(selectors.MarksUnavailable):
        selectors.account_risk(desk.account.id)
    assert tasks.refresh_accounts() == 0


def test_preview_of_nothing_changes_nothing(desk):
    preview = services.preview_margin(account_id=desk.account.id, legs=[])
    assert preview.before == preview.after
    assert preview.before.equity == Decimal("1800000.00")


def test_preview_equals_the_margin_after_the_trade(desk):
    legs = [leg(CALL, "-3", "0.09"), leg(PERPETUAL, "12000", "80000")]
    preview = services.preview_margin(account_id=desk.account.id, legs=legs)
    trade(desk, CALL, "sell", "0.09", "3", 1)
    trade(desk, PERPETUAL, "buy", "80000", "12000", 2)
    after = services.preview_margin(account_id=desk.account.id, legs=[]).before
    assert float(preview.after.initial_margin) == pytest.approx(float(after.initial_margin), rel=1e-3)
    assert float(preview.after.equity) == pytest.approx(float(after.equity), rel=1e-3)
    assert preview.after.initial_margin > preview.before.initial_margin


def test_closing_leg_takes_its_margin_away(desk):
    flat = services.preview_margin(account_id=desk.account.id, legs=[]).before.initial_margin
    trade(desk, PUT, "sell", "0.02", "10", 1)
    preview = services.preview_margin(account_id=desk.account.id, legs=[leg(PUT, "10")])
    assert preview.before.initial_margin > preview.after.initial_margin
    assert float(preview.after.initial_margin) == pytest.approx(float(flat), rel=0.03)


def test_preview_fails_closed_on_stale_marks(desk):
    world.play(at_ns=clock.now_ns() - world.OLD_NS)
    with pytest.raises(selectors.MarksUnavailable) as refused:
        services.preview_margin(account_id=desk.account.id, legs=[leg(CALL, "1")])
    assert (refused.value.reason, refused.value.bound) == ("stale_market", "2000 ms")
    assert services.preview_margin(account_id=desk.account.id, legs=[leg(CALL, "1")], require_fresh=False).is_stale


def test_preview_of_what_does_not_exist_is_refused(desk):
    with pytest.raises(NotFound, match="no account"):
        services.preview_margin(account_id=0, legs=[])
    with pytest.raises(NotFound, match="instrument name"):
        services.preview_margin(account_id=desk.account.id, legs=[leg("BTC-31FEB26-1-C", "1")])


def test_spot_leg_exchanges_assets(desk):
    preview = services.preview_margin(account_id=desk.account.id, legs=[leg("BTC_USDC", "1", "80000")])
    assert preview.after.equity == preview.before.equity
    assert preview.after.initial_margin > preview.before.initial_margin


def test_a_thousand_short_calls_need_more_than_there_is(desk):
    preview = services.preview_margin(account_id=desk.account.id, legs=[leg("BTC-27MAR26-90000-C", "-1000")])
    assert preview.after.initial_margin > preview.after.equity
    assert preview.after.worst_scenario.startswith("BTC ")
