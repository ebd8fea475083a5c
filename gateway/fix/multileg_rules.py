"""Multi-leg orders as the message reference lists them; ``gateway.fix.messages`` prints them with the others."""

from gateway.fix.message_rules import ACCOUNT, IN, LATER, OUT, TEXT, FieldRule, MessageRule

_F = FieldRule
_CLORDID = _F(11, "ClOrdID", "Y", "Unique per session, with those of other orders and of requests.")
_SIDE = _F(54, "Side", "Y", "1 buys the legs as they are written, 2 sells them: every leg turned.")
_LEGS = _F(
    555,
    "NoLegs",
    "Y",
    "2 to 8: 600 the instrument (or `[N/A]`, 602 and 603=8), 623 ratio in lowest terms (or 687 over 38; 1 without), "
    "624 side, 654 an id of your own.",
)
_LEGGING = (
    _F(
        848,
        "TargetStrategyParameters",
        "see text",
        "`name=value`, with `;` between: legging_limit, legging_timeout_s, legging_rule (complete, unwind), "
        "legging_slippage, quoting_leg.",
    ),
    _F(957, "NoStrategyParameters", "N", "FIX.5.0SP2: the same as 958, 959, 960."),
)
_PRICE = (
    _F(40, "OrdType", "Y", "2."),
    _F(44, "Price", "Y", "Net, of one unit, of either sign, on the grid of the legs' ticks. Selling takes no less."),
    _F(38, "OrderQty", "Y", "Units of the structure."),
)
_TIMES = (
    _F(59, "TimeInForce", "N", "0 day (ends 08:00 UTC; the default), 1 GTC, 3 IOC, 6 GTD; 4 is refused."),
    _F(126, "ExpireTime", "59=6 without 432", "UTC."),
    _F(60, "TransactTime", "Y", "UTC."),
)

MULTILEG_MESSAGES = (
    MessageRule(
        type="AB",
        name="NewOrderMultileg",
        direction=IN,
        grant="orders",
        versions=LATER,
        meaning="A structure at one net price, legged in our own books. It goes to the desk's log, synced; 35=8 "
        "(442=3, 150=A) answers once the desk has it.",
        fields=(
            _CLORDID,
            ACCOUNT,
            _SIDE,
            *_PRICE,
            _LEGS,
            *_LEGGING,
            *_TIMES,
            _F(563, "MultiLegRptTypeReq", "N", "Fills of: 0 the structure, 1 it and its legs (the default), 2 legs."),
        ),
    ),
    MessageRule(
        type="AC",
        name="MultilegOrderCancelReplaceRequest",
        direction=IN,
        grant="orders",
        versions=LATER,
        meaning="Another quantity (what was executed included), net price, time, or way of legging; what 59, 848 and "
        "957 leave out stays, legs and side always do. 35=8 with 150=5 answers, or 35=9.",
        fields=(
            _CLORDID,
            _F(41, "OrigClOrdID", "Y", "As of a cancel."),
            _F(37, "OrderID", "N", "`M` and the number of the parent order."),
            _SIDE,
            *_PRICE,
            _LEGS,
            *_LEGGING,
            *_TIMES,
        ),
    ),
    MessageRule(
        type="8",
        name="ExecutionReport",
        direction=OUT,
        grant="drop_copy or orders",
        versions=LATER,
        meaning="Of a multi-leg order: the structure (442=3) at its net price, or a fill of a leg (442=2).",
        fields=(
            _F(37, "OrderID", "Y", "`M` and the number of the parent order; NONE of one that was refused."),
            _F(17, "ExecID", "Y", "`M…-…` of the structure; of a leg `T…`, as in 35=AE. 0 of a status."),
            _F(150, "ExecType", "Y", "A, 0, F, 4, 5, 6, 8, 9 suspended, C, D, I."),
            _F(39, "OrdStatus", "Y", "A, 0, 1, 2, 4, 6, 8, 9, C; of a leg's fill the leg's: 1 or 2."),
            _F(11, "ClOrdID", "Y", "Of the order or of the request that this answers."),
            _F(41, "OrigClOrdID", "150=4, 5, 6 on request", "The ClOrdID before."),
            _F(55, "Symbol", "Y", "`[N/A]` with 167=MLEG; of a leg's fill the instrument."),
            _F(54, "Side", "Y", "Of the structure; of a leg's fill the side that traded."),
            _F(38, "OrderQty", "Y", "Units; of a leg's fill the leg's contracts. So 151, 14, 32."),
            _F(31, "LastPx", "150=F", "Net: the sum of 32 times 31 of all fills is 14 times 6; of a leg its price."),
            _F(6, "AvgPx", "Y", "Net: what the legs traded on average; of a leg its own."),
            _F(555, "NoLegs", "Y", "600, 623, 624, 654 of the legs; of a leg's fill of that leg."),
            _F(442, "MultiLegReportingType", "Y", "3 the structure, 2 a leg."),
            _F(378, "ExecRestatementReason", "150=D", "99; 58 says what: amended, resumed, or why legs stand alone."),
            TEXT,
        ),
    ),
)
