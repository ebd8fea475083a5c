"""What is told of a multi-leg order, however its fills and the states of its parent order are ahead of each other."""

from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from fixdesk.domain.multilegs import Teller, Told, ToldLeg
from wire.account_views import FillView, OrderView
from wire.algos import AlgoLimits, AlgoName, AlgoParameters, ParentState
from wire.client_rfq import RfqLeg
from wire.facts import OrderFilled
from wire.fix_multileg import (
    EnterMultileg,
    MultilegEvent,
    MultilegLegFilled,
    MultilegReporting,
    MultilegRequestRefused,
    MultilegStatus,
    MultilegTold,
)
from wire.multileg import MultilegParameters
from wire.parent_views import LegView, MultilegView, ParentView
from wire.units import OrderState, OrderType, Side, TimeInForce

LOW, HIGH = "BTC-27MAR26-80000-C", "BTC-27MAR26-90000-C"
RATIOS = {LOW: 1, HIGH: 2}
PARAMETERS = MultilegParameters(
    legs=(RfqLeg(instrument_name=LOW, side=Side.BUY), RfqLeg(instrument_name=HIGH, side=Side.SELL, ratio=2)),
    net_price="-0.002", legging_limit="1",
)  # fmt: skip
ENTERED = EnterMultileg(
    client_order_id="A", account_id=7, side=Side.BUY, quantity="3", parameters=PARAMETERS,
    reporting=MultilegReporting.BOTH, leg_references=(),
)  # fmt: skip


def teller(**changes: Any) -> Teller:
    first = Told(
        client_order_id="A", quantity="3", net_price="-0.002", time_in_force=TimeInForce.GTC, expires_at_ns=0,
        step="0.5", legs=(ToldLeg(), ToldLeg()),
    )  # fmt: skip
    return Teller(12, ENTERED, msgspec.structs.replace(first, **changes))


def fill(execution_id: int, name: str, quantity: str, price: str, task: str = "k") -> OrderFilled:
    side = Side.BUY if (name == LOW) != (task == "u") else Side.SELL
    order = OrderView(
        order_id=execution_id, command_id="", account_id=7, user_id=1, instrument_name=name, side=side,
        order_type=OrderType.LIMIT, time_in_force=TimeInForce.IOC, is_post_only=False, price=price, quantity=quantity,
        filled_quantity=quantity, leaves_quantity="0", average_price=price, state=OrderState.FILLED, reason="",
        reason_value="", reason_bound="", created_at_ns=1, updated_at_ns=1, client_order_id=f"12-{execution_id}{task}",
        parent_order_id=12,
    )  # fmt: skip
    traded = FillView(
        execution_id=execution_id, account_id=7, instrument_name=name, side=side, price=price, quantity=quantity,
        liquidity="taker", fee="0", fee_asset="BTC", at_ns=execution_id,
    )  # fmt: skip
    return OrderFilled(order=order, fill=traded)


def view(state: ParentState, fills: list[OrderFilled], at_ns: int = 100, **changes: Any) -> ParentView:
    """As the desk has it when that much has traded."""
    legs = [
        LegView(
            instrument_name=name, side=side, ratio=RATIOS[name], quantity="0", working_quantity="0", average_price=None,
            filled_quantity=str(_total(fills, name, is_unwind=False)),
            unwound_quantity=str(_total(fills, name, is_unwind=True)),
        )
        for name, side in ((LOW, Side.BUY), (HIGH, Side.SELL))
    ]  # fmt: skip
    shown = MultilegView(
        name="ratio", quote_currency="BTC", step="0.5", net_price=None, unmatched_quantity="0", unmatched_since_ns=0,
        is_late=False, problem="", legs=legs,
    )  # fmt: skip
    given = {
        "parent_order_id": 12, "account_id": 7, "user_id": 1, "instrument_name": LOW, "side": Side.BUY, "quantity": "3",
        "algo": AlgoName.MULTILEG, "venue": "", "parameters": AlgoParameters(multileg=PARAMETERS),
        "limits": AlgoLimits(), "state": state, "requested": "", "reason": "", "needs_approval": False,
        "approved_by_user_id": None, "filled_quantity": "0", "working_quantity": "0", "scheduled_quantity": "0",
        "average_price": None, "arrival_mid": None, "arrival_mark": None, "mid": None, "market_price": None,
        "market_quantity": "0", "children": 0, "rejected": 0, "cost_arrival_basis_points": None,
        "cost_market_basis_points": None, "cost_mid_basis_points": None, "created_at_ns": 1, "started_at_ns": 2,
        "ended_at_ns": 0, "updated_at_ns": at_ns, "plan": [], "multileg": shown,
    }  # fmt: skip
    return ParentView(**(given | changes))


