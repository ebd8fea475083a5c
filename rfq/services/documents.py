"""Produce documents of RFQs; the hash of each is recorded in the audit chain, so that any copy can be proven later."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit import selectors as audit_selectors
from audit import services as audit
from common import db
from common.actor import Actor
from rfq.domain import confirmation_page, pack, pack_page, views
from rfq.selectors import confirmations, packs

if TYPE_CHECKING:
    from accounts.models import User

PRODUCED = "rfq.document_produced"
_PAGES = {pack_page.NAME: pack_page.to_html, confirmation_page.NAME: confirmation_page.to_html}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Document:
    """Two forms of the same content, and the SHA-256 of each."""

    name: str
    json: bytes
    html: bytes
    json_sha256: str
    html_sha256: str


def produce_pack(*, user: User, actor: Actor, rfq_id: int, at: dt.datetime) -> Document:
    """The best-execution pack of an RFQ that has ended. Raises what ``packs.build_pack`` raises."""
    content = packs.build_pack(user, rfq_id)
    stream = f"firm:{user.firm_id}" if content["reader"] == views.TAKER else "house"
    return _produce(f"best-execution-rfq-{rfq_id}", content, f"rfq:{rfq_id}", stream, actor, at)


def produce_confirmation(*, user: User, actor: Actor, trade_id: int, at: dt.datetime) -> Document:
    """The confirmation of a completed trade for one of its parties. Raises what ``confirmations.build`` raises."""
    content = confirmations.build(user, trade_id)
    stream = f"firm:{user.firm_id}" if user.firm_id and content["reader"] != views.COMPLIANCE else "house"
    return _produce(f"confirmation-trade-{trade_id}", content, f"trade:{trade_id}", stream, actor, at)


def to_document(name: str, content: Mapping[str, Any]) -> Document:
    """Both forms and their hashes."""
    as_json = pack.to_bytes(content)
    json_sha256 = pack.sha256_of(as_json)
    as_html = _PAGES[content["document"]](content, json_sha256)
    return Document(name=name, json=as_json, html=as_html, json_sha256=json_sha256, html_sha256=pack.sha256_of(as_html))


def _produce(
    name: str, content: Mapping[str, Any], entity: str, stream: str, actor: Actor, at: dt.datetime
) -> Document:
    """Recorded once: the same facts give the same bytes, which have their record already."""
    document = to_document(name, content)
    after = {
        "document": content["document"],
        "reader": content["reader"],
        "json_sha256": document.json_sha256,
        "html_sha256": document.html_sha256,
    }
    with db.unit_of_work():
        if not audit_selectors.list_with_content(action=PRODUCED, content=after, entity=entity):
            audit.record(stream=stream, action=PRODUCED, entity=entity, actor=actor, at=at, after=after)
    return document
