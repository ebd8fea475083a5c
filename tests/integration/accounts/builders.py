"""Firms and users as the services make them."""

from accounts import services
from accounts.models import Account, Firm, FirmKind, Role, User
from common import clock
from common.actor import SYSTEM

PASSWORD = "correct-horse-9"


def build_firm(name: str = "Aurora", kind: FirmKind = FirmKind.TAKER) -> Firm:
    return services.create_firm(name=name, kind=kind, actor=SYSTEM, at=clock.now())


def build_user(firm: Firm, username: str = "ada", role: Role = Role.TRADER) -> User:
    return services.create_user(
        username=username, password=PASSWORD, firm=firm, role=role, actor=SYSTEM, at=clock.now()
    )


def build_account(firm: Firm, name: str = "Main") -> Account:
    desk = services.create_desk(firm=firm, name=f"{name} desk", actor=SYSTEM, at=clock.now())
    return services.create_account(desk=desk, name=name, actor=SYSTEM, at=clock.now())