def _total(fills: list[OrderFilled], name: str, *, is_unwind: bool) -> Decimal:
    traded = [
        Decimal(each.fill.quantity)
        for each in fills
        if each.fill.instrument_name == name and each.order.client_order_id.endswith("u") is is_unwind
    ]
    return sum(traded, Decimal(0))


WHOLE = [
    fill(1, LOW, "1", "0.05"), fill(2, HIGH, "2", "0.03"), fill(3, LOW, "0.5", "0.05"), fill(4, LOW, "1.5", "0.06"),
    fill(5, HIGH, "1", "0.03"), fill(6, HIGH, "2.5", "0.02"), fill(7, HIGH, "0.5", "0.02"),
]  # fmt: skip
PART = [*WHOLE[:4], fill(8, LOW, "2", "0.049", "u")]


def fold(told: Teller, facts: list[OrderFilled | ParentView]) -> list[Any]:
    """The news of all facts; between them what was told goes through the database."""
    news = []
    for fact in facts:
        told.on_fill(fact) if isinstance(fact, OrderFilled) else told.on_view(fact)
        kept = msgspec.json.decode(msgspec.json.encode(told.told), type=Told)
        news += told.news
        told = Teller(12, ENTERED, kept)
    return news


@st.composite
def interleaved(draw: st.DrawFn, fills: list[OrderFilled], end: ParentState, reason: str) -> list[Any]:
    """The fills in their order, and among them states that are ahead of them or behind."""
    facts: list[Any] = list(fills)
    known = sorted(draw(st.lists(st.integers(0, len(fills)), max_size=4)))
    states = [view(ParentState.WORKING, fills[:count], 10 + count) for count in known]
    states.append(view(end, fills, 50, reason=reason))
    places = sorted(draw(st.lists(st.integers(0, len(fills)), min_size=len(states), max_size=len(states))))
    for place, state in reversed(list(zip(places, states, strict=True))):
        facts.insert(place, state)
    return facts


@settings(max_examples=200, deadline=None)
@given(facts=interleaved(WHOLE, ParentState.DONE, ""))
def test_a_filled_order_is_told_the_same_whichever_road_is_ahead(facts: list[Any]) -> None:
    news = fold(teller(), facts)
    told = [each for each in news if isinstance(each, MultilegTold)]
    assert [each.event for each in told] == [MultilegEvent.NEW] + [MultilegEvent.TRADE] * 4
    assert [(each.last_quantity, each.order.status.value) for each in told[1:]] == [
        ("1", "partially_filled"), ("0.5", "partially_filled"), ("1", "partially_filled"), ("0.5", "filled"),
    ]  # fmt: skip
    assert [each.fill.execution_id for each in news if isinstance(each, MultilegLegFilled)] == list(range(1, 8))
    cost = sum(Decimal(each.last_quantity) * Decimal(each.last_price) for each in told[1:])
    end = told[-1].order
    assert abs(cost - Decimal(end.average_price) * 3) < Decimal("1e-10")
    assert Decimal(end.average_price) == (Decimal("0.165") - 2 * Decimal("0.15") / 2 * 1) / 3
    assert len({each.execution_id for each in told}) == len(told)
    assert (end.filled_quantity, end.leaves_quantity) == ("3", "0")


