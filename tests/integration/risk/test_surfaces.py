import msgspec
import numpy as np
import pytest

from common import clock, valkey
from risk import selectors, services, tasks
from risk.domain import MODEL_VERSION
from risk.models import SurfaceSliceRow
from tests.integration.risk import world
from wire import transport
from wire.market import Surface

pytestmark = pytest.mark.django_db


def fit(coin="BTC"):
    return services.fit_surface(coin=coin, at=clock.now())


def test_fit_finds_the_surface_behind_the_quotes():
    world.play()
    surface = fit()
    assert [one.underlying_name for one in surface.slices] == list(world.SURFACE)
    for one in surface.slices:
        assert (one.is_stale, one.stale_reason, one.share_inside) == (False, "", 1.0)
        k = np.log(np.array(world.STRIKES[1:-1]) / one.forward_price)
        a, b, rho, m, sigma = world.SURFACE[one.underlying_name]
        expected = a + b * (rho * (k - m) + np.sqrt((k - m) ** 2 + sigma**2))
        found = one.a + one.b * (one.rho * (k - one.m) + np.sqrt((k - one.m) ** 2 + one.sigma**2))
        np.testing.assert_allclose(np.sqrt(found), np.sqrt(expected), rtol=0.05)


def test_surface_is_published_stored_and_read_back():
    world.play()
    with valkey.client().pubsub() as listener:
        listener.subscribe(transport.MARKET_CHANNEL)
        assert listener.get_message(timeout=60)["type"] == "subscribe"
        surface = fit()
        message = listener.get_message(timeout=60)
    ((key, frame),) = msgspec.msgpack.decode(message["data"])
    assert (key, msgspec.json.decode(frame, type=Surface)) == ("surface.BTC", surface)
    assert selectors.surface("BTC") == surface
    assert surface.model_version == MODEL_VERSION
    assert SurfaceSliceRow.objects.count() == 3
    valkey.client().hdel(transport.MARKET_LATEST, "surface.BTC")
    stored = selectors.surface("BTC")
    assert [(one.underlying_name, one.a, one.is_stale) for one in stored.slices] == [
        (one.underlying_name, one.a, True) for one in surface.slices
    ]


def test_expiry_without_quotes_keeps_its_last_good_slice_as_stale():
    world.play()
    before = fit()
    silent = [name for name in world.chain_names() if "27MAR26" in name]
    frames = [world.ticker_of(name, at_ns=clock.now_ns(), bid_price=None, ask_price=None) for name in silent]
    client = valkey.client()
    client.hset(transport.MARKET_LATEST, mapping={f"ticker.{f.instrument_name}": msgspec.json.encode(f) for f in frames})
    after = fit()
    kept = after.slices[1]
    assert (kept.underlying_name, kept.is_stale, kept.stale_reason) == ("BTC-27MAR26", True, "0 quotes")
    assert (kept.a, kept.b, kept.fitted_at_ns) == (before.slices[1].a, before.slices[1].b, before.slices[1].fitted_at_ns)
    assert [one.is_stale for one in after.slices] == [False, True, False]


def test_old_quotes_are_not_fitted():
    world.play()
    before = fit()
    raw = valkey.client().hget(transport.MARKET_LATEST, "surface.BTC")
    world.play(at_ns=clock.now_ns() - world.OLD_NS)
    valkey.client().hset(transport.MARKET_LATEST, "surface.BTC", raw)
    after = fit()
    assert {(one.is_stale, one.stale_reason) for one in after.slices} == {(True, "no fresh quotes")}
    assert [one.a for one in after.slices] == [one.a for one in before.slices]


def test_expired_expiry_leaves_the_surface():
    world.play()
    fit()
    later = world.builders.FEBRUARY + 20 * 86_400 * 10**9
    raw = valkey.client().hget(transport.MARKET_LATEST, "surface.BTC")
    names = [name for name in world.chain_names() if "13FEB26" not in name]
    at_ns = clock.now_ns()
    world.publish(
        *(world.ticker_of(name, at_ns=at_ns, market_time_ns=later) for name in names), market_time_ns=later
    )
    valkey.client().hset(transport.MARKET_LATEST, "surface.BTC", raw)
    assert [one.underlying_name for one in fit().slices] == ["BTC-27MAR26", "BTC-26JUN26"]
    assert SurfaceSliceRow.objects.count() == 2


def test_no_market_no_surface():
    world.publish(coins=())
    assert fit() is None
    world.publish()
    assert fit() is None
    assert selectors.surface("BTC") is None


def test_task_fits_every_coin_with_quotes_and_runs_alone():
    world.play()
    assert tasks.fit_surfaces(unknown="tolerated") == 3
    valkey.client().set("risk.fit_surfaces.running", "1", px=60_000)
    assert tasks.fit_surfaces() == 0
    valkey.client().delete("risk.fit_surfaces.running")


def test_model_value_of_a_straddle_is_the_surface_s():
    world.play()
    fit()
    names = ["BTC-27MAR26-80000-C", "BTC-27MAR26-80000-P", "BTC-PERPETUAL"]
    value = services.model_value([(names[0], 1), (names[1], 1), (names[2], -8000)])
    marks = [world.ticker_of(name, at_ns=0).mark_price for name in names]
    assert value.net == pytest.approx(marks[0] + marks[1], rel=5e-3)
    assert value.legs[2].price == 80_000
    assert not value.is_stale


def test_model_value_without_a_surface_is_refused():
    world.play()
    with pytest.raises(selectors.MarksUnavailable) as refused:
        services.model_value([("BTC-27MAR26-80000-C", 1)])
    assert refused.value.reason == "no_surface"
