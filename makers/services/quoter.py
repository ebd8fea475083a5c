"""Set the auto-quoter, and keep what it reports."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from accounts import roles
from audit import services as audit
from common import db
from common.actor import Actor
from common.errors import Conflict, NotAllowed
from makers import selectors
from makers.domain import parameters as rules
from makers.models import Counterparty, Decision, Quoter
from rfq.selectors import audience
from rfq.services import commands
from streams import services as streams
from wire.client import KeepDecisions, ReportQuoter, SetQuoter
from wire.client_makers import CounterpartyReport
from wire.facts_makers import CounterpartyChanged, QuoterChanged
from wire.quoting import COUNTERPARTIES_MAX, QuoterView, QuotingParameters

if TYPE_CHECKING:
    from accounts.models import User

MARKOUT_HALF_SPREADS_MAX = 5
"""What one hit counts at most, either way: one jump of the market is no statistic."""


def set_quoter(*, user: User, actor: Actor, message: SetQuoter, at: dt.datetime) -> int:
    """New parameters of the firm's auto-quoter; returns their version."""
    firm_id = _check_maker(user)
    rules.check(message.parameters)
    return commands.once(
        user_id=user.id, message=message, entity="quoter", act=lambda: _set(user, firm_id, actor, message, at)
    )


def report_quoter(*, user: User, actor: Actor, message: ReportQuoter, at: dt.datetime) -> int:
    """What runs, and what it saw; returns the firm's id."""
    firm_id = _check_maker(user)
    return commands.once(
        user_id=user.id, message=message, entity="quoter", act=lambda: _report(firm_id, actor, message, at)
    )


def keep_decisions(*, user: User, actor: Actor, message: KeepDecisions, at: dt.datetime) -> int:
    """Why the firm's quotes are as they are; returns how many were new. Others' quotes refuse all of it."""
    firm_id = _check_maker(user)
    return commands.once(user_id=user.id, message=message, entity="decision", act=lambda: _keep(firm_id, message))


def lay_down_quoter(*, firm_id: int, parameters: QuotingParameters, actor: Actor, at: dt.datetime) -> None:
    """The first version, unless the firm has one."""
    rules.check(parameters)
    with db.unit_of_work():
        if not Quoter.objects.filter(firm_id=firm_id).exists():
            _write(None, firm_id, parameters, actor, at)


def _check_maker(user: User) -> int:
    if not roles.is_maker(user) or user.firm_id is None:
        raise NotAllowed("role", "Only makers have an auto-quoter.", value=user.role, bound="client")
    return user.firm_id


def _set(user: User, firm_id: int, actor: Actor, message: SetQuoter, at: dt.datetime) -> int:
    row = Quoter.objects.select_for_update(no_key=True).filter(firm_id=firm_id).first()
    version = row.version if row else 0
    if message.expected_version != version:
        raise Conflict(
            "quoter_version",
            "Somebody changed the parameters in between.",
            value=message.expected_version,
            bound=version,
        )
    return _write(row, firm_id, message.parameters, actor, at, command_id=message.command_id, user=user)


def _write(
    row: Quoter | None,
    firm_id: int,
    parameters: QuotingParameters,
    actor: Actor,
    at: dt.datetime,
    *,
    command_id: str = "",
    user: User | None = None,
) -> int:
    before = msgspec.convert(row.parameters, QuotingParameters) if row else None
    row = row or Quoter(firm_id=firm_id, version=0)
    row.version += 1
    row.parameters = msgspec.to_builtins(parameters)
    row.changed_at, row.changed_by = at, user
    row.save()
    names = rules.changed(before, parameters) if before else ["all"]
    audit.record(
        stream=f"firm:{firm_id}",
        action="quoter.set",
        entity=f"quoter:{firm_id}",
        actor=actor,
        at=at,
        before=rules.to_text(before) if before else None,
        after=rules.to_text(parameters) | {"version": row.version},
        command_id=command_id,
        reason=", ".join(names)[: audit.REASON_LENGTH_MAX],
    )
    streams.publish_fact(firm_id=firm_id, fact=QuoterChanged(quoter=_view(firm_id)))
    return row.version


