"""RFQ messages of a session as what they ask of the desk. Whatever is not understood is refused by its field."""

import math
from decimal import Decimal
from typing import TypeVar

import msgspec

from gateway.fix import values
from gateway.fix.handler import Session
from gateway.fix.message import FieldMissing, Fields, FieldWrong, Message
from gateway.fix.order_messages import find_account
from wire.client_makers import PassRfq
from wire.client_rfq import CreateRfq, RfqHedge, RfqLeg
from wire.fix_desk import CLIENT_ID_BYTES_MAX
from wire.fix_rfq import (
    AskStatus,
    AskTrades,
    DeclineRequest,
    FixQuote,
    MassEntry,
    RequestQuotes,
    SendQuote,
    SendQuotes,
    Withdraw,
    find_quote,
    find_rfq_id,
)
from wire.limits import MASS_QUOTE_MAX, RFQ_LEGS_MAX, RFQ_MAKERS_MAX, RFQ_RATIO_MAX
from wire.negotiation import QuoteCondition
from wire.units import NANOSECONDS_PER_SECOND, Audience, PassReason, Side

CANCEL_ALL = "4"
CANCEL_TYPES = {"1", "4", "5"}
"""QuoteCancelType (298)."""
PASS_REASONS = {
    "4": PassReason.TOO_LATE,
    "6": PassReason.NOT_AUTHORIZED,
    "9": PassReason.NO_INVENTORY,
    "10": PassReason.PASS,
}
"""QuoteRequestRejectReason (658) of a maker that does not quote; any other is a pass."""
LIQUIDITY_PROVIDER = "35"
"""PartyRole (452) of a maker that is asked."""
ALL_TRADES, MATCHING_TRADES = "0", "1"
"""TradeRequestType (569)."""
ALL_OR_NONE = "A"
"""QuoteQualifier (695)."""
HEDGE = "hedge at "
"""LegSecurityDesc (620) of the leg that trades with a structure at the taker's price, which follows."""
PER_UNIT, YIELD = "2", "9"
"""PriceType (423) and LegPriceType (686): a price as the instrument has it; a volatility a year, as a fraction."""
SNAPSHOT = "0"
LIFE_SECONDS = 300
INSTRUMENT_TAGS = frozenset({55, 65, 48, 22, 460, 461, 167, 762, 200, 541, 202, 201, 207, 231, 106, 107})
LEG_TAGS = frozenset(
    {600, 601, 602, 603, 607, 608, 609, 610, 611, 612, 616, 620, 623, 624, 556, 686, 687, 681, 684, 690}
)
PARTY_TAGS = frozenset({448, 447, 452, 802, 523, 803})
REQUEST_TAGS = frozenset(
    {
        *INSTRUMENT_TAGS,
        *LEG_TAGS,
        *PARTY_TAGS,
        303,
        537,
        336,
        54,
        38,
        63,
        64,
        15,
        1,
        660,
        581,
        555,
        735,
        695,
        692,
        40,
        62,
    }
    | {126, 60, 423, 44, 453}
)
ENTRY_TAGS = frozenset({*INSTRUMENT_TAGS, *LEG_TAGS, 299, 555, 132, 133, 134, 135, 62, 60, 336, 64, 40, 15})
SET_TAGS = frozenset({*ENTRY_TAGS, 302, 304, 367, 893, 295, 311, 309, 305})


Checked = TypeVar("Checked")


class NotSpoken(ValueError):
    """The standard knows it, and the desk does not. ``name`` of the refusal; ``tag`` at fault."""

    def __init__(self, name: str, tag: int, text: str) -> None:
        super().__init__(text)
        self.name, self.tag = name, tag


def client_id(fields: Fields, tag: int) -> str:
    """Raises FieldMissing, FieldWrong."""
    text = fields.get(tag)
    if not 0 < len(text.encode()) <= CLIENT_ID_BYTES_MAX or not text.isprintable():
        raise FieldWrong(tag, text[:64])
    return text


def account_of(message: Message, fields: Fields, session: Session) -> int:
    """The account that is named, or the session's own. Raises FieldWrong where it is not one of the session's."""
    account = find_account(fields if 1 in fields else message, session)
    if account is None:
        raise FieldWrong(1, (fields if 1 in fields else message).get(1))
    return account


def read_request(message: Message, session: Session) -> RequestQuotes:
    """A taker asks. Raises FieldMissing, FieldWrong, NotSpoken."""
    request_id = client_id(message, 131)
    asked = message.groups(146, REQUEST_TAGS)
    if len(asked) != 1:
        raise NotSpoken("one_structure", 146, f"one structure a request: value {len(asked)}, bound 1")
    (one,) = asked
    makers = _makers(one)
    legs, hedge = _structure(one)
    command = CreateRfq(
        command_id=f"fix:{session.session_id}:R:{request_id}",
        account_id=account_of(message, one, session),
        legs=legs,
        hedge=hedge,
        quantity=values.plain(positive(one, 38)),
        side=values.word(one, 54, values.SIDES) if 54 in one else None,
        maker_firm_ids=makers,
        audience=Audience.CHOSEN if makers else Audience.ALL,
        is_taker_anonymous=message.find(1091) == "Y",
        life_seconds=_life_seconds(message, one),
        label=message.find(58)[:64],
    )
    return RequestQuotes(request_id=request_id, command=checked(command, 146))


