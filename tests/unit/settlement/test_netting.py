from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.domain.netting import net_obligations

TRANSFERS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 10**30)).filter(lambda row: row[0] != row[1]),
    max_size=60,
)


@pytest.mark.parametrize(
    ("transfers", "net"),
    [
        ([], {}),
        ([(1, 2, 5)], {1: -5, 2: 5}),
        ([(1, 9, 5), (9, 2, 5)], {1: -5, 2: 5}),
        ([(1, 9, 5), (9, 1, 5)], {}),
        ([(1, 9, 5), (9, 2, 3), (2, 9, 7)], {1: -5, 2: -4, 9: 9}),
    ],
)
def test_obligations_net(transfers, net):
    assert net_obligations(transfers) == net


@given(TRANSFERS)
def test_netting_keeps_every_balance_and_sums_to_zero(transfers):
    gross = defaultdict(int)
    for debit, credit, amount in transfers:
        gross[debit] -= amount
        gross[credit] += amount
    net = net_obligations(transfers)
    assert sum(net.values()) == 0
    assert all(net.get(account, 0) == balance for account, balance in gross.items())
    assert all(net.values())


@given(TRANSFERS, st.randoms())
def test_netting_does_not_depend_on_order(transfers, random):
    shuffled = list(transfers)
    random.shuffle(shuffled)
    assert net_obligations(shuffled) == net_obligations(transfers)
