"""What FIX 4.2, 4.4 and 5.0 SP2 say differently about orders: one table, read by everything that writes a message."""

import dataclasses

from gateway.fix.handler import Session

OTHER = 99
BROKER_OPTION_42 = 0
CANCEL_BROKER_OPTION_42 = 2
_REJECTS_42 = frozenset(range(9))
_REJECTS_44 = frozenset({*range(10), 11, 13, 15})
_REJECTS_50 = _REJECTS_44 | {16, 18, 19, 20, 25, 27}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Values of ExecType (150), OrdStatus (39), OrdRejReason (103), CxlRejReason (102), ExecRestatementReason (378).

    ``trade_partial`` and ``trade_full``: ExecType of a fill. ``replaced_status``: OrdStatus after a replacement of an
    order that has not traded; None says what the order is. ``has_transaction_type``: ExecTransType (20) is required.
    ``reject_other`` and ``cancel_other``: where the version has no word for a reason.
    """

    name: str
    trade_partial: str
    trade_full: str
    replaced_status: str | None
    has_transaction_type: bool
    status_type: str | None
    triggered_type: str
    rejects: frozenset[int]
    reject_other: int
    cancels: frozenset[int]
    cancel_other: int
    restated_other: int
    disconnected: int | None
    display_tag: int
    """MaxFloor or DisplayQty."""
    has_liquidity: bool
    has_copy_indicator: bool
    has_mass_report_id: bool

    def reject_reason(self, wanted: int) -> str:
        return str(wanted if wanted in self.rejects else self.reject_other)

    def cancel_reason(self, wanted: int) -> str:
        return str(wanted if wanted in self.cancels else self.cancel_other)


FIX42 = Dialect(
    name="FIX.4.2",
    trade_partial="1",
    trade_full="2",
    replaced_status="5",
    has_transaction_type=True,
    status_type=None,
    triggered_type="D",
    rejects=_REJECTS_42,
    reject_other=BROKER_OPTION_42,
    cancels=frozenset(range(4)),
    cancel_other=CANCEL_BROKER_OPTION_42,
    restated_other=4,
    disconnected=None,
    display_tag=111,
    has_liquidity=False,
    has_copy_indicator=False,
    has_mass_report_id=False,
)
FIX44 = dataclasses.replace(
    FIX42,
    name="FIX.4.4",
    trade_partial="F",
    trade_full="F",
    replaced_status=None,
    has_transaction_type=False,
    status_type="I",
    rejects=_REJECTS_44,
    reject_other=OTHER,
    cancels=frozenset({*range(7), OTHER}),
    cancel_other=OTHER,
    restated_other=OTHER,
    disconnected=7,
    has_liquidity=True,
    has_copy_indicator=True,
)
FIX50 = dataclasses.replace(
    FIX44,
    name="FIX.5.0SP2",
    triggered_type="L",
    rejects=_REJECTS_50,
    disconnected=12,
    display_tag=1138,
    has_mass_report_id=True,
)
_BY_VERSION = {"4": FIX42, "6": FIX44}


def dialect_of(session: Session) -> Dialect:
    return _BY_VERSION.get(session.application_version, FIX50)


def session_key(session: Session) -> str:
    """Whose orders they are, for ever: one client may have a session of each version under one name."""
    return f"{session.name} {dialect_of(session).name}"
