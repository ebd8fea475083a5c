"""What an account holds of coins, beside what our executions explain of it: positions of spot instruments."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from gateway.venues.execution import Execution

NOTHING = Decimal(0)


def coin_positions(
    balances: Mapping[str, Decimal], names: Sequence[str], executions: Iterable[Execution]
) -> list[tuple[str, Decimal]]:
    """(our name, quantity) of spot instruments: the coin's balance without the fees that were taken in it.

    Of several instruments with one coin the first gets what the others' executions do not explain.
    """
    held, traded = dict(balances), dict.fromkeys(names, NOTHING)
    for each in executions:
        if not each.is_busted:
            traded[each.name] = traded.get(each.name, NOTHING) + each.side.sign * each.quantity
            held[each.fee_currency] = held.get(each.fee_currency, NOTHING) + each.fee
    found = []
    for name in names:
        alike = [other for other in names if coin_of(other) == coin_of(name)]
        if name == alike[0]:
            others = sum((traded[other] for other in alike[1:]), NOTHING)
            found.append((name, held.get(coin_of(name), NOTHING) - others))
        else:
            found.append((name, traded[name]))
    return [each for each in found if each[1]]


def coin_of(name: str) -> str:
    return name.partition("_")[0]
