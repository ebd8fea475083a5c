"""Trade capture as the message reference lists it; ``gateway.fix.messages`` prints it with the others."""

from gateway.fix.message_rules import IN, LATER, OUT, TEXT, FieldRule, MessageRule, comes_back, of_request
from gateway.fix.rfq_rules import SYMBOL

_F = FieldRule
_TRADES = "drop_copy, orders or rfq"

TRADE_MESSAGES = (
    MessageRule(
        type="AD",
        name="TradeCaptureReportRequest",
        direction=IN,
        grant=_TRADES,
        versions=LATER,
        meaning="Executions of the session's accounts, of orders and of RFQs. 35=AQ answers, then each as 35=AE.",
        fields=(
            comes_back(568, "TradeRequestID"),
            _F(569, "TradeRequestType", "Y", "0 all, 1 those that match."),
            _F(1, "Account", "N", "One of the session's accounts; all without."),
            _F(17, "ExecID", "N", "The number of an execution."),
            _F(580, "NoDates", "N", "60: from the first, to before the second."),
            _F(263, "SubscriptionRequestType", "N", "0: trades of RFQs are told as they happen anyway."),
        ),
    ),
    MessageRule(
        type="AQ",
        name="TradeCaptureReportRequestAck",
        direction=OUT,
        grant=_TRADES,
        versions=LATER,
        meaning="Whether trades follow.",
        fields=(
            of_request(568, "TradeRequestID"),
            _F(748, "TotNumTradeReports", "Y", "How many follow."),
            _F(749, "TradeRequestResult", "Y", "0, or 99 with a text."),
            _F(750, "TradeRequestStatus", "Y", "0 accepted, 1 completed (there is none), 2 rejected."),
            TEXT,
        ),
    ),
    MessageRule(
        type="AE",
        name="TradeCaptureReport",
        direction=OUT,
        grant=_TRADES,
        versions=LATER,
        meaning="An execution: of an RFQ's leg beside its 35=8, or in answer to 35=AD (568, 748; 912=Y on the last).",
        fields=(
            _F(571, "TradeReportID", "Y", "The execution and the side: unique for ever."),
            _F(487, "TradeReportTransType", "Y", "0 new, 1 takes back the one in 572."),
            _F(820, "TradeLinkID", "of an RFQ", "`R` and the RFQ's number: the same for all its legs."),
            SYMBOL,
            _F(32, "LastQty", "Y", "Contracts."),
            _F(31, "LastPx", "Y", "In the leg's own convention."),
            _F(442, "MultiLegReportingType", "Y", "2 a leg of a structure, 1 alone."),
            _F(552, "NoSides", "Y", "1: 54, 37, 11, 1; 136 with the fee (137, 138)."),
        ),
    ),
    MessageRule(
        type="AR",
        name="TradeCaptureReportAck",
        direction=IN,
        grant=_TRADES,
        versions=LATER,
        meaning="Taken note of: nothing waits for it.",
        fields=(_F(571, "TradeReportID", "Y", "Of the report."),),
    ),
)
