"""Facts and audit records of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from audit import services as audit
from common.actor import GATEWAY
from pairs import selectors
from streams import services as streams
from wire.pair_views import PairChanged, PairOrderEndedFact, PairsCommandAnswered, PairsDeskChanged
from wire.units import TERMINAL_ORDER_STATES, OrderState

if TYPE_CHECKING:
    import datetime as dt

    from common.actor import Actor
    from pairs.models import Pair, PairOrder, PairsCommand, PairsDesk
    from wire.pairs import AnyPairTold

_NOT_RECORDED = frozenset({"at_ns", "what", "first", "second", "pair"})


def publish_desk(desk: PairsDesk) -> None:
    streams.publish_fact(firm_id=desk.firm_id, fact=PairsDeskChanged(pairs_desk=selectors.desk_view(desk)))


def publish_pair(pair: Pair) -> None:
    fact = PairChanged(pair=selectors.pair_view(pair))
    streams.publish_fact(firm_id=pair.pairs_desk.firm_id, fact=fact)


def publish_order(order: PairOrder) -> None:
    """Once it has ended: what it was on its way is over within milliseconds."""
    if OrderState(order.state) in TERMINAL_ORDER_STATES:
        fact = PairOrderEndedFact(pair_order=selectors.order_view(order, list(order.fills.order_by("id"))))
        streams.publish_fact(firm_id=order.pairs_desk.firm_id, fact=fact)


def publish_command(command: PairsCommand) -> None:
    fact = PairsCommandAnswered(command=selectors.command_view(command))
    streams.publish_fact(firm_id=command.pairs_desk.firm_id, fact=fact)


def record_told(desk: PairsDesk, told: AnyPairTold, number: int, at: dt.datetime) -> None:
    """The audit record of what the gateway reported, under its number; with the user who asked for it."""
    content = {name: value for name, value in msgspec.to_builtins(told).items() if name not in _NOT_RECORDED}
    audit.record(
        stream=f"firm:{desk.firm_id}",
        action=f"pairs.{told.__struct_config__.tag}",
        entity=f"pair:{told.first}/{told.second}" if told.first else f"pairs:{desk.venue}",
        actor=GATEWAY,
        at=at,
        command_id=str(content.get("command_id", "")),
        reason=str(content.get("reason", content.get("why", ""))),
        after={
            "venue": desk.venue,
            "report_number": number,
            "account_id": desk.account_id,
            "strategy_id": desk.strategy_id,
            **{name: _exact(value) for name, value in content.items()},
        },
    )


def record_command(command: PairsCommand, action: str, actor: Actor, at: dt.datetime) -> None:
    desk = command.pairs_desk
    audit.record(
        stream=f"firm:{desk.firm_id}",
        action=f"pairs.{action}",
        entity=f"pair:{command.first}/{command.second}" if command.first else f"pairs:{desk.venue}",
        actor=actor,
        at=at,
        command_id=command.command_id,
        reason=command.reason,
        after={"venue": desk.venue, "action": command.action, "state": command.state},
    )


def _exact(value: object) -> object:
    """A record holds no binary fractions."""
    return repr(value) if isinstance(value, float) else value