def _structure(one: Fields) -> tuple[list[RfqLeg], RfqHedge | None]:
    """Legs that makers price, and the one that trades with them at a price of the taker's."""
    if 555 not in one:
        return [RfqLeg(instrument_name=one.get(55), side=Side.BUY)], None
    given = one.groups(555, LEG_TAGS)
    hedges = [leg for leg in given if leg.find(620).startswith(HEDGE)]
    legs = [leg for leg in given if leg not in hedges]
    if not 1 <= len(legs) <= RFQ_LEGS_MAX:
        raise FieldWrong(555, one.get(555))
    if len(hedges) > 1:
        raise NotSpoken("one_hedge", 620, f"a structure has one hedge leg: value {len(hedges)}, bound 1")
    quantity = positive(one, 38)
    read = [
        RfqLeg(instrument_name=leg.get(600), side=values.word(leg, 624, values.SIDES), ratio=ratio_of(leg, quantity))
        for leg in legs
    ]
    return read, _hedge(hedges[0], quantity) if hedges else None


def _hedge(leg: Fields, quantity: Decimal) -> RfqHedge:
    price = Fields(((620, leg.get(620).removeprefix(HEDGE)),))
    return RfqHedge(
        instrument_name=leg.get(600),
        side=values.word(leg, 624, values.SIDES),
        price=values.plain(positive(price, 620)),
        ratio=ratio_of(leg, quantity),
    )


def ratio_of(leg: Fields, quantity: Decimal) -> int:
    """LegRatioQty, or LegQty over OrderQty; 1 where neither is given."""
    tag = 623 if 623 in leg else 687
    if tag not in leg:
        return 1
    ratio = values.decimal(leg, tag) / (1 if tag == 623 else quantity)
    if ratio != ratio.to_integral_value() or not 1 <= ratio <= RFQ_RATIO_MAX:
        raise FieldWrong(tag, leg.get(tag))
    return int(ratio)


def _makers(one: Fields) -> list[int]:
    """Firms that are asked; none stand for every maker."""
    parties = [party for party in one.groups(453, PARTY_TAGS) if party.find(452) == LIQUIDITY_PROVIDER]
    if len(parties) > RFQ_MAKERS_MAX:
        raise FieldWrong(453, str(len(parties)))
    for party in parties:
        if not 0 < len(party.get(448)) <= 18 or not party.get(448).isdecimal():
            raise FieldWrong(448, party.get(448))
    return [int(party.get(448)) for party in parties]


def _life_seconds(message: Message, one: Fields) -> int:
    """From when the message came to its ExpireTime (126), or ValidUntilTime (62)."""
    tag = 126 if 126 in one else 62
    if tag not in one:
        return LIFE_SECONDS
    left = values.time_ns(one, tag) - message.received_at_ns
    return max(0, min(round(left / NANOSECONDS_PER_SECOND), 2**31 - 1))


def read_quote(message: Message, session: Session) -> SendQuote:
    """A maker quotes. Raises FieldMissing, FieldWrong, NotSpoken."""
    account = account_of(message, message, session)
    return SendQuote(quote=_quote(message, client_id(message, 117), _rfq_id(message, 131), account))


def _quote(fields: Fields, quote_id: str, rfq_id: int, account_id: int) -> FixQuote:
    if find_quote(quote_id) is not None:
        raise NotSpoken("reserved_id", 117, f"ids of this form name quotes as their takers read them: {quote_id}")
    priced = _priced(fields)
    sizes = {positive(fields, tag) for tag in (38, 134, 135) if tag in fields}
    if len(sizes) > 1:
        raise NotSpoken("one_quantity", 135, "a quote has one quantity for both sides")
    quote = FixQuote(
        quote_id=quote_id,
        rfq_id=rfq_id,
        bids=priced.get((PER_UNIT, 681), {}),
        asks=priced.get((PER_UNIT, 684), {}),
        bid_volatilities=priced.get((YIELD, 681), {}),
        ask_volatilities=priced.get((YIELD, 684), {}),
        quantity=values.plain(sizes.pop()) if sizes else None,
        condition=_condition(fields),
        valid_until_ns=values.time_ns(fields, 62) if 62 in fields else 0,
        account_id=account_id,
    )
    return checked(quote, 132)


def _priced(fields: Fields) -> dict[tuple[str, int], dict[str, str]]:
    """By what it is (686) and its side (681 bid, 684 offer), each leg's. Raises FieldMissing, FieldWrong."""
    found = dict[tuple[str, int], dict[str, str]]()
    for leg in fields.groups(555, LEG_TAGS):
        kind = _price_type(leg, 686)
        for tag in (681, 684):
            if tag in leg:
                found.setdefault((kind, tag), {})[leg.get(600)] = values.plain(values.decimal(leg, tag))
    if not found:
        kind = _price_type(fields, 423)
        for tag, side in ((132, 681), (133, 684)):
            if tag in fields:
                found[kind, side] = {"": values.plain(values.decimal(fields, tag))}
    if not found:
        raise FieldMissing(132)
    return found