@settings(max_examples=200, deadline=None)
@given(facts=interleaved(PART, ParentState.CANCELED, "legging_unwound"))
def test_an_unwound_order_ends_after_everything_that_traded_was_told(facts: list[Any]) -> None:
    news = fold(teller(), facts)
    last = news[-1]
    assert isinstance(last, MultilegTold)
    assert (last.event, last.reason, last.order.filled_quantity) == (MultilegEvent.CANCELED, "legging_unwound", "1")
    assert [each.fill.execution_id for each in news if isinstance(each, MultilegLegFilled)] == [1, 2, 3, 4, 8]
    assert sum(each.event is MultilegEvent.CANCELED for each in news if isinstance(each, MultilegTold)) == 1


def test_a_state_of_before_a_replacement_takes_nothing_back() -> None:
    told = teller(is_new=True, quantity="5", changed_at_ns=40)
    told.on_view(view(ParentState.WORKING, [], 39))
    assert (told.news, told.told.quantity) == ([], "5")
    told.on_view(view(ParentState.WORKING, [], 41))
    (news,) = told.news
    assert isinstance(news, MultilegTold)
    assert (news.event, news.reason, news.order.quantity) == (MultilegEvent.RESTATED, "amended", "3")


def test_more_than_a_lowered_quantity_is_told_as_it_traded() -> None:
    """What was in flight when the quantity was lowered."""
    told = teller(is_new=True, quantity="1")
    news = fold(told, [*WHOLE[:2], *WHOLE[2:4], WHOLE[4]])
    trades = [each for each in news if isinstance(each, MultilegTold)]
    assert [(each.order.quantity, each.order.filled_quantity, each.order.status) for each in trades] == [
        ("1", "1", MultilegStatus.FILLED), ("1.5", "1.5", MultilegStatus.FILLED),
    ]  # fmt: skip


def test_a_cancel_that_the_gateway_does_not_take_is_refused_and_may_be_asked_again() -> None:
    told = teller(is_new=True)
    told.on_cancel_asked("C", "A", 30)
    told.on_view(view(ParentState.WORKING, [], 30, requested="cancel"))
    told.on_view(view(ParentState.WORKING, [], 31, requested="cancel"))
    assert len(told.news) == 1
    told.on_view(view(ParentState.WORKING, [], 32, reason="command_expired"))
    _, refused = told.news
    assert isinstance(refused, MultilegRequestRefused)
    assert (refused.request_id, refused.reason, told.order().status) == ("C", "command_expired", MultilegStatus.NEW)


def test_an_order_that_was_whole_before_it_was_enlarged_says_that_the_change_came_late() -> None:
    told = teller(is_new=True, quantity="4")
    news = fold(told, [*WHOLE, view(ParentState.DONE, WHOLE, quantity="4")])
    last = news[-1]
    assert isinstance(last, MultilegTold)
    assert (last.event, last.reason, last.order.filled_quantity, last.order.leaves_quantity) == (
        MultilegEvent.CANCELED, "too_late_to_change", "3", "0",
    )  # fmt: skip


def test_an_order_that_expires_with_a_cancel_on_its_way_says_so_first() -> None:
    told = teller(is_new=True)
    told.on_cancel_asked("C", "A", 30)
    told.on_view(view(ParentState.CANCELED, [], 31, reason="expired"))
    _, end, refused = told.news
    assert isinstance(end, MultilegTold)
    assert isinstance(refused, MultilegRequestRefused)
    assert (end.event, end.request_id, refused.reason) == (MultilegEvent.EXPIRED, "", "too_late_to_cancel")
    assert (refused.order and refused.order.status, told.is_over) == (MultilegStatus.EXPIRED, True)
