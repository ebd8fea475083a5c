"""What the control port answers: an action of ``faults``, or a question about what the venue knows."""

from typing import Annotated, Any, Protocol

import msgspec
from msgspec import Meta

from venues.equities.accounts import Account, describe
from venues.equities.exchange import Exchange
from venues.equities.faults import AnyAction, Faults
from venues.equities.order_server import OrderServer

ORDERS_MAX = 10_000
"""Orders in one answer, by default."""


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="what", forbid_unknown_fields=True):
    pass


class AskAccount(Question, tag="account"):
    """``first``: how many of the account's orders are left out at the beginning."""

    user: str
    first: Annotated[int, Meta(ge=0)] = 0
    orders_max: Annotated[int, Meta(ge=0)] = ORDERS_MAX


class AskSession(Question, tag="session"):
    pass


class AskSymbols(Question, tag="symbols"):
    pass


class AskBook(Question, tag="book"):
    symbol: str


class VenueState(Protocol):
    """What is asked about."""

    accounts: dict[str, Account]
    exchange: Exchange
    order_server: OrderServer

    def describe_session(self) -> dict[str, Any]: ...


class UnknownName(ValueError):
    """The venue has no such user or symbol."""


class Control:
    """Answers {"ok": true, …} or {"error": sentence}."""

    def __init__(self, state: VenueState, faults: Faults) -> None:
        self._state = state
        self._faults = faults

    def answer(self, line: bytes) -> bytes:
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
            if "what" in asked:
                question = msgspec.convert(asked, AskAccount | AskSession | AskSymbols | AskBook)
                return msgspec.json.encode({"ok": True, **self._tell(question)})
            self._faults.plan(msgspec.convert(asked, AnyAction))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
            return msgspec.json.encode({"error": str(error)})
        return msgspec.json.encode({"ok": True, "fired": self._faults.fired})

    def _tell(self, question: Question) -> dict[str, Any]:
        match question:
            case AskAccount():
                return self._account(question)
            case AskBook():
                return self._book(question.symbol)
            case AskSymbols():
                return {"symbols": [self._symbol(name) for name in self._state.exchange.symbols]}
            case _:
                return self._state.describe_session()

    def _account(self, question: AskAccount) -> dict[str, Any]:
        account = self._state.accounts.get(question.user.upper())
        if account is None:
            raise UnknownName(f"no user {question.user!r}")
        orders = account.records[question.first : question.first + question.orders_max]
        return {
            "user": account.user,
            "session": account.session,
            "is_open": self._state.order_server.is_open(account.user),
            "next_reference": account.next_reference,
            "messages": len(account.events),
            "positions": account.positions(),
            "orders_total": len(account.records),
            "orders": [describe(order) for order in orders],
        }

    def _symbol(self, name: str) -> dict[str, Any]:
        exchange = self._state.exchange
        symbol = exchange.symbols[name]
        book = exchange.books[symbol.locate]
        return {
            "symbol": name,
            "locate": symbol.locate,
            "sector": symbol.sector,
            "beta": symbol.beta,
            "bid_e4": book.bids.find_best(),
            "ask_e4": book.asks.find_best(),
            "is_halted": symbol.locate in exchange.halted,
        }

    def _book(self, name: str) -> dict[str, Any]:
        if name not in self._state.exchange.symbols:
            raise UnknownName(f"no symbol {name!r}")
        book = self._state.exchange.books[self._state.exchange.symbols[name].locate]
        return {**self._symbol(name), "bids": book.depth(is_buy=True), "asks": book.depth(is_buy=False)}