def _view(firm_id: int) -> QuoterView:
    view = selectors.find_quoter(firm_id)
    assert view is not None, "the row was just written"
    return view


def _report(firm_id: int, actor: Actor, message: ReportQuoter, at: dt.datetime) -> int:
    row = Quoter.objects.select_for_update(no_key=True).filter(firm_id=firm_id).first()
    before = row.version_in_force if row else 0
    if row is not None and before != message.version_in_force:
        if message.version_in_force > row.version:
            raise Conflict(
                "quoter_version", "No such version was set.", value=message.version_in_force, bound=row.version
            )
        Quoter.objects.filter(firm_id=firm_id).update(version_in_force=message.version_in_force, in_force_at=at)
        streams.publish_fact(firm_id=firm_id, fact=QuoterChanged(quoter=_view(firm_id)))
    for report in message.counterparties:
        _write_counterparty(firm_id, report)
    audit.record(
        stream=f"firm:{firm_id}",
        action="quoter.reported",
        entity=f"quoter:{firm_id}",
        actor=actor,
        at=at,
        before={"version_in_force": before},
        after={
            "version_in_force": message.version_in_force,
            "counterparties": [
                {"taker_firm_id": one.taker_firm_id, "quotes": one.quotes, "hits": one.hits, "markouts": one.markouts}
                for one in message.counterparties
            ],
        },
        command_id=message.command_id,
    )
    return firm_id


def _write_counterparty(firm_id: int, report: CounterpartyReport) -> None:
    _check_counts(report)
    is_new = not Counterparty.objects.filter(firm_id=firm_id, taker_firm_id=report.taker_firm_id).exists()
    if is_new and Counterparty.objects.filter(firm_id=firm_id).count() >= COUNTERPARTIES_MAX:
        oldest = Counterparty.objects.filter(firm_id=firm_id).order_by("quotes", "id").values_list("id")[:1]
        Counterparty.objects.filter(id__in=oldest).delete()
    row, _ = Counterparty.objects.update_or_create(
        firm_id=firm_id,
        taker_firm_id=report.taker_firm_id,
        defaults={
            "taker_name": report.taker_name,
            "quotes": report.quotes,
            "hits": report.hits,
            "markouts": report.markouts,
            "markout_sum": report.markout_sum,
        },
    )
    view = selectors.counterparty_view(row)
    streams.publish_fact(firm_id=firm_id, fact=CounterpartyChanged(counterparty=view))


def _check_counts(report: CounterpartyReport) -> None:
    if not report.markouts <= report.hits <= report.quotes:
        raise Conflict(
            "counterparty_counts",
            "There are no more hits than quotes, and no more mark-outs than hits.",
            value=f"{report.quotes}, {report.hits}, {report.markouts}",
        )
    bound = MARKOUT_HALF_SPREADS_MAX * report.markouts
    if not abs(report.markout_sum) <= bound + 1e-6:
        raise Conflict(
            "counterparty_markout", "The mark-outs are out of bounds.", value=report.markout_sum, bound=bound
        )


def _keep(firm_id: int, message: KeepDecisions) -> int:
    versions = audience.versions_of_maker(firm_id, {kept.quote_id for kept in message.decisions})
    for kept in message.decisions:
        if not 1 <= kept.version <= versions.get(kept.quote_id, 0):
            raise Conflict(
                "quote_version",
                "The firm has no such version of such a quote.",
                value=f"{kept.quote_id} version {kept.version}",
                bound=versions.get(kept.quote_id, 0),
            )
    rows = [
        Decision(quote_id=kept.quote_id, version=kept.version, content=msgspec.to_builtins(kept.decision))
        for kept in message.decisions
    ]
    return len(Decision.objects.bulk_create(rows, ignore_conflicts=True))
