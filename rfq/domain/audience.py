"""Who is asked, and what a maker is called by a taker to whom makers are anonymous."""

import random
from collections.abc import Collection, Sequence

from common.errors import NotFound, Refusal
from wire.limits import RFQ_ANONYMOUS_MAKERS_MIN, RFQ_MAKERS_MAX
from wire.units import Audience

ANONYMOUS_TAKER = "Anonymous"


def choose_makers(
    audience: Audience,
    *,
    chosen: Sequence[int],
    group: Sequence[int] | None,
    eligible: Collection[int],
    own_firm_id: int,
) -> list[int]:
    """Firm ids of the makers asked, in the order of their ids. group: members of the group that was named, if one was.

    Of a group or of all, those who may not be asked are left out; a maker that is named must be one.
    """
    if (bool(chosen) and audience is not Audience.CHOSEN) or (audience is Audience.GROUP) != (group is not None):
        raise Refusal(
            "audience", "Name the makers, or one group, or ask all.", value=audience.value, bound=", ".join(Audience)
        )
    others = set(eligible) - {own_firm_id}
    if audience is Audience.CHOSEN:
        makers = _check_chosen(chosen, others, own_firm_id)
    else:
        makers = sorted(others if group is None else others & set(group))
    if not 1 <= len(makers) <= RFQ_MAKERS_MAX:
        raise Refusal("maker_count", "Ask at least one maker.", value=len(makers), bound=f"1 to {RFQ_MAKERS_MAX}")
    return makers


def check_anonymous(maker_count: int, *, is_taker_anonymous: bool) -> None:
    """Among few makers an anonymous taker would be guessed."""
    if is_taker_anonymous and maker_count < RFQ_ANONYMOUS_MAKERS_MIN:
        raise Refusal(
            "anonymous_makers",
            "An anonymous request asks more makers.",
            value=maker_count,
            bound=RFQ_ANONYMOUS_MAKERS_MIN,
        )


def draw_aliases(count: int, lots: random.Random) -> list[int]:
    """Numbers from 1, one for each maker, in an order that nothing but the lots decides."""
    return lots.sample(range(1, count + 1), count)


def alias_of(number: int) -> str:
    return f"Maker {number}"


def _check_chosen(chosen: Sequence[int], others: Collection[int], own_firm_id: int) -> list[int]:
    repeated = next((firm_id for index, firm_id in enumerate(chosen) if firm_id in chosen[:index]), None)
    if repeated is not None:
        raise Refusal("duplicate_maker", "A maker is asked once.", value=repeated)
    for firm_id in chosen:
        if firm_id == own_firm_id:
            raise Refusal("own_firm", "A firm does not trade with itself.", value=own_firm_id)
        if firm_id not in others:
            raise NotFound("unknown_maker", "There is no such maker.", value=firm_id)
    return sorted(chosen)
