"""Quote responses (35=AJ): a taker trades, counters or withdraws; a maker answers a last look at its quote."""

from gateway.fix import values
from gateway.fix.handler import Session
from gateway.fix.message import FieldWrong, Message
from gateway.fix.rfq_messages import checked, client_id
from wire.client_quotes import AcceptQuote, SetTrigger, TradeRfq
from wire.fix_rfq import AnswerLook, Respond, find_quote
from wire.negotiation import LastLookReason

HIT, COUNTER, PASS, ACCEPT = "1", "2", "6", "11"
"""QuoteRespType (694). 5.0 has a word of its own for a maker that stands by its quote; 4.4 says hit."""
LOOK_REASONS = {reason.value: reason for reason in LastLookReason}
"""First word of Text (58) of a maker that takes its price back."""


def read_response(message: Message, session: Session) -> Respond | AnswerLook:
    """Whose response it is, the id of the quote says: a taker's are ours. Raises FieldMissing, FieldWrong."""
    quote = find_quote(message.get(117))
    if quote is None:
        return _read_look(message)
    kind, response_id = message.get(694), client_id(message, 693)
    if kind not in (HIT, COUNTER, PASS):
        raise FieldWrong(694, kind)
    return Respond(
        response_id=response_id,
        quote_id=message.get(117),
        client_order_id=client_id(message, 11) if 11 in message else response_id,
        rfq_id=quote[0],
        command=None if kind == PASS else _command(message, kind, f"fix:{session.session_id}:AJ:{response_id}", quote),
    )


def _command(
    message: Message, kind: str, command_id: str, quote: tuple[int, int, int]
) -> AcceptQuote | TradeRfq | SetTrigger:
    """One quote in its version, or the pool up to a price, or a limit that rests."""
    rfq_id, quote_id, version = quote
    side = values.word(message, 54, values.SIDES)
    if kind == HIT and 44 not in message:
        accept = AcceptQuote(command_id=command_id, rfq_id=rfq_id, quote_id=quote_id, version=version, side=side)
        return checked(accept, 117)
    limit = values.plain(values.decimal(message, 44))
    if kind == HIT:
        return checked(TradeRfq(command_id=command_id, rfq_id=rfq_id, side=side, limit_price=limit), 44)
    return checked(SetTrigger(command_id=command_id, rfq_id=rfq_id, side=side, limit_price=limit), 44)


def _read_look(message: Message) -> AnswerLook:
    kind = message.get(694)
    if kind not in (HIT, ACCEPT, PASS):
        raise FieldWrong(694, kind)
    reason = None
    if kind == PASS:
        word = message.get(58).partition(":")[0].strip()
        reason = LOOK_REASONS.get(word)
        if reason is None:
            raise FieldWrong(58, word[:64])
    return AnswerLook(response_id=client_id(message, 693), quote_id=client_id(message, 117), reason=reason)