def _price_type(fields: Fields, tag: int) -> str:
    kind = fields.find(tag, PER_UNIT)
    if kind not in (PER_UNIT, YIELD):
        raise FieldWrong(tag, kind)
    return kind


def _condition(message: Fields) -> QuoteCondition:
    qualifiers = {each.get(695) for each in message.groups(735, {695})}
    if qualifiers - {ALL_OR_NONE}:
        raise FieldWrong(695, min(qualifiers - {ALL_OR_NONE}))
    return QuoteCondition.ALL_OR_NONE if qualifiers else QuoteCondition.ANY_PART_OF


def read_mass_quote(message: Message, session: Session) -> SendQuotes:
    """A maker quotes many: QuoteEntryID (299) is the quote's, QuoteSetID (302) names the request. Raises as above."""
    account = account_of(message, message, session)
    entries = [
        MassEntry(set_id=one.get(302), quote=_quote(entry, client_id(entry, 299), _rfq_id(one, 302), account))
        for one in _sets(message)
        for entry in one.groups(295, ENTRY_TAGS)
    ]
    if not 1 <= len(entries) <= MASS_QUOTE_MAX:
        raise FieldWrong(295, str(len(entries)))
    return SendQuotes(mass_id=client_id(message, 117), entries=entries)


def _sets(message: Message) -> list[Fields]:
    return message.groups(296, SET_TAGS)


def read_decline(message: Message, session: Session) -> DeclineRequest:
    """A maker passes. Raises FieldMissing, FieldWrong."""
    rfq_id = _rfq_id(message, 131)
    reason = PASS_REASONS.get(message.get(658), PassReason.PASS)
    command_id = f"fix:{session.session_id}:AG:{rfq_id}:{message.received_at_ns}"
    return DeclineRequest(command=PassRfq(command_id=command_id, rfq_id=rfq_id, reason=reason))


def read_withdrawal(message: Message, session: Session) -> Withdraw:
    """Raises FieldMissing, FieldWrong."""
    kind = message.get(298)
    if kind not in CANCEL_TYPES:
        raise FieldWrong(298, kind)
    quote_id, request_id = message.find(117), message.find(131)
    if kind != CANCEL_ALL and not (quote_id or request_id):
        raise FieldMissing(117)
    return Withdraw(quote_id=quote_id, request_id=request_id, is_all=kind == CANCEL_ALL)


def read_status_request(message: Message, session: Session) -> AskStatus:
    """Raises FieldMissing, FieldWrong, NotSpoken."""
    if message.find(263, SNAPSHOT) != SNAPSHOT:
        raise NotSpoken("subscription_not_supported", 263, "states are told as they change")
    return AskStatus(
        status_request_id=client_id(message, 649) if 649 in message else "", quote_id=client_id(message, 117)
    )


def read_trade_request(message: Message, session: Session) -> AskTrades:
    """Raises FieldMissing, FieldWrong, NotSpoken."""
    kind = message.get(569)
    if kind not in (ALL_TRADES, MATCHING_TRADES):
        raise NotSpoken("trade_request_type", 569, "0 all trades, 1 those that match")
    if message.find(263, SNAPSHOT) != SNAPSHOT:
        raise NotSpoken("subscription_not_supported", 263, "trades are told as they happen")
    accounts = [account_of(message, message, session)] if 1 in message else list(session.account_ids)
    times = [values.time_ns(each, 60) for each in message.groups(580, {75, 60}) if 60 in each]
    execution = message.find(17)
    if execution and not (execution.isdecimal() and len(execution) <= 18):
        raise FieldWrong(17, execution)
    return AskTrades(
        request_id=client_id(message, 568),
        request_type=kind,
        account_ids=accounts,
        execution_id=int(execution or 0),
        after_ns=times[0] if times else 0,
        before_ns=times[1] if len(times) > 1 else 0,
    )


def _rfq_id(fields: Fields, tag: int) -> int:
    found = find_rfq_id(fields.get(tag))
    if found is None:
        raise FieldWrong(tag, fields.get(tag)[:64])
    return found


def positive(fields: Fields, tag: int) -> Decimal:
    value = values.decimal(fields, tag)
    if value <= 0 or not math.isfinite(value):
        raise FieldWrong(tag, fields.get(tag))
    return value


def checked(command: Checked, tag: int) -> Checked:
    """What the desk's own entrances would refuse to read is refused here, too. Raises FieldWrong."""
    try:
        msgspec.json.decode(msgspec.json.encode(command), type=type(command))
    except msgspec.ValidationError as error:
        raise FieldWrong(tag, str(error)[:200]) from error
    return command
