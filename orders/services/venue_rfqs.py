"""Ask the makers of a venue, take a quote with every leg at once, or cancel. Rows, audit record, fact and gateway
command in one transaction.
"""

from __future__ import annotations

import datetime as dt
import secrets
from decimal import Decimal
from typing import TYPE_CHECKING

from accounts import selectors as accounts
from common import clock, db
from common.actor import Actor
from common.errors import Conflict
from market import oracle
from market import selectors as market
from orders import venue_rfq_publishers as publishers
from orders import venue_rfq_selectors as selectors
from orders.domain.venue_rfqs import Asked, AskedLeg, check_asked, check_takable
from orders.models import Route, VenueAcceptance, VenueRfq, VenueRfqLeg
from orders.services import commands
from orders.services.admission import check_admission
from orders.services.placing import check_may_trade
from orders.services.routing import TOKEN_BYTES, send_route
from orders.services.venue_links import check_block_rfqs
from streams import services as streams
from wire import gateway_routes as gateway
from wire import venue_rfqs as wire
from wire.client import AcceptVenueRfq, AskVenue, CancelVenueRfq
from wire.limits import COMMAND_VALID_MS
from wire.units import NANOSECONDS_PER_MS, OrderType, Side, TimeInForce, to_steps

if TYPE_CHECKING:
    from accounts.models import User

ASK_PREFIX = "ask-venue-rfq:"
CANCEL_PREFIX = "cancel-venue-rfq:"
OPEN_RFQS_MAX = 20
"""Of a firm at all venues."""


