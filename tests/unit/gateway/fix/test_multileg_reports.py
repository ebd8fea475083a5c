"""Everything that is told of multi-leg orders obeys the dictionary of its version, and says what it is about."""

import msgspec
import pytest

from gateway.fix.dictionary import dictionary_of
from gateway.fix.multileg_reports import EVENTS, STATUSES
from gateway.fix.rfq_reports import Reports
from tests.unit.gateway.fix.rfq_views import fill
from tests.unit.gateway.fix.test_multilegs import HIGH, LOW, read
from tests.unit.gateway.fix.test_rfq_reports import NOW, VERSIONS, wire
from wire.fix_multileg import (
    AnyMultilegNews,
    MultilegEvent,
    MultilegLeg,
    MultilegLegFilled,
    MultilegOrder,
    MultilegRefused,
    MultilegRequestRefused,
    MultilegStatus,
    MultilegTold,
    NoMultilegs,
)
from wire.units import Side, TimeInForce

ORDER = MultilegOrder(
    parent_order_id=12, client_order_id="A", account_id=11, side=Side.SELL, quantity="5", net_price="-0.002",
    time_in_force=TimeInForce.GTD, expires_at_ns=NOW, status=MultilegStatus.NEW, leaves_quantity="4",
    filled_quantity="1", average_price="-0.0019",
    legs=(
        MultilegLeg(instrument_name=LOW, side=Side.BUY, ratio=1, reference="low"),
        MultilegLeg(instrument_name=HIGH, side=Side.SELL, ratio=2, reference=""),
    ),
)  # fmt: skip
LEG = MultilegLegFilled(
    order=ORDER, leg=1, fill=fill(instrument_name=HIGH), quantity="10", filled_quantity="2", average_price="0.03", text="unwound: x",
)  # fmt: skip


def told(event: MultilegEvent = MultilegEvent.TRADE, **changes: object) -> MultilegTold:
    return msgspec.structs.replace(
        MultilegTold(order=ORDER, event=event, execution_id="M12-3", at_ns=NOW), **changes
    )


def request_refused(reason: str, order: MultilegOrder | None = ORDER, **changes: object) -> MultilegRequestRefused:
    refused = MultilegRequestRefused(
        request_id="C", original="A", is_replacement=False, order=order, at_ns=NOW, reason=reason, text="why"
    )
    return msgspec.structs.replace(refused, **changes)


NEWS: list[AnyMultilegNews] = [
    *(told(event, reason="x", text="y") for event in MultilegEvent),
    *(told(order=msgspec.structs.replace(ORDER, status=status)) for status in MultilegStatus),
    told(last_quantity="1", last_price="-0.002", is_copy=True),
    told(MultilegEvent.REPLACED, request_id="R", original="A"),
    told(MultilegEvent.CANCELED, reason="disconnected"),
    told(MultilegEvent.STATUS, execution_id="0", status_request_id="s"),
    told(MultilegEvent.STATUS, execution_id="0", mass_id="m", total=2, is_last=True),
    LEG,
    msgspec.structs.replace(LEG, filled_quantity="10", text=""),
    MultilegRefused(client_order_id="A", execution_id="R1", at_ns=NOW, reason="unknown_account", text="", action=read()),
    MultilegRefused(client_order_id="A", execution_id="0", at_ns=NOW, reason="unknown_order", text="n", status_request_id="s"),
    MultilegRefused(client_order_id="", execution_id="0", at_ns=NOW, reason="unknown_order", text="n"),
    *(request_refused(reason) for reason in ("too_late_to_cancel", "unknown_order", "duplicate_order", "legs_fixed")),
    request_refused("unknown_order", order=None, original="", is_replacement=True),
    NoMultilegs(mass_id="m", at_ns=NOW),
]  # fmt: skip


@pytest.mark.parametrize("news", NEWS)
@pytest.mark.parametrize("begin_string", VERSIONS)
def test_what_is_told_obeys_the_dictionary(news: AnyMultilegNews, begin_string: str) -> None:
    dictionary = dictionary_of(begin_string, VERSIONS[begin_string])
    (message,) = Reports(is_fix44=begin_string == "FIX.4.4").of(news)
    parsed = dictionary.parse(wire(begin_string, message))
    assert dictionary.check(parsed, is_application=True) is None, message


def fields(news: AnyMultilegNews, *, is_fix44: bool = True) -> dict[int, str]:
    """The first of each tag: groups come after what they are part of."""
    (message,) = Reports(is_fix44=is_fix44).of(news)
    return dict(reversed(message.body))


def test_a_structure_and_its_leg_are_told_apart() -> None:
    whole, leg = fields(told(last_quantity="1", last_price="-0.002")), fields(LEG)
    assert [whole[tag] for tag in (37, 55, 167, 54, 38, 44, 442, 32, 31, 555)] == [
        "M12", "[N/A]", "MLEG", "2", "5", "-0.002", "3", "1", "-0.002", "2",
    ]  # fmt: skip
    assert [leg[tag] for tag in (37, 55, 38, 14, 151, 39, 442, 555, 600, 623)] == [
        "M12", HIGH, "10", "2", "8", "1", "2", "1", HIGH, "2",
    ]  # fmt: skip
    assert 167 not in leg
    assert (654 in leg, fields(msgspec.structs.replace(LEG, leg=0))[654]) == (False, "low")


def test_every_word_of_the_desk_has_one_of_the_standard() -> None:
    assert (set(EVENTS), set(STATUSES)) == (set(MultilegEvent), set(MultilegStatus))


@pytest.mark.parametrize(("is_fix44", "word"), [(True, "7"), (False, "12")])
def test_a_lost_connection_is_said_in_the_words_of_the_version(is_fix44: bool, word: str) -> None:
    assert fields(told(MultilegEvent.CANCELED, reason="disconnected"), is_fix44=is_fix44)[378] == word
    assert 378 not in fields(told(MultilegEvent.CANCELED, reason="mass_cancel"), is_fix44=is_fix44)
