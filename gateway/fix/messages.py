"""The application messages that the gateway takes and sends; docs/fix/application-messages.md is made of this table.

``python -m gateway.fix.messages`` prints the page.
"""

import sys

from gateway.fix.message_rules import (
    ACCOUNT,
    ANY_GRANT,
    IN,
    LATER,
    OUT,
    TEXT,
    FieldRule,
    MessageRule,
    comes_back,
    of_request,
)
from gateway.fix.multileg_rules import MULTILEG_MESSAGES
from gateway.fix.rfq_rules import RFQ_MESSAGES
from gateway.fix.trade_rules import TRADE_MESSAGES

_F = FieldRule
_CLORDID = _F(
    11, "ClOrdID", "Y", "Unique per session, at most 36 bytes. A repeat of the same order gets the same answer."
)
_SYMBOL = _F(55, "Symbol", "Y", "Name of the instrument, as in the security list.")
_SIDE = _F(54, "Side", "Y", "1 buy, 2 sell.")
_TIME = _F(60, "TransactTime", "Y", "UTC.")
_ORDER_ID = _F(37, "OrderID", "N", "The gateway's id: the same in the terminal, in REST and in the audit trail.")
_ONE_SIDE = _F(54, "Side", "N", "Only this side.")
_STATUS = _F(39, "OrdStatus", "Y", "A, 0, 1, 2, 4, 8, C; in FIX 4.2 also 5.")

_TERMS = (
    _F(38, "OrderQty", "Y", "In contracts, on the lot grid."),
    _F(40, "OrdType", "Y", "1 market, 2 limit, 3 stop, 4 stop limit, P pegged."),
    _F(44, "Price", "40=2, 4", "On the tick grid; of a peg the limit, if there is one. Never with 40=1, 3."),
    _F(99, "StopPx", "40=3, 4", "Compared with the last trade."),
    _F(59, "TimeInForce", "N", "0 day (ends 08:00 UTC; the default), 1 GTC, 3 IOC, 4 FOK, 6 GTD."),
    _F(126, "ExpireTime", "59=6 without 432", "UTC."),
    _F(432, "ExpireDate", "59=6 without 126", "The end of that UTC day."),
    _F(18, "ExecInst", "N", "6 post-only, E reduce-only, M mid-price peg, R primary peg, 5 held."),
    _F(111, "MaxFloor", "N", "Iceberg: what is shown at a time (FIX 5.0: also 1138)."),
    _F(110, "MinQty", "N", "Of IOC: that much at once, or nothing."),
    _F(211, "PegOffsetValue", "N", "Added to the price that is pegged to."),
)

