from decimal import Decimal

import pytest

from settlement.domain.fees import fee_units
from wire.instruments import parse_instrument_name
from wire.units import Liquidity

TAKER, MAKER = Liquidity.TAKER, Liquidity.MAKER


@pytest.mark.parametrize(
    ("name", "price", "quantity", "liquidity", "reference", "fee"),
    [
        # 5 basis points of 1000 USD / 50000
        ("BTC-PERPETUAL", "50000", "100", TAKER, None, 1_000),
        ("BTC-PERPETUAL", "50000", "100", MAKER, None, 0),
        ("BTC_USDC-PERPETUAL", "50000", "2", TAKER, None, 50_000_000),
        # 0.0003 BTC a contract, or 12.5 % of the premium
        ("BTC-27MAR26-80000-C", "0.05", "10", TAKER, None, 300_000),
        ("BTC-27MAR26-80000-C", "0.05", "10", MAKER, None, 300_000),
        ("BTC-27MAR26-80000-C", "0.0001", "10", TAKER, None, 12_500),
        ("ETH_USDC-27MAR26-2000-P", "100", "1", TAKER, "2500", 750_000),
        ("ETH_USDC-27MAR26-2000-P", "100", "1", TAKER, None, 600_000),
        ("ETH_USDC-27MAR26-2000-P", "0.2", "1", TAKER, "2500", 25_000),
        ("BTC_USDC", "50000", "2", TAKER, None, 0),
    ],
)
def test_fee_of_a_fill(name, price, quantity, liquidity, reference, fee):
    found = fee_units(
        parse_instrument_name(name), price=Decimal(price), quantity=Decimal(quantity), liquidity=liquidity,
        reference_price=None if reference is None else Decimal(reference),
    )
    assert found == fee
