"""Drafts and groups of makers, as the firm that keeps them may see them."""

from collections.abc import Iterable

import msgspec

from common import clock
from common.errors import NotFound
from rfq.domain.audience import alias_of
from rfq.models import MakerGroup, Quote, Rfq, RfqDraft, RfqInvitation
from wire.client import SaveDraft
from wire.facts import AllocationView, DraftView, MakerGroupView
from wire.limits import MAKER_GROUPS_MAX, RFQ_DRAFTS_MAX

_decode = msgspec.json.Decoder(SaveDraft).decode


def list_drafts(firm_id: int) -> list[DraftView]:
    """Newest first."""
    rows = RfqDraft.objects.filter(taker_firm_id=firm_id).order_by("-id")[:RFQ_DRAFTS_MAX]
    return [draft_view(row) for row in rows]


def list_maker_groups(firm_id: int) -> list[MakerGroupView]:
    """By name."""
    rows = MakerGroup.objects.filter(firm_id=firm_id).prefetch_related("members").order_by("name")
    return [group_view(row) for row in rows[:MAKER_GROUPS_MAX]]


def get_maker_group(firm_id: int, group_id: int) -> MakerGroupView:
    """Raises NotFound, also for a group of another firm."""
    row = MakerGroup.objects.prefetch_related("members").filter(firm_id=firm_id, id=group_id).first()
    if row is None:
        raise group_not_found(group_id)
    return group_view(row)


def maker_aliases(rfq_ids: Iterable[int]) -> dict[tuple[int, int], str]:
    """(RFQ, maker firm) -> what the taker calls it, for those of the RFQs in which makers are anonymous to it."""
    rows = RfqInvitation.objects.filter(rfq_id__in=list(rfq_ids), rfq__are_makers_anonymous=True)
    return {(row.rfq_id, row.maker_firm_id): alias_of(row.alias_number) for row in rows}


def group_not_found(group_id: int) -> NotFound:
    return NotFound("maker_group_not_found", "There is no such group of makers.", value=group_id)


def draft_not_found(rfq_id: int) -> NotFound:
    return NotFound("draft_not_found", "There is no such draft.", value=rfq_id)


def group_view(row: MakerGroup) -> MakerGroupView:
    members = sorted(member.maker_firm_id for member in row.members.all())
    return MakerGroupView(maker_group_id=row.pk, name=row.name, maker_firm_ids=members)


def draft_message(row: RfqDraft) -> SaveDraft:
    """What was saved."""
    return _decode(row.content)


def draft_view(row: RfqDraft) -> DraftView:
    said = draft_message(row)
    return DraftView(
        rfq_id=row.pk,
        structure=row.structure,
        quote_currency=row.quote_currency,
        updated_at_ns=clock.to_ns(row.updated_at),
        account_id=said.account_id,
        legs=said.legs,
        quantity=said.quantity,
        maker_firm_ids=said.maker_firm_ids,
        audience=said.audience,
        maker_group_id=said.maker_group_id,
        is_taker_anonymous=said.is_taker_anonymous,
        are_makers_anonymous=said.are_makers_anonymous,
        hedge=said.hedge,
        allocations=[AllocationView(account_id=one.account_id, quantity=one.quantity) for one in said.allocations],
        side=said.side,
        life_seconds=said.life_seconds,
        label=said.label,
    )


def takers_of(rfq_ids: Iterable[int]) -> dict[int, int]:
    """RFQ -> the firm that asked."""
    return dict(Rfq.objects.filter(id__in=list(rfq_ids)).values_list("id", "taker_firm_id"))


def versions_of_maker(firm_id: int, quote_ids: Iterable[int]) -> dict[int, int]:
    """Newest version of each of the quotes that are the firm's own."""
    rows = Quote.objects.filter(id__in=list(quote_ids), maker_firm_id=firm_id)
    return dict(rows.values_list("id", "version"))
