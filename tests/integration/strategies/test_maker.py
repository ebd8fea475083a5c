"""The auto-quoting maker as its own process, against a real web process."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common import clock
from rfq.models import Quote, QuoteVersion
from tests.integration.rfq.world import CALL, PERPETUAL, PUT, hedge, leg
from tests.integration.strategies.market_player import call_price
from wire.quoting import QuotingParameters
from wire.units import Side

ROOT = Path(__file__).parents[3]
PLAIN = ("--spread-quiet", "0", "--spread-weekend", "0", "--spread-size", "0", "--hedge-basis-points", "0")
"""The spread by vega alone."""


@contextlib.contextmanager
def maker_process(url, key_file, *arguments):
    command = [sys.executable, "-m", "strategies.maker", "--url", url, "--key-file", str(key_file), *arguments]
    log_path = key_file.with_suffix(".log")
    with log_path.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)
        print(log_path.read_text()[-3_000:])


@pytest.fixture
def maker(world, web, key_of, tmp_path):
    key_of(world.cobalt, tmp_path / "cobalt.json")
    with maker_process(web.origin, tmp_path / "cobalt.json", *PLAIN) as process:
        yield process


def ask(world, **changes):
    world.at = clock.now()
    return world.create(**{"legs": [leg(CALL)], "quantity": "5", "maker_firm_ids": [world.cobalt.firm.id], **changes})


def standing(rfq_id):
    quote = Quote.objects.filter(rfq_id=rfq_id, state="active").first()
    return quote and QuoteVersion.objects.get(quote=quote, version=quote.version)


def middle_of(version):
    return float(version.bid_net + version.ask_net) / 2


def test_maker_quotes_the_surface_and_follows_it(world, maker, market, eventually):
    rfq_id = ask(world)
    first = eventually(lambda: standing(rfq_id))
    assert middle_of(first) == pytest.approx(call_price(0.5), abs=0.0002)
    width = QuotingParameters().spread_vega + QuotingParameters().spread_gross_vega
    vega = (call_price(0.505) - call_price(0.495))
    assert float(first.ask_net - first.bid_net) == pytest.approx(2 * width * vega, abs=0.0003)
    market.volatility = 0.55

    def follows(found):
        return found.version > first.version and abs(middle_of(found) - call_price(0.55)) < 0.0002

    moved = eventually(lambda: (found := standing(rfq_id)) and follows(found) and found)
    assert moved.quote_id == first.quote_id


def test_maker_quotes_structures_and_one_way_requests(world, maker, eventually):
    straddle = ask(world, legs=[leg(CALL), leg(PUT)], hedge=hedge(PERPETUAL, Side.SELL, 100, "80000"))
    one_way = ask(world, side=Side.SELL)
    priced = eventually(lambda: standing(straddle))
    assert (priced.bid_leg_prices[2], priced.ask_leg_prices[2]) == (80_000, 80_000)
    only = eventually(lambda: standing(one_way))
    assert (only.bid_net is not None, only.ask_net) == (True, None)


def test_maker_withdraws_when_the_market_goes_stale_and_comes_back(world, maker, market, eventually):
    rfq_id = ask(world)
    eventually(lambda: standing(rfq_id))
    market.is_playing = False
    eventually(lambda: Quote.objects.filter(rfq_id=rfq_id, state="canceled").exists())
    market.is_playing = True
    eventually(lambda: (found := standing(rfq_id)) and found.version >= 2)


def test_maker_leaves_no_quote_behind(world, maker, eventually):
    rfq_id = ask(world)
    eventually(lambda: standing(rfq_id))
    maker.send_signal(signal.SIGTERM)
    assert maker.wait(60) == 0
    assert Quote.objects.get(rfq_id=rfq_id).state == "canceled"


def test_maker_does_not_quote_what_is_too_large(world, web, key_of, tmp_path, eventually):
    key_of(world.cobalt, tmp_path / "small.json")
    with maker_process(web.origin, tmp_path / "small.json", "--quantity-max", "4") as process:
        large = ask(world)
        small = ask(world, quantity="3")
        eventually(lambda: standing(small))
        assert standing(large) is None
        assert process.poll() is None


def test_maker_with_a_revoked_key_ends_by_name(web, tmp_path):
    (tmp_path / "bad.json").write_text('{"token": "nobody.nothing", "account_id": 1}')
    with maker_process(web.origin, tmp_path / "bad.json") as process:
        assert process.wait(60) == 1
    assert "is not accepted" in (tmp_path / "bad.log").read_text()
