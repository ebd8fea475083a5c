"""What can be done with an RFQ. Each service is one transaction: load and lock, check, decide, write, publish.

Locks are taken in one order: the client's command, the RFQ; then, as the transaction ends, what all
transactions share. Checks that are slow (margin) are made before the lock; what decides is checked again under it.
"""

from rfq.services.agreements import agree_last_look, end_last_look, propose_last_look
from rfq.services.corrections import (
    correction_confirmed,
    correction_refused,
    correction_reserved,
    decide_correction,
    owns,
    request_correction,
)
from rfq.services.documents import produce_confirmation, produce_pack
from rfq.services.drafts import delete_draft, save_draft, send_draft
from rfq.services.executions import accept_quote, trade_rfq
from rfq.services.groups import delete_maker_group, save_maker_group
from rfq.services.last_looks import answer_last_look
from rfq.services.mass_quotes import cancel_all_of_firm, mass_quote
from rfq.services.outcomes import block_confirmed, block_refused, block_reserved, block_voided, command_refused
from rfq.services.quotes import cancel_quote, submit_quote
from rfq.services.requests import cancel_rfq, create_rfq
from rfq.services.sightings import take_due_sightings
from rfq.services.tape import publish_tape
from rfq.services.timers import expire_due
from rfq.services.triggers import cancel_trigger, fire_triggers, set_trigger
from rfq.services.withdrawals import cancel_all_quotes

__all__ = [
    "accept_quote",
    "agree_last_look",
    "answer_last_look",
    "block_confirmed",
    "block_refused",
    "block_reserved",
    "block_voided",
    "cancel_all_of_firm",
    "cancel_all_quotes",
    "cancel_quote",
    "cancel_rfq",
    "cancel_trigger",
    "command_refused",
    "correction_confirmed",
    "correction_refused",
    "correction_reserved",
    "create_rfq",
    "decide_correction",
    "delete_draft",
    "delete_maker_group",
    "end_last_look",
    "expire_due",
    "fire_triggers",
    "mass_quote",
    "owns",
    "produce_confirmation",
    "produce_pack",
    "propose_last_look",
    "publish_tape",
    "request_correction",
    "save_draft",
    "save_maker_group",
    "send_draft",
    "set_trigger",
    "submit_quote",
    "take_due_sightings",
    "trade_rfq",
]
