"""Who is asked, when a taker may hide, and that aliases are drawn by lot."""

import random
from collections import Counter
from decimal import Decimal

import pytest

from common.errors import Refusal
from rfq.domain.audience import check_anonymous, choose_makers, draw_aliases
from rfq.domain.records import AllocationRecord
from rfq.domain.shares import check_shares
from tests.unit.rfq.builders import CALL, PUT, leg
from wire.units import Audience

ELIGIBLE = {3, 4, 5, 6, 7}
OWN = 5


def choose(audience=Audience.CHOSEN, chosen=(), group=None, eligible=ELIGIBLE):
    return choose_makers(audience, chosen=chosen, group=group, eligible=eligible, own_firm_id=OWN)


@pytest.mark.parametrize(
    ("asked", "makers"),
    [
        (dict(chosen=[6, 3]), [3, 6]),
        (dict(audience=Audience.ALL), [3, 4, 6, 7]),
        (dict(audience=Audience.GROUP, group=[7, 4, OWN, 99]), [4, 7]),
    ],
)
def test_makers_asked(asked, makers):
    assert choose(**asked) == makers


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (dict(), "maker_count"),
        (dict(audience=Audience.ALL, eligible={OWN}), "maker_count"),
        (dict(audience=Audience.ALL, eligible=set(range(100, 121))), "maker_count"),
        (dict(audience=Audience.GROUP, group=[99]), "maker_count"),
        (dict(audience=Audience.GROUP), "audience"),
        (dict(audience=Audience.ALL, chosen=[3]), "audience"),
        (dict(audience=Audience.ALL, group=[3]), "audience"),
        (dict(chosen=[3], group=[4]), "audience"),
        (dict(chosen=[3, 3]), "duplicate_maker"),
        (dict(chosen=[OWN]), "own_firm"),
        (dict(chosen=[99]), "unknown_maker"),
    ],
)
def test_audience_refused(asked, reason):
    with pytest.raises(Refusal) as refusal:
        choose(**asked)
    assert refusal.value.reason == reason


def test_an_anonymous_taker_asks_five():
    check_anonymous(5, is_taker_anonymous=True)
    check_anonymous(1, is_taker_anonymous=False)
    with pytest.raises(Refusal) as refusal:
        check_anonymous(4, is_taker_anonymous=True)
    assert (refusal.value.reason, refusal.value.value, refusal.value.bound) == ("anonymous_makers", "4", "5")


def test_aliases_are_drawn_by_lot():
    """Every maker gets every number about as often: nothing of the order is left in them."""
    lots = random.Random(7)
    drawn = [tuple(draw_aliases(3, lots)) for _ in range(6_000)]
    assert all(sorted(one) == [1, 2, 3] for one in drawn)
    assert len(Counter(drawn)) == 6
    assert all(850 < count < 1_150 for count in Counter(drawn).values())


def share(account_id: int, quantity: str) -> AllocationRecord:
    return AllocationRecord(account_id=account_id, quantity=Decimal(quantity))


LEGS = (leg(CALL), leg(PUT, ratio=3))


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        ([share(1, "4"), share(1, "6")], "duplicate_account"),
        ([share(1, "4"), share(2, "5.9")], "allocation_sum"),
        ([share(1, "4"), share(2, "6.1")], "allocation_sum"),
        ([share(1, "9.95"), share(2, "0.05")], "quantity_off_lot"),
        ([share(1, "10"), share(2, "0")], "quantity_not_positive"),
    ],
)
def test_shares_refused(shares, reason):
    with pytest.raises(Refusal) as refusal:
        check_shares(shares, Decimal(10), LEGS)
    assert refusal.value.reason == reason


def test_shares_are_whole_lots_of_every_leg():
    check_shares([share(1, "9.9"), share(2, "0.1")], Decimal(10), LEGS)
    check_shares([], Decimal(10), LEGS)
    with pytest.raises(Refusal, match="multiple of 0.1"):
        check_shares([share(1, "9.95"), share(2, "0.05")], Decimal(10), (leg(CALL, ratio=2), leg(PUT)))
