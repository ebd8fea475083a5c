"""Named groups of makers, which belong to the firm that asks them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import msgspec

from accounts import selectors as accounts_selectors
from audit import services as audit
from common.actor import Actor
from common.errors import Conflict, Refusal
from rfq.domain.audience import choose_makers
from rfq.models import MakerGroup, MakerGroupMember
from rfq.selectors.audience import get_maker_group, group_not_found
from rfq.services import commands
from rfq.services.requests import check_may_ask, lock_firm
from streams import services as streams
from wire.client import DeleteMakerGroup, SaveMakerGroup
from wire.facts import MakerGroupChanged, MakerGroupDeleted, MakerGroupView
from wire.limits import MAKER_GROUPS_MAX
from wire.units import Audience

if TYPE_CHECKING:
    from accounts.models import User


def save_maker_group(*, user: User, actor: Actor, message: SaveMakerGroup, at: dt.datetime) -> int:
    """Make a group, or change its name and members; returns its id."""
    check_may_ask(user)
    return commands.once(user_id=user.id, message=message, entity="group", act=lambda: _save(user, actor, message, at))


def delete_maker_group(*, user: User, actor: Actor, message: DeleteMakerGroup, at: dt.datetime) -> int:
    """Forget the group; returns its id. Drafts that name it are refused when they are sent."""
    check_may_ask(user)
    return commands.once(
        user_id=user.id, message=message, entity="group", act=lambda: _delete(user, actor, message, at)
    )


def _save(user: User, actor: Actor, message: SaveMakerGroup, at: dt.datetime) -> int:
    firm_id = _firm_of(user)
    lock_firm(firm_id)
    makers = choose_makers(
        Audience.CHOSEN,
        chosen=message.maker_firm_ids,
        group=None,
        eligible={firm.id for firm in accounts_selectors.maker_firms()},
        own_firm_id=firm_id,
    )
    before = None if message.maker_group_id is None else get_maker_group(firm_id, message.maker_group_id)
    name = _check_name(firm_id, message)
    group = _insert(firm_id, name) if before is None else MakerGroup.objects.get(id=before.maker_group_id)
    group.name = name
    group.save()
    MakerGroupMember.objects.filter(group=group).delete()
    MakerGroupMember.objects.bulk_create(MakerGroupMember(group=group, maker_firm_id=maker) for maker in makers)
    after = get_maker_group(firm_id, group.pk)
    streams.publish_fact(firm_id=firm_id, fact=MakerGroupChanged(maker_group=after))
    _record("maker_group.saved", actor, at, message.command_id, before, after)
    return group.pk


def _insert(firm_id: int, name: str) -> MakerGroup:
    kept = MakerGroup.objects.filter(firm_id=firm_id).count()
    if kept >= MAKER_GROUPS_MAX:
        raise Refusal("maker_group_count", "Too many groups are kept.", value=kept + 1, bound=MAKER_GROUPS_MAX)
    return MakerGroup(firm_id=firm_id, name=name)


def _check_name(firm_id: int, message: SaveMakerGroup) -> str:
    name = message.name.strip()
    if not name.isprintable():
        raise Refusal("group_name", "A name is one line of printable text.", value=len(name))
    same = MakerGroup.objects.filter(firm_id=firm_id, name=name).first()
    if same is not None and same.pk != message.maker_group_id:
        raise Conflict("group_name_taken", "Another group has this name.", value=name)
    return name


def _delete(user: User, actor: Actor, message: DeleteMakerGroup, at: dt.datetime) -> int:
    firm_id = _firm_of(user)
    lock_firm(firm_id)
    before = get_maker_group(firm_id, message.maker_group_id)
    deleted, _ = MakerGroup.objects.filter(firm_id=firm_id, id=message.maker_group_id).delete()
    if not deleted:
        raise group_not_found(message.maker_group_id)
    streams.publish_fact(firm_id=firm_id, fact=MakerGroupDeleted(maker_group_id=message.maker_group_id))
    _record("maker_group.deleted", actor, at, message.command_id, before, None)
    return message.maker_group_id


def _firm_of(user: User) -> int:
    assert user.firm_id is not None, "a trader has a firm"
    return user.firm_id


def _record(
    action: str,
    actor: Actor,
    at: dt.datetime,
    command_id: str,
    before: MakerGroupView | None,
    after: MakerGroupView | None,
) -> None:
    group = after or before
    assert group is not None, "a group was or is"
    audit.record(
        stream=f"firm:{actor.firm_id}",
        action=action,
        entity=f"maker_group:{group.maker_group_id}",
        actor=actor,
        at=at,
        before=_plain(before),
        after=_plain(after),
        command_id=command_id,
    )


def _plain(view: MakerGroupView | None) -> dict[str, Any] | None:
    return None if view is None else msgspec.to_builtins(view)