def ask_venue(*, user: User, actor: Actor, message: AskVenue, at: dt.datetime) -> VenueRfq:
    """Idempotent by (user, command_id).

    Raises Refusal: not_authorized, unknown_account, unknown_instrument, those of ``check_asked``, gateway_unavailable,
    stale_market, instrument_not_trading, unknown_venue, venue_not_ready, no_block_rfqs, too_many_venue_rfqs.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return VenueRfq.objects.get(id=taken.entity_id)
        account = accounts.get_account_for(user, message.account_id)
        found = {leg.instrument_name: market.get_instrument(leg.instrument_name) for leg in message.legs}
        asked = check_asked(
            [AskedLeg(terms=found[leg.instrument_name].terms, side=leg.side, ratio=leg.ratio) for leg in message.legs],
            Decimal(message.quantity),
        )
        for instrument in found.values():
            check_admission(instrument, clock.to_ns(at))
        check_block_rfqs(message.venue, clock.to_ns(at))
        _check_count(account.firm_id)
        row = VenueRfq(
            command_id=message.command_id,
            user=user,
            desk_id=user.desk_id or account.desk_id,
            firm_id=account.firm_id,
            account=account,
            venue=message.venue,
            label=f"new-{secrets.token_hex(12)}",
            quantity=asked.quantity,
            state=wire.VenueRfqState.PENDING.value,
            created_at=at,
            updated_at=at,
        )
        row.save()
        row.label = f"rfq-{row.pk}-{secrets.token_hex(TOKEN_BYTES)}"
        row.save(update_fields=["label"])
        for number, leg in enumerate(asked.legs):
            instrument = found[leg.terms.name]
            VenueRfqLeg(
                venue_rfq=row, number=number, instrument=instrument, side=leg.side.value, ratio=leg.ratio
            ).save()
        publishers.record_venue_rfq(row, "venue_rfq.asked", actor, at, command_id=message.command_id)
        publishers.publish_venue_rfq(row)
        streams.send_to_gateway(_ask_command(row, asked, at))
        commands.answer(taken, entity="venue_rfq", entity_id=row.pk)
        return row


def accept_venue_rfq(*, user: User, actor: Actor, message: AcceptVenueRfq, at: dt.datetime) -> VenueRfq:
    """Every leg becomes a route; they leave together once all have passed the risk gate, or none does.

    Raises Refusal: not_authorized, unknown_venue_rfq, acceptance_under_way, rfq_not_open, no_quote,
    price_not_crossing, price_too_far, gateway_unavailable, stale_market, instrument_not_trading, unknown_venue,
    venue_not_ready.
    """
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return VenueRfq.objects.get(id=taken.entity_id)
        row = lock_own(user, message.venue_rfq_id)
        quoted = _check_acceptable(row, message)
        check_block_rfqs(row.venue, clock.to_ns(at))
        _note_acceptance(row, user, message, quoted, at)
        for leg in row.legs.select_related("instrument").order_by("number"):
            _send_leg(row, leg, user, actor, at)
        commands.answer(taken, entity="venue_rfq", entity_id=row.pk)
        publishers.record_venue_rfq(
            row, "venue_rfq.accepted", actor, at, before=row.state, command_id=message.command_id
        )
        publishers.publish_venue_rfq(row)
        return row


def cancel_venue_rfq(*, user: User, actor: Actor, message: CancelVenueRfq, at: dt.datetime) -> VenueRfq:
    """Ask the venue to end it. Raises Refusal: not_authorized, unknown_venue_rfq, rfq_not_open."""
    check_may_trade(user)
    with db.unit_of_work():
        taken = commands.take(user_id=user.pk, message=message, at=at)
        if taken.entity_id is not None:
            return VenueRfq.objects.get(id=taken.entity_id)
        row = lock_own(user, message.venue_rfq_id)
        if row.state in wire.ENDED_RFQ_STATES:
            raise Conflict("rfq_not_open", f"the request is {row.state} already", value=row.state, bound="open")
        commands.answer(taken, entity="venue_rfq", entity_id=row.pk)
        publishers.record_venue_rfq(
            row, "venue_rfq.cancel_requested", actor, at, before=row.state, command_id=message.command_id
        )
        streams.send_to_gateway(
            gateway.CancelVenueRfq(command_id=f"{CANCEL_PREFIX}{row.pk}:{taken.id}", venue=row.venue, label=row.label)
        )
        return row


def lock_own(user: User, venue_rfq_id: int) -> VenueRfq:
    """Raises NotFound."""
    assert user.firm_id is not None, "who trades has a firm"
    rows = VenueRfq.objects.select_for_update(no_key=True)
    row = rows.filter(id=venue_rfq_id, firm_id=user.firm_id).first()
    if row is None:
        raise selectors.venue_rfq_not_found(venue_rfq_id)
    return row


def _check_acceptable(row: VenueRfq, message: AcceptVenueRfq) -> Decimal:
    """The best quote that it takes."""
    if Route.objects.filter(venue_rfq=row).working().exists():
        raise Conflict("acceptance_under_way", "an acceptance has no answer yet", value=row.acceptances)
    quotes = selectors.read_quotes(row.asks if message.side is Side.BUY else row.bids)
    tick = max(leg.instrument.terms.tick_size for leg in row.legs.select_related("instrument"))
    return check_takable(
        wire.VenueRfqState(row.state), quotes, row.quantity, message.side, Decimal(message.price), tick
    )


def _note_acceptance(row: VenueRfq, user: User, message: AcceptVenueRfq, quoted: Decimal, at: dt.datetime) -> None:
    row.acceptances += 1
    row.accepted_side, row.accepted_price = message.side.value, Decimal(message.price)
    row.updated_at = at
    row.save(update_fields=["acceptances", "accepted_side", "accepted_price", "updated_at"])
    VenueAcceptance(
        venue_rfq=row,
        number=row.acceptances,
        user=user,
        side=row.accepted_side,
        price=row.accepted_price,
        quoted_price=quoted,
        created_at=at,
    ).save()


def _check_count(firm_id: int) -> None:
    count = VenueRfq.objects.filter(firm_id=firm_id).exclude(state__in=wire.ENDED_RFQ_STATES).count()
    if count >= OPEN_RFQS_MAX:
        raise Conflict("too_many_venue_rfqs", "too many requests are open", value=count, bound=OPEN_RFQS_MAX)


def _send_leg(row: VenueRfq, leg: VenueRfqLeg, user: User, actor: Actor, at: dt.datetime) -> None:
    """A market order to our own gate: what bounds the price is the net price of all legs, at the venue."""
    ticker = check_admission(leg.instrument, clock.to_ns(at))
    side = Side(leg.side) if row.accepted_side == Side.BUY else Side(leg.side).opposite
    quantity = row.quantity * leg.ratio
    route = Route(
        venue_rfq=row,
        acceptance=row.acceptances,
        command_id=f"{row.command_id}:{row.acceptances}:{leg.number}"[-64:],
        user=user,
        desk_id=row.desk_id,
        firm_id=row.firm_id,
        account_id=row.account_id,
        instrument=leg.instrument,
        venue=row.venue,
        side=side.value,
        order_type=OrderType.MARKET.value,
        time_in_force=TimeInForce.FOK.value,
        quantity=quantity,
        quantity_lots=to_steps("quantity", quantity, leg.instrument.terms.lot_size),
        arrival_mid=oracle.mid_of(ticker),
    )
    send_route(route, actor, at)


def _ask_command(row: VenueRfq, asked: Asked, at: dt.datetime) -> gateway.AskVenueRfq:
    return gateway.AskVenueRfq(
        command_id=f"{ASK_PREFIX}{row.pk}",
        valid_until_ns=clock.to_ns(at) + COMMAND_VALID_MS * NANOSECONDS_PER_MS,
        venue=row.venue,
        label=row.label,
        legs=[wire.VenueRfqLeg(instrument_name=leg.terms.name, side=leg.side, ratio=leg.ratio) for leg in asked.legs],
        quantity=row.quantity,
    )
