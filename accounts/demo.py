"""The demo's firms, users and keys."""

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path

from accounts import selectors, services
from accounts.models import Account, Desk, Firm, FirmKind, FixSession, FixVersion, Role, User
from common.actor import SYSTEM

PASSWORD = "parley-demo"  # noqa: S105 - printed in the README: a demo's password is no secret
ACCOUNT_NAME = "Main"
PAIRS_ACCOUNT_NAME = "Pairs"


@dataclasses.dataclass(frozen=True)
class DemoFirm:
    name: str
    kind: FirmKind
    desk: str
    users: tuple[tuple[str, Role], ...]
    other_accounts: tuple[str, ...] = ()

    @property
    def key_name(self) -> str:
        """First word of the firm's name, as its API key's file and its maker's process are called."""
        return self.name.split()[0].lower()


FIRMS = (
    DemoFirm("Aurora Capital", FirmKind.TAKER, "Vol", (("trader", Role.TRADER), ("trader2", Role.TRADER))),
    DemoFirm("Borealis Fund", FirmKind.TAKER, "Macro", (("taker2", Role.TRADER),), ("Carry",)),
    DemoFirm("Cobalt Markets", FirmKind.MAKER, "Options", (("maker1", Role.CLIENT),)),
    DemoFirm("Dune Liquidity", FirmKind.MAKER, "Options", (("maker2", Role.CLIENT),)),
    DemoFirm("Ember Trading", FirmKind.MAKER, "Volatility", (("maker3", Role.CLIENT),)),
    DemoFirm("Fjord Derivatives", FirmKind.MAKER, "Options", (("maker4", Role.CLIENT),)),
    DemoFirm("Garnet Options", FirmKind.MAKER, "Options", (("maker5", Role.CLIENT),)),
    DemoFirm("Parley House", FirmKind.HOUSE, "Operations", (("compliance", Role.COMPLIANCE), ("admin", Role.ADMIN))),
)


def lay_down(firm: DemoFirm, *, at: dt.datetime) -> Account | None:
    """Create what is missing of one firm; its account, where it trades."""
    row = selectors.find_firm(firm.name) or services.create_firm(name=firm.name, kind=firm.kind, actor=SYSTEM, at=at)
    services.name_legal_entity(firm=row, name=f"{firm.name} LLC", actor=SYSTEM, at=at)
    desk = Desk.objects.filter(firm=row, name=firm.desk).first()
    desk = desk or services.create_desk(firm=row, name=firm.desk, actor=SYSTEM, at=at)
    for username, role in firm.users:
        if not User.objects.filter(username=username).exists():
            services.create_user(
                username=username, password=PASSWORD, firm=row, desk=desk, role=role, actor=SYSTEM, at=at
            )
    if firm.kind == FirmKind.HOUSE:
        return None
    return _account(row, desk, ACCOUNT_NAME, at)


def lay_down_others(account: Account, firm: DemoFirm, *, at: dt.datetime) -> list[Account]:
    """Accounts of the firm beside its first one, created where they are missing, for requests that are shared out."""
    return [_account(account.firm, account.desk, name, at) for name in firm.other_accounts]


def lay_down_pairs(*, at: dt.datetime) -> tuple[Account, User]:
    """The account of the first firm's pairs, and whose they are."""
    user = User.objects.select_related("firm", "desk").get(username=FIRMS[0].users[0][0])
    assert user.firm is not None, "the demo's traders have a firm"
    assert user.desk is not None, "the demo's traders have a desk"
    return _account(user.firm, user.desk, PAIRS_ACCOUNT_NAME, at), user


def _account(firm: Firm, desk: Desk, name: str, at: dt.datetime) -> Account:
    found = Account.objects.filter(firm=firm, name=name).first()
    return found or services.create_account(desk=desk, name=name, actor=SYSTEM, at=at)


def get_admin() -> User:
    """Who sets controls in the demo, once its firms are laid down."""
    return User.objects.get(username="admin")


def write_key(firm: DemoFirm, folder: Path, *, at: dt.datetime) -> None:
    """A key for the firm's first user in ``<folder>/<firm>.json``, unless the one that lies there still works."""
    path = folder / f"{firm.key_name}.json"
    user = User.objects.get(username=firm.users[0][0])
    if _works(path, user):
        return
    key_id, secret = services.create_api_key(user=user, actor=SYSTEM, at=at)
    account = Account.objects.filter(firm=_firm_of(user), name=ACCOUNT_NAME).first()
    content = {
        "firm": firm.name,
        "firm_id": user.firm_id,
        "user": user.username,
        "account_id": account.pk if account else None,
        "token": f"{key_id}.{secret}",
    }
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)


def write_fix_sessions(firm: DemoFirm, folder: Path, *, at: dt.datetime) -> None:
    """Sessions of the firm's first user in ``<folder>/<firm>.fix.json``, unless they are there already."""
    path = folder / f"{firm.key_name}.fix.json"
    user = User.objects.select_related("firm").get(username=firm.users[0][0])
    if FixSession.objects.filter(user=user).exists() and path.exists():
        return
    account = Account.objects.get(firm=_firm_of(user), name=ACCOUNT_NAME)
    content = []
    for name, version, terms in _fix_sessions(firm):
        session = FixSession.objects.filter(name=name, version=version).first()
        if session is None:
            session, secret = services.create_fix_session(
                name=name, version=version, account=account, terms=terms, user=user, actor=SYSTEM, at=at
            )
        else:
            secret = services.renew_fix_secret(session=session, actor=SYSTEM, at=at)
        row = {"BeginString": version.value, "SenderCompID": name, "TargetCompID": "PARLEY", "Password": secret}
        content.append(row)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)


def _fix_sessions(firm: DemoFirm) -> list[tuple[str, FixVersion, services.FixTerms]]:
    """Every trading firm one of FIX 4.4; the first firm one of each version, and a drop copy."""
    name = firm.key_name.upper()
    trading = services.FixTerms(may_send_orders=True, may_see_market_data=True, may_negotiate=True)
    sessions = [(name, FixVersion.FIX44, trading)]
    if firm is FIRMS[0]:
        sessions += [(name, FixVersion.FIX42, trading), (name, FixVersion.FIX50SP2, trading)]
        sessions += [(f"{name}-DC", FixVersion.FIX44, services.FixTerms(gets_drop_copy=True))]
    return sessions


def _works(path: Path, user: User) -> bool:
    try:
        token = json.loads(path.read_text())["token"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return services.authenticate_api_key(token) == user


def _firm_of(user: User) -> Firm:
    assert user.firm is not None, "demo users have a firm"
    return user.firm
