"""Limits: a row, an audit record and a gateway command in one transaction; in force when the gateway says so."""

import datetime as dt
import uuid
from decimal import Decimal

from django.db import connection

from accounts import roles
from accounts import selectors as accounts
from audit import services as audit
from common import clock, db
from common.actor import GATEWAY, Actor
from common.decimals import plain_text
from common.errors import NotAllowed, Refusal
from risk.models import LimitSet
from risk.services.once import insert_once
from settlement import services as settlement
from streams import services as streams
from wire import gateway
from wire.instruments import COINS
from wire.limits import QUANTITY_LOTS_MAX
from wire.units import to_smallest_units

VALUE_MAX = Decimal(10) ** 12
"""US dollars; its micro-dollars fit the engine's integers."""
VALUE_STEP = Decimal("0.000001")
ADVISORY_SPACE = 7_002
"""First half of the advisory lock that changes of one account's limits wait for."""
COLLAR_MAX = 10_000
_BOUNDS = (
    "max_order_quantity_lots",
    "max_order_value",
    "max_position_lots",
    "max_position_value",
    "price_collar_basis_points",
)


def set_limits(  # noqa: PLR0913 - the bounds are the arguments
    *,
    account_id: int,
    max_order_quantity_lots: int,
    max_order_value: Decimal,
    max_position_lots: int,
    max_position_value: Decimal,
    price_collar_basis_points: int,
    actor: Actor,
    at: dt.datetime,
    coin: str = "",
    command_id: str = "",
) -> LimitSet:
    """Put new limits on an account; values in USD. Only an admin, or the system where ``actor`` is nobody.

    Idempotent by (user, command_id). Raises NotAllowed, NotFound, and Refusal ``unknown_coin``,
    ``limit_out_of_range`` or ``limit_off_grid``.
    """
    _check_admin(actor)
    command_id = command_id or uuid.uuid4().hex
    row = LimitSet(
        account_id=account_id,
        coin=coin,
        max_order_quantity_lots=max_order_quantity_lots,
        max_order_value=max_order_value,
        max_position_lots=max_position_lots,
        max_position_value=max_position_value,
        price_collar_basis_points=price_collar_basis_points,
        effective_at=at,
        set_by_id=actor.user_id,
        command_id=command_id,
    )
    _check_bounds(row)
    return _store(row, actor, at)


def _take_turn(account_id: int) -> None:
    """One change of an account at a time: the newest row is then also the last that the gateway hears of."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ADVISORY_SPACE, account_id])


def _store(draft: LimitSet, actor: Actor, at: dt.datetime) -> LimitSet:
    """Row, audit record and gateway command; nothing but the first row where the command was there before."""
    with db.unit_of_work():
        account = accounts.get_account(draft.account_id)
        _take_turn(account.pk)
        earlier = LimitSet.objects.filter(account_id=draft.account_id, coin=draft.coin).order_by("-id").first()
        key = {"set_by_id": draft.set_by_id, "command_id": draft.command_id}
        row, is_new = insert_once(draft, key, ("account_id", "coin", *_BOUNDS))
        if is_new:
            audit.record(
                stream=f"firm:{account.firm_id}",
                action="limits.set",
                entity=f"account:{row.account_id}",
                actor=actor,
                at=at,
                before=None if earlier is None else _state(earlier),
                after=_state(row),
                command_id=row.command_id,
            )
            streams.send_to_gateway(_gateway_command(row, account.firm_id, account.desk_id))
    return row


def apply_limits_in_force(envelope: gateway.EventEnvelope) -> None:
    """The gateway took the newest limits of an account and coin that it had been sent.

    It knows the account from now on, so that from now on it is told what the account owns.
    """
    event = envelope.event
    assert isinstance(event, gateway.LimitsInForce)
    settlement.begin_margin(account_id=event.account_id)
    at = clock.from_ns(envelope.at_ns)
    rows = LimitSet.objects.filter(account_id=event.account_id, coin=event.coin, in_force_at__isnull=True)
    row = rows.order_by("id").first()
    if row is None:
        return
    row.in_force_at = at
    row.save(update_fields=["in_force_at"])
    account = accounts.get_account(event.account_id)
    audit.record(
        stream=f"firm:{account.firm_id}",
        action="limits.in_force",
        entity=f"account:{event.account_id}",
        actor=GATEWAY,
        at=at,
        after=_state(row),
        command_id=row.command_id,
    )


def tell_collateral() -> int:
    """At the start of whoever speaks with the gateway: what every account with limits in force owns."""
    known = LimitSet.objects.filter(in_force_at__isnull=False).order_by("account_id").distinct("account_id")
    for account_id in known.values_list("account_id", flat=True):
        settlement.begin_margin(account_id=account_id)
    return settlement.resend_collateral()


def _check_admin(actor: Actor) -> None:
    if actor.user_id is None:
        return
    user = accounts.get_user(actor.user_id)
    if not roles.is_admin(user):
        raise NotAllowed("not_authorized", "only an admin sets limits", value=user.role, bound="admin")


def _check_bounds(row: LimitSet) -> None:
    if row.coin and row.coin not in COINS:
        raise Refusal("unknown_coin", f"{row.coin} is no coin of Parley", value=row.coin, bound=", ".join(COINS))
    highest = {
        "max_order_quantity_lots": Decimal(QUANTITY_LOTS_MAX),
        "max_order_value": VALUE_MAX,
        "max_position_lots": Decimal(QUANTITY_LOTS_MAX),
        "max_position_value": VALUE_MAX,
        "price_collar_basis_points": Decimal(COLLAR_MAX),
    }
    for name, bound in highest.items():
        value = Decimal(getattr(row, name))
        if not value.is_finite() or not 0 <= value <= bound:
            raise Refusal("limit_out_of_range", f"{name} is out of range", value=value, bound=f"0 to {bound}")
        if value % VALUE_STEP:
            raise Refusal("limit_off_grid", f"{name} is finer than money is", value=value, bound=VALUE_STEP)


def _state(row: LimitSet) -> dict[str, str | int]:
    return {
        "coin": row.coin,
        "max_order_quantity_lots": row.max_order_quantity_lots,
        "max_order_value": plain_text(Decimal(row.max_order_value)),
        "max_position_lots": row.max_position_lots,
        "max_position_value": plain_text(Decimal(row.max_position_value)),
        "price_collar_basis_points": row.price_collar_basis_points,
    }


def _gateway_command(row: LimitSet, firm_id: int, desk_id: int) -> gateway.SetLimits:
    return gateway.SetLimits(
        command_id=f"limits-{row.pk}",
        account_id=row.account_id,
        firm_id=firm_id,
        desk_id=desk_id,
        max_order_quantity_lots=row.max_order_quantity_lots,
        max_order_value_micros=to_smallest_units(Decimal(row.max_order_value), "USD"),
        max_position_lots=row.max_position_lots,
        max_position_value_micros=to_smallest_units(Decimal(row.max_position_value), "USD"),
        price_collar_basis_points=row.price_collar_basis_points,
        coin=row.coin,
    )
