"""What a person may do, by role. Which rows are theirs is decided by the selectors, by firm."""

from accounts.models import Role, User


def is_trader(user: User) -> bool:
    """Places orders and asks for quotes on the accounts of the firm."""
    return user.is_active and user.role == Role.TRADER and user.firm_id is not None


def is_maker(user: User) -> bool:
    """Answers RFQs, and may place orders, on the accounts of the firm."""
    return user.is_active and user.role == Role.CLIENT and user.firm_id is not None


def may_trade(user: User) -> bool:
    return is_trader(user) or is_maker(user)


def is_compliance(user: User) -> bool:
    """Reads everything, changes nothing but cases of its own."""
    return user.is_active and user.role == Role.COMPLIANCE


def is_admin(user: User) -> bool:
    """Sets limits and controls; never trades."""
    return user.is_active and user.role == Role.ADMIN


def sees_every_firm(user: User) -> bool:
    return is_compliance(user) or is_admin(user)
