"""Frames of surfaces and of live risk, to Valkey; margin facts, to the firm's stream."""

from collections.abc import Sequence

import msgspec

from common import valkey
from risk.domain import MODEL_VERSION
from risk.domain.margin import AccountRisk, HoldingRisk, margin_used
from wire import transport
from wire.facts import RiskFrame
from wire.market import Surface

_encode = msgspec.json.Encoder().encode


def publish_surface(surface: Surface) -> None:
    """To whoever listens now, and to the hash for whoever comes later."""
    key, frame = f"surface.{surface.coin}", _encode(surface)
    pipeline = valkey.client().pipeline(transaction=False)
    pipeline.hset(transport.MARKET_LATEST, key, frame)
    pipeline.publish(transport.MARKET_CHANNEL, msgspec.msgpack.encode([[key, frame]]))
    pipeline.execute()


def publish_risk(frames: Sequence[RiskFrame]) -> None:
    batch = [[f"risk.account.{frame.account_id}", _encode(frame)] for frame in frames]
    if batch:
        valkey.client().publish(transport.RISK_CHANNEL, msgspec.msgpack.encode(batch))


def risk_frame(account_id: int, risk: AccountRisk, *, at_ns: int, market_time_ns: int) -> RiskFrame:
    return RiskFrame(
        account_id=account_id,
        at_ns=at_ns,
        market_time_ns=market_time_ns,
        equity=round(risk.equity, 2),
        cash=round(risk.cash, 2),
        unrealized=round(risk.unrealized, 2),
        initial_margin=round(risk.initial, 2),
        maintenance_margin=round(risk.maintenance, 2),
        margin_used=round(margin_used(risk.initial, risk.equity), 6),
        worst_scenario=risk.worst_scenario,
        greeks={
            coin: {
                "delta": round(greeks.delta, 8),
                "gamma": round(greeks.gamma, 10),
                "vega": round(greeks.vega, 4),
                "theta": round(greeks.theta, 4),
            }
            for coin, greeks in risk.greeks.items()
        },
        positions=[_position(row) for row in risk.holdings],
        is_stale=risk.is_stale,
        model_version=MODEL_VERSION,
    )


def _position(row: HoldingRisk) -> dict[str, float | str]:
    holding = row.holding
    return {
        "instrument_name": holding.terms.name,
        "coin": holding.terms.base_currency,
        "quantity": holding.quantity,
        "average_price": holding.entry_price,
        "mark_price": round(holding.mark.price, 8),
        "volatility": round(holding.mark.volatility, 6),
        "value": round(row.value, 2),
        "unrealized": round(row.unrealized, 2),
        "delta": round(row.greeks.delta, 8),
        "gamma": round(row.greeks.gamma, 10),
        "vega": round(row.greeks.vega, 4),
        "theta": round(row.greeks.theta, 4),
    }
