"""Volume curves measured of our own trades and of a file, and offered without looking ahead."""

import datetime as dt
import json

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditRecord
from common import clock
from common.actor import TIMER
from common.errors import Refusal
from market.models import Instrument
from orders import services, volume_selectors
from orders.models import VolumeCurve
from orders.services import volumes
from settlement.models import Fill
from tests import builders
from tests.builders import FEBRUARY
from wire.algos import AlgoParameters
from wire.volume_views import DayClock

pytestmark = pytest.mark.django_db

NAME = "BTC-27MAR26-80000-C"
MARKET_NOW = clock.from_ns(FEBRUARY)


def hourly(folder, rows):
    path = folder / "BTC_USD_hourly.csv"
    path.write_text("datetime,volume\n" + "".join(f"{at},{volume}\n" for at, volume in rows))
    return path


def day_of(days_before, hour, volume):
    at = dt.datetime.combine(MARKET_NOW.date() - dt.timedelta(days=days_before), dt.time(hour), dt.UTC)
    return at.isoformat(), volume


def measure(path, until=MARKET_NOW):
    return services.measure_hourly(coin="BTC", path=path, until=until, actor=TIMER, at=clock.now())


def test_a_file_is_read_up_to_the_day_and_no_further(tmp_path):
    midnight = MARKET_NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    path = hourly(tmp_path, [day_of(2, 3, 5), day_of(1, 23, 5), day_of(0, 3, 1000), day_of(0, 4, 1000)])
    curve = measure(path, midnight)
    assert (curve.subject, curve.source, curve.clock) == ("BTC", "BTC_USD_hourly", "market")
    assert (curve.days, curve.observations, curve.volume) == (2, 2, 10)
    assert measure(path, midnight).pk == curve.pk
    assert AuditRecord.objects.filter(action="volume_curve.measured").count() == 1
    with pytest.raises(Refusal, match="nothing traded"):
        measure(path, midnight - dt.timedelta(days=100))
    for text in ("datetime,volume\nsoon,3\n", "day,volume\n2026-01-01,3\n"):
        path.write_text(text)
        with pytest.raises(Refusal) as refused:
            measure(path, midnight)
        assert (refused.value.reason, refused.value.value) == ("file_refused", "2")


def test_only_what_was_measured_before_is_offered(tmp_path, client):
    row = builders.listed(NAME)
    builders.play_market(row)
    path = hourly(tmp_path, [day_of(number, hour, 1 + hour) for number in range(-9, 10) for hour in range(24)])
    call_command(
        "measure_volumes", file=path, coin="BTC", days=5,
        until=[(MARKET_NOW + dt.timedelta(days=days)).date() for days in (-3, 0, 4)],
    )  # fmt: skip
    assert VolumeCurve.objects.count() == 3
    (view,) = volume_selectors.list_curves(row, duration_s=7_200, now=clock.now())
    assert (view.clock, view.days, view.observations) == (DayClock.MARKET, 5, 120)
    assert clock.from_ns(view.until_ns) <= MARKET_NOW < clock.from_ns(view.until_ns) + dt.timedelta(days=1)
    assert view.starts_at_ns == FEBRUARY
    assert len(view.volumes) == 120
    assert AlgoParameters(volume_curve=view.volumes).volume_curve[0] <= view.volumes[-1]
    client.force_login(builders.trading_firm().user)
    answer = client.get(f"/api/volume_curves?instrument_name={NAME}&duration_s=7200")
    assert tuple(answer.json()[0]["volumes"]) == view.volumes
    with pytest.raises(CommandError, match="--coin and --until"):
        call_command("measure_volumes", file=path)


def test_own_trades_count_once_and_only_where_there_are_enough(monkeypatch):
    row = builders.listed(NAME)
    desk = builders.trading_firm(deposits={"BTC": "5"})
    builders.play_market(row)
    order = services.place_order(
        user=desk.user, actor=desk.actor, message=builders.limit_order(row, desk.account), at=clock.now()
    )
    journal = builders.Journal()
    builders.project(journal.envelope(builders.execution(order, execution_id=1, lots=4, cumulative=4)))
    builders.project(journal.envelope(builders.execution(order, execution_id=2, lots=6, cumulative=10)))
    traded_at = Fill.objects.latest("at").at
    evening = traded_at.replace(hour=23, minute=59, second=59, microsecond=999_999)
    later = traded_at + dt.timedelta(days=1)
    assert services.measure_own_book(actor=TIMER, at=later) == []
    monkeypatch.setattr(volumes, "TRADES_MIN", 2)
    assert services.measure_own_book(actor=TIMER, at=evening) == [], "the day is not over"
    (curve,) = services.measure_own_book(actor=TIMER, at=later)
    again = services.measure_own_book(actor=TIMER, at=evening + dt.timedelta(days=1))
    assert [same.pk for same in again] == [curve.pk], "once a day"
    lot = Instrument.objects.get(pk=row.pk).lot_size
    assert (curve.subject, curve.source, curve.clock, curve.observations) == (NAME, "own_book", "wall", 2)
    assert curve.volume == 10 * lot
    assert json.loads(json.dumps(curve.parts)) == curve.parts
    assert volume_selectors.list_curves(row, duration_s=60, now=clock.now()) == []
    assert len(volume_selectors.list_curves(row, duration_s=60, now=later)) == 1