MESSAGES = (
    MessageRule(
        type="D",
        name="NewOrderSingle",
        direction=IN,
        grant="orders",
        meaning="A new order. It is journaled and synced before the risk gate sees it; 35=8 answers.",
        fields=(_CLORDID, ACCOUNT, _SYMBOL, _SIDE, *_TERMS, _TIME),
    ),
    MessageRule(
        type="F",
        name="OrderCancelRequest",
        direction=IN,
        grant="orders",
        meaning="Never throttled, never refused by a control. 35=8 with 150=4 answers (of a multi-leg order 150=6 "
        "first), or 35=9.",
        fields=(
            _CLORDID,
            _F(41, "OrigClOrdID", "without 37", "ClOrdID of the order, or of its last replacement."),
            _ORDER_ID,
            _SYMBOL,
            _SIDE,
            _TIME,
        ),
    ),
    MessageRule(
        type="G",
        name="OrderCancelReplaceRequest",
        direction=IN,
        grant="orders",
        meaning="Another quantity (what was executed included), another price, or both. Fewer at the same price keep "
        "their place in the queue; anything else passes the risk gate again. 35=8 with 150=5 answers, or 35=9.",
        fields=(
            _CLORDID,
            _F(41, "OrigClOrdID", "without 37", "As of a cancel."),
            _ORDER_ID,
            _SYMBOL,
            _SIDE,
            _F(38, "OrderQty", "Y", "The whole order."),
            _F(40, "OrdType", "Y", "The order's: it does not change."),
            _F(44, "Price", "40=2, 4", "On the tick grid."),
            _TIME,
        ),
    ),
    MessageRule(
        type="q",
        name="OrderMassCancelRequest",
        direction=IN,
        grant="orders",
        versions=LATER,
        meaning="Cancels the session's working orders; 35=r says how many, then each order reports for itself. "
        "Multi-leg orders are canceled with 530=7, or 530=1 and 55=`[N/A]`, and not counted.",
        fields=(
            _CLORDID,
            _F(530, "MassCancelRequestType", "Y", "1 of one instrument, 7 all."),
            _F(55, "Symbol", "530=1", "The instrument."),
            _ONE_SIDE,
            _TIME,
        ),
    ),
    MessageRule(
        type="r",
        name="OrderMassCancelReport",
        direction=OUT,
        grant="orders",
        versions=LATER,
        meaning="The answer to 35=q.",
        fields=(
            _F(37, "OrderID", "Y", "NONE."),
            of_request(11, "ClOrdID"),
            _F(1369, "MassActionReportID", "FIX.5.0SP2", "Unique."),
            of_request(530, "MassCancelRequestType"),
            _F(531, "MassCancelResponse", "Y", "0 rejected, else as 530."),
            _F(532, "MassCancelRejectReason", "531=0", "99."),
            _F(533, "TotalAffectedOrders", "531≠0", "Orders for which a cancel was asked."),
            TEXT,
        ),
    ),
    MessageRule(
        type="H",
        name="OrderStatusRequest",
        direction=IN,
        grant="orders",
        meaning="35=8 with the order as it stands (150=I; in FIX 4.2 with 20=3). Unknown: 39=8, 103=5.",
        fields=(
            _F(11, "ClOrdID", "Y", "Any ClOrdID of the order's chain."),
            _ORDER_ID,
            _SYMBOL,
            _SIDE,
            _F(790, "OrdStatusReqID", "N", "Comes back; not in FIX 4.2."),
        ),
    ),
    MessageRule(
        type="AF",
        name="OrderMassStatusRequest",
        direction=IN,
        grant="orders",
        versions=LATER,
        meaning="One 35=8 for each working order of the session, at most the 5,000 newest; 912=Y on the last. With "
        "167=MLEG of its multi-leg orders instead, at most the 1,000 newest.",
        fields=(
            comes_back(584, "MassStatusReqID"),
            _F(585, "MassStatusReqType", "Y", "1 of one instrument, 7 all."),
            _F(55, "Symbol", "585=1", "The instrument."),
            _ONE_SIDE,
        ),
    ),
    MessageRule(
        type="8",
        name="ExecutionReport",
        direction=OUT,
        grant="drop_copy or orders",
        meaning="What became of an order. Leaves only after its cause is on disk; resent after a restart where it was "
        "not sent before, never twice under another ExecID.",
        fields=(
            _F(37, "OrderID", "Y", "The gateway's id; NONE of an order that was never entered."),
            _F(
                17,
                "ExecID",
                "Y",
                "Journal sequence and index of the event: unique for ever. 0 of a status, R… of an "
                "order that was never entered.",
            ),
            _F(20, "ExecTransType", "FIX.4.2", "0 new, 3 status."),
            _F(
                150,
                "ExecType",
                "Y",
                "0 new, F trade (4.2: 1, 2), 4 canceled, 5 replaced, 8 rejected, C expired, D restated, "
                "L triggered (before 5.0: D), I status.",
            ),
            _STATUS,
            _F(
                11,
                "ClOrdID",
                "N",
                "Of the order or of the request that this answers; none of an order of the terminal.",
            ),
            _F(41, "OrigClOrdID", "150=4, 5 on request", "The ClOrdID before."),
            _F(797, "CopyMsgIndicator", "drop copy", "Y; not in FIX 4.2."),
            ACCOUNT,
            _SYMBOL,
            _SIDE,
            _F(38, "OrderQty", "Y", "As it is now."),
            _F(32, "LastQty", "150=F", "Of this fill."),
            _F(31, "LastPx", "150=F", "Of this fill."),
            _F(851, "LastLiquidityInd", "150=F", "1 maker, 2 taker; not in FIX 4.2."),
            _F(151, "LeavesQty", "Y", "0 once the order has ended."),
            _F(14, "CumQty", "Y", "Executed so far."),
            _F(6, "AvgPx", "Y", "Of what was executed; 0 before."),
            _F(103, "OrdRejReason", "39=8", "Text names the control."),
            _F(
                378,
                "ExecRestatementReason",
                "150=D",
                "5 cut by the engine, 99 other (4.2: 4); with 150=4 12 on disconnect (4.4: 7).",
            ),
            TEXT,
            _F(60, "TransactTime", "Y", "When the engine took its cause."),
        ),
    ),
    MessageRule(
        type="9",
        name="OrderCancelReject",
        direction=OUT,
        grant="orders",
        meaning="A cancel or a replacement that did not happen; the order is as it was.",
        fields=(
            _F(37, "OrderID", "Y", "NONE where the order is not known."),
            of_request(11, "ClOrdID"),
            _F(41, "OrigClOrdID", "Y", "Of the order."),
            _STATUS,
            _F(434, "CxlRejResponseTo", "Y", "1 cancel, 2 replacement."),
            _F(102, "CxlRejReason", "Y", "0 too late, 1 unknown order, 6 ClOrdID used before, 99 other (4.2: 2)."),
            TEXT,
        ),
    ),
    MessageRule(
        type="V",
        name="MarketDataRequest",
        direction=IN,
        grant="market_data",
        meaning="Books and last trades, at most 500 instruments a session, changes told ten times a second.",
        fields=(
            _F(262, "MDReqID", "Y", "Unique while it is subscribed."),
            _F(263, "SubscriptionRequestType", "Y", "0 snapshot, 1 snapshot and updates, 2 end."),
            _F(264, "MarketDepth", "Y", "0 full (50 levels), else levels a side."),
            _F(265, "MDUpdateType", "N", "0 full refresh (W; the default), 1 incremental (X)."),
            _F(267, "NoMDEntryTypes", "Y", "269: 0 bid, 1 offer, 2 trade."),
            _F(146, "NoRelatedSym", "Y", "55 of each instrument."),
        ),
    ),
    MessageRule(
        type="W",
        name="MarketDataSnapshotFullRefresh",
        direction=OUT,
        grant="market_data",
        meaning="The whole book as it is.",
        fields=(
            of_request(262, "MDReqID"),
            _SYMBOL,
            _F(268, "NoMDEntries", "Y", "269, 270, 271 of each level, best first."),
        ),
    ),
    MessageRule(
        type="X",
        name="MarketDataIncrementalRefresh",
        direction=OUT,
        grant="market_data",
        meaning="What changed; deletions come first.",
        fields=(
            of_request(262, "MDReqID"),
            _F(268, "NoMDEntries", "Y", "279 (0 new, 1 changed, 2 deleted), 269, 55, 270, 271."),
        ),
    ),
    MessageRule(
        type="Y",
        name="MarketDataRequestReject",
        direction=OUT,
        grant="market_data",
        meaning="A request that is not answered.",
        fields=(
            of_request(262, "MDReqID"),
            _F(
                281,
                "MDReqRejReason",
                "Y",
                "0 symbol, 1 id, 3 too many, 4 request type, 5 depth, 6 update type, 8 entry type.",
            ),
            TEXT,
        ),
    ),
    MessageRule(
        type="x",
        name="SecurityListRequest",
        direction=IN,
        grant=ANY_GRANT,
        versions=LATER,
        meaning="Answered by 35=y, 200 instruments a message.",
        fields=(
            comes_back(320, "SecurityReqID"),
            _F(559, "SecurityListRequestType", "Y", "0 one symbol, 4 all."),
            _F(55, "Symbol", "559=0", "The instrument."),
        ),
    ),
    MessageRule(
        type="y",
        name="SecurityList",
        direction=OUT,
        grant=ANY_GRANT,
        versions=LATER,
        meaning="What is listed here.",
        fields=(
            of_request(320, "SecurityReqID"),
            _F(560, "SecurityRequestResult", "Y", "0 valid, 2 none found."),
            _F(393, "TotNoRelatedSym", "Y", "In all messages."),
            _F(893, "LastFragment", "Y", "Y on the last."),
            _F(146, "NoRelatedSym", "N", "55, 461, 167, 541, 202, 231, 969 (5.0), 15, 561 of each instrument."),
        ),
    ),
    MessageRule(
        type="AN",
        name="RequestForPositions",
        direction=IN,
        grant="drop_copy or orders",
        versions=LATER,
        meaning="Positions of an account, as the risk gate counts them.",
        fields=(
            comes_back(710, "PosReqID"),
            _F(724, "PosReqType", "Y", "0."),
            ACCOUNT,
            _F(715, "ClearingBusinessDate", "Y", "Not looked at: it is always now."),
            _TIME,
        ),
    ),
    MessageRule(
        type="AP",
        name="PositionReport",
        direction=OUT,
        grant="drop_copy or orders",
        versions=LATER,
        meaning="One for each position, or one with 728=2 where there is none.",
        fields=(
            _F(721, "PosMaintRptID", "Y", "Unique."),
            of_request(710, "PosReqID"),
            _F(727, "TotalNumPosReports", "Y", "0 where there is none."),
            _F(728, "PosReqResult", "Y", "0 valid, 2 none found."),
            ACCOUNT,
            _F(55, "Symbol", "728=0", "The instrument."),
            _F(730, "SettlPrice", "Y", "The mark, 0 where there is none; 731=2."),
            _F(702, "NoPositions", "Y", "703=TOT with 704 long or 705 short."),
        ),
    ),
    *MULTILEG_MESSAGES,
    *RFQ_MESSAGES,
    *TRADE_MESSAGES,
)


def page() -> str:
    """The Markdown of docs/fix/application-messages.md."""
    parts = ["# FIX application messages\n\nGenerated by `python -m gateway.fix.messages`; do not edit.\n"]
    return "\n".join([*parts, *(_section(message) for message in MESSAGES)])


def _section(message: MessageRule) -> str:
    way = "to Parley" if message.direction == IN else "from Parley"
    versions = "" if len(message.versions) > len(LATER) else f", {' and '.join(message.versions)}"
    rows = [f"| {rule.tag} | {rule.name} | {rule.required} | {rule.meaning} |" for rule in message.fields]
    table = "\n".join(["| tag | name | required | meaning |", "| --- | --- | --- | --- |", *rows])
    title = f"## {message.name} (35={message.type})"
    return f"{title}\n\n{way}, grant {message.grant}{versions}: {message.meaning}\n\n{table}\n"


if __name__ == "__main__":
    sys.stdout.write(page())
