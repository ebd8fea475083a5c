"""Money that comes in from outside."""

import datetime as dt
from decimal import Decimal

from accounts import selectors as accounts
from audit import services as audit
from common import db
from common.actor import SYSTEM, Actor
from common.decimals import plain_text
from common.errors import Conflict, NotFound, Refusal
from settlement import publishers
from settlement.models import SystemOwner, Transfer, TransferCode, TransferKind
from settlement.services import ledger
from wire.limits import COMMAND_ID_LENGTH_MAX
from wire.units import ASSET_DECIMALS, to_smallest_units

DEPOSIT_UNITS_MAX = 10**30


def deposit(
    *, account_id: int, asset: str, amount: Decimal, at: dt.datetime, command_id: str, actor: Actor = SYSTEM
) -> Transfer:
    """Credit ``amount`` of ``asset`` to the account: pending first, then posted. Returns the posted transfer.

    Idempotent by ``command_id``. Raises NotFound for an unknown account or asset, Refusal for an amount that is not
    positive and whole in the asset's smallest unit, Conflict where the id was used for another deposit.
    """
    units = _units(asset, amount)
    if not 0 < len(command_id) <= COMMAND_ID_LENGTH_MAX:
        raise Refusal(
            "invalid_command_id", "the command id is empty or too long", value=command_id, bound=COMMAND_ID_LENGTH_MAX
        )
    firm_id = accounts.get_account(account_id).firm_id
    owner, key = ledger.owner_of(account_id), f"deposit:{command_id}"
    with db.unit_of_work():
        ledger.enter()
        known = Transfer.objects.filter(key=key).select_related("credit", "resolution").first()
        if known is not None:
            return _same_deposit(known, owner, asset, units)
        external = SystemOwner.EXTERNAL.value
        posting = ledger.Posting(
            key=key, code=TransferCode.DEPOSIT, debit=external, credit=owner, asset=asset, amount=units
        )
        pendings = ledger.write([posting], kind=TransferKind.PENDING, at=at)
        (posted,) = ledger.resolve(pendings, kind=TransferKind.POST, at=at)
        publishers.publish_balances([posted.credit_id])
        audit.record(
            stream=f"firm:{firm_id}",
            action="deposit.posted",
            entity=f"account:{account_id}",
            actor=actor,
            at=at,
            command_id=command_id,
            after={"asset": asset, "amount": plain_text(amount), "transfer_id": posted.pk},
        )
        return posted


def _units(asset: str, amount: Decimal) -> int:
    if asset not in ASSET_DECIMALS:
        raise NotFound("unknown_asset", f"there is no asset {asset}", value=asset, bound=", ".join(ASSET_DECIMALS))
    if not amount.is_finite() or amount <= 0:
        raise Refusal("amount_not_positive", "a deposit has a positive amount", value=amount, bound=0)
    if amount.adjusted() > 30:
        raise Refusal("amount_too_large", "the amount is too large", value=amount, bound=DEPOSIT_UNITS_MAX)
    units = to_smallest_units(amount, asset)
    step = Decimal(1).scaleb(-ASSET_DECIMALS[asset])
    if Decimal(units) * step != amount:
        raise Refusal("amount_off_grid", f"the amount is not a multiple of {step:f}", value=amount, bound=f"{step:f}")
    if units > DEPOSIT_UNITS_MAX:
        raise Refusal("amount_too_large", "the amount is too large", value=units, bound=DEPOSIT_UNITS_MAX)
    return units


def _same_deposit(known: Transfer, owner: str, asset: str, units: int) -> Transfer:
    if (known.credit.owner, known.asset, known.amount) != (owner, asset, units):
        raise Conflict("command_id_reused", "the command id was used for another deposit", value=known.key)
    return known.resolution
