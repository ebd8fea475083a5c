"""Book, net, deliver and deposit. Every function is one unit of work, or part of the caller's."""

from settlement.services.booking import Elsewhere, book_fill
from settlement.services.deliveries import settle_delivery
from settlement.services.deposits import deposit
from settlement.services.fee_shares import pass_on_fees, pay_back_fees
from settlement.services.margining import begin_margin, resend_collateral
from settlement.services.netting import run_netting_cycle
from settlement.services.reversals import reverse_fill

__all__ = [
    "Elsewhere",
    "begin_margin",
    "book_fill",
    "deposit",
    "pass_on_fees",
    "pay_back_fees",
    "resend_collateral",
    "reverse_fill",
    "run_netting_cycle",
    "settle_delivery",
]
