"""Firms of makers for a measurement of the RFQ desk, and what must hold in the database afterwards."""

import dataclasses
import os
import time
from decimal import Decimal
from typing import Any

import django
from django.core.management import call_command

from terminal.supervisor.stack import Stack

DEPOSITS = {"USDC": Decimal(500_000_000), "BTC": Decimal(50_000)}
LIMITS: dict[str, Any] = {
    "max_order_quantity_lots": 10_000_000,
    "max_order_value": Decimal(1_000_000_000),
    "max_position_lots": 1_000_000_000,
    "max_position_value": Decimal(100_000_000_000),
    "price_collar_basis_points": 5_000,
}
COUNT_MAX = 100_000
IN_FORCE_SECONDS_MAX = 60


@dataclasses.dataclass(frozen=True)
class Party:
    name: str
    firm_id: int
    account_id: int
    token: str


def connect(stack: Stack) -> None:
    """This process reads and writes the stack's database as its processes do."""
    os.environ.update(
        DJANGO_SETTINGS_MODULE="terminal.settings",
        DATABASE_URL=stack.database_url,
        VALKEY_URL=stack.valkey_url,
        PARLEY_STATE=str(stack.state_dir),
    )
    django.setup()


def lay_down(name: str, *, is_maker: bool) -> Party:
    """A firm with one user, one account, deposits, limits and an API key; its rates on the desk out of the way."""
    from accounts import demo, services
    from accounts.models import FirmKind, Role, User
    from common import clock
    from common.actor import SYSTEM
    from risk import services as risk
    from settlement import services as settlement

    at = clock.now()
    kind, role = (FirmKind.MAKER, Role.CLIENT) if is_maker else (FirmKind.TAKER, Role.TRADER)
    username = name.lower().replace(" ", "-")
    account = demo.lay_down(demo.DemoFirm(name, kind, "Desk", ((username, role),)), at=at)
    assert account is not None, "only the house has no account"
    for asset, amount in DEPOSITS.items():
        settlement.deposit(
            account_id=account.pk, asset=asset, amount=amount, at=at, command_id=f"bench:{account.pk}:{asset}"
        )
    risk.set_limits(account_id=account.pk, actor=SYSTEM, at=at, command_id=f"bench:{account.pk}", **LIMITS)
    _widen_desk_limits(account.firm_id)
    key_id, secret = services.create_api_key(user=User.objects.get(username=username), actor=SYSTEM, at=at)
    return Party(name=name, firm_id=account.firm_id, account_id=account.pk, token=f"{key_id}.{secret}")


def wait_for_limits(account_ids: list[int]) -> None:
    """Until the gateway has said that the limits of each account are in force. Raises TimeoutError."""
    from risk.models import LimitSet

    deadline = time.monotonic() + IN_FORCE_SECONDS_MAX
    while LimitSet.objects.filter(account_id__in=account_ids, in_force_at__isnull=True).exists():
        if time.monotonic() > deadline:
            raise TimeoutError("limits did not come into force")
        time.sleep(0.05)


def _widen_desk_limits(firm_id: int) -> None:
    from accounts.models import User
    from common import clock
    from common.actor import Actor
    from rfq.services import desk_proposals
    from wire.client_protection import DecideDeskLimits, ProposeDeskLimits

    admin = User.objects.get(username="admin")
    assert admin.firm_id is not None, "the demo's admin belongs to the house"
    message = ProposeDeskLimits(
        command_id=f"bench-desk-limits-{firm_id}",
        firm_id=firm_id,
        create_per_minute_max=COUNT_MAX,
        execute_per_minute_max=COUNT_MAX,
        open_rfqs_max=COUNT_MAX,
        live_quotes_max=COUNT_MAX,
        band_ticks=COUNT_MAX,
        band_percent="1000",
        is_band_confirmable=True,
        reason="a bench knows no bounds",
    )
    actor = Actor(user_id=admin.pk, firm_id=admin.firm_id, via="bench")
    proposal_id = desk_proposals.propose_desk_limits(user=admin, actor=actor, message=message, at=clock.now())
    officer = User.objects.get(username="compliance")
    actor = Actor(user_id=officer.pk, firm_id=officer.firm_id, via="bench")
    word = DecideDeskLimits(
        command_id=f"bench-desk-limits-{firm_id}-approved",
        proposal_id=proposal_id,
        is_approved=True,
        reason="a bench knows no bounds",
    )
    desk_proposals.decide_desk_limits(user=officer, actor=actor, message=word, at=clock.now())


def check_books(rfq_ids: list[int]) -> dict[str, int]:
    """What became of the RFQs, by state. Raises AssertionError where anything is pending, doubled or lost."""
    from django.db.models import Count, Sum

    from rfq.models import BlockTrade, Rfq, TradeLeg
    from settlement.models import Fill

    states = dict(Rfq.objects.filter(id__in=rfq_ids).values_list("state").annotate(count=Count("id")))
    assert sum(states.values()) == len(rfq_ids), f"{len(rfq_ids)} were created, {states} are there"
    assert not {"open", "pending_fill"} & states.keys(), f"some never ended: {states}"
    filled = Rfq.objects.filter(id__in=rfq_ids, state="filled")
    completed = BlockTrade.objects.filter(rfq_id__in=rfq_ids, state="completed")
    assert not BlockTrade.objects.filter(rfq_id__in=rfq_ids, state__in=["pending", "reserved"]).exists(), "pending"
    sizes = dict(completed.values_list("rfq_id").annotate(size=Sum("quantity")))
    assert sizes == dict(filled.values_list("id", "quantity")), "a filled RFQ traded another size than it asked"
    legs = TradeLeg.objects.filter(trade__in=completed).count()
    fills = Fill.objects.filter(rfq_id__in=rfq_ids).count()
    assert fills == 2 * legs, f"{legs} legs were traded and {fills} fills booked"
    call_command("check_ledger")
    call_command("verify_allocation", "--all")
    return states
