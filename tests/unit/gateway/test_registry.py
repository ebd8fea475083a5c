import numpy as np
import pytest

from gateway.registry import VALUE_FIXED_USD, VALUE_INDEX, VALUE_PRICE, Registry, coin_id


def test_ids_are_given_once_in_alphabetical_order_and_never_again() -> None:
    registry = Registry([(3, "BTC-PERPETUAL")], next_id=9)

    new = registry.list_new(["ETH-PERPETUAL", "BTC-PERPETUAL", "BTC_USDC"])

    assert [(c.instrument_id, c.name) for c in new] == [(9, "BTC_USDC"), (10, "ETH-PERPETUAL")]
    assert (registry.next_id, registry.list_new(["BTC_USDC"])) == (11, [])
    assert registry.ids(["ETH-PERPETUAL", "BTC-PERPETUAL"]).tolist() == [10, 3]


def test_prices_are_rounded_outward_to_the_tick() -> None:
    registry = Registry([(1, "BTC-27MAR26-80000-C"), (2, "BTC-PERPETUAL")])
    ids = np.array([1, 2])
    prices = np.array([[0.00331, 0.0033, 0.00004], [95_000.3, np.nan, 95_000.5]])

    assert registry.price_ticks(ids, prices, round_up=False).tolist() == [[33, 33, 0], [190_000, 0, 190_001]]
    assert registry.price_ticks(ids, prices, round_up=True).tolist() == [[34, 33, 1], [190_001, 0, 190_001]]
    assert registry.mark_ticks(ids, np.array([np.nan, 95_000.3])).tolist() == [-1, 190_001]


def test_quantities_are_whole_lots_and_at_least_one() -> None:
    registry = Registry([(1, "BTC-27MAR26-80000-C")])

    lots = registry.quantity_lots(np.array([1]), np.array([[12.34, 0.01, np.nan, 0.3]]))

    assert lots.tolist() == [[123, 1, 0, 3]]


@pytest.mark.parametrize(
    ("name", "value_kind", "lot_nanos", "tick_nanos"),
    [
        ("BTC-PERPETUAL", VALUE_FIXED_USD, 10 * 10**9, 5 * 10**8),
        ("ETH-27MAR26", VALUE_FIXED_USD, 10**9, 5 * 10**7),
        ("BTC-27MAR26-80000-C", VALUE_INDEX, 10**8, 10**5),
        ("BTC_USDC-PERPETUAL", VALUE_PRICE, 10**6, 5 * 10**8),
        ("ETH_USDC", VALUE_PRICE, 10**7, 5 * 10**7),
    ],
)
def test_contract_is_valued_by_its_kind(name: str, value_kind: int, lot_nanos: int, tick_nanos: int) -> None:
    contract = Registry([(1, name)]).get(1)

    assert (contract.value_kind, contract.lot_nanos, contract.tick_nanos) == (value_kind, lot_nanos, tick_nanos)


def test_texts_have_the_precision_of_the_contract() -> None:
    contract = Registry([(1, "BTC-27MAR26-80000-C")]).get(1)

    assert (contract.price_text(33), contract.quantity_text(123)) == ("0.0033", "12.3")
    assert (coin_id("BTC"), coin_id("")) == (0, -1)
