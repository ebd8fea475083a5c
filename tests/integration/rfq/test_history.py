"""History and scores: each reader's own, from what was stored."""

import datetime as dt

import pytest

from common.errors import NotFound
from rfq.models import Sighting
from rfq.selectors import history, scores
from tests.integration.rfq.lives import expired, rejected, traded
from tests.integration.rfq.world import publish_market
from wire.units import RfqState


def words_of(world, party, rfq_id):
    return [word for entry in history.get_history(party.user, rfq_id).entries for word in entry.words]


def test_taker_reads_its_own_history(world):
    rfq_id = traded(world)
    told = words_of(world, world.taker, rfq_id)
    cobalt, dune = world.cobalt.firm.name, world.dune.firm.name
    assert told[0] == "asked for straddle, quantity 2, two-way"
    assert told[1] == "grace over: 2 quotes shown"
    assert "RFQ pending fill" in told
    assert "RFQ filled" in told
    assert "traded at 0.1102 BTC" in told
    assert any(cobalt in word and "filled" in word for word in told)
    assert any(dune in word and "traded away" in word for word in told)
    assert not any("version 1" in word and cobalt in word for word in told), "it was replaced in the grace"


def test_maker_reads_nothing_of_its_rival(world):
    rfq_id = traded(world)
    told = history.get_history(world.dune.user, rfq_id)
    text = repr(told.entries) + repr([(row.quote_id, row.content) for row in told.sightings])
    assert world.cobalt.firm.name not in text
    assert "0.1102" not in text
    assert {row.quote_id for row in told.sightings} == {0, told.view.quotes[0].quote_id}


def test_compliance_reads_every_step(world):
    rfq_id = traded(world)
    told = history.get_history(world.house.user, rfq_id)
    assert told.problem == ""
    assert sum("version" in word for entry in told.entries for word in entry.words) == 3
    assert [entry.at for entry in told.entries] == sorted(entry.at for entry in told.entries)


def test_outsider_reads_nothing(world):
    rfq_id = traded(world)
    with pytest.raises(NotFound):
        history.get_history(world.ember.user, rfq_id)
    assert history.list_history(world.ember.user, history.Filters()) == []


def test_filters_must_all_match(world):
    done, gone = traded(world), expired(world)
    listed = lambda **given: [view.rfq_id for view in history.list_history(world.taker.user, history.Filters(**given))]
    assert listed() == [gone, done]
    assert listed(state=RfqState.FILLED) == [done]
    assert listed(structure="stradd") == [gone, done]
    assert listed(instrument="BTC-PERPETUAL") == []
    assert listed(before=world.at - dt.timedelta(days=1)) == []
    assert [view.rfq_id for view in history.list_history(world.taker.user, history.Filters(), before_id=gone)] == [done]


def test_market_is_kept_at_every_instant(world):
    rfq_id = traded(world)
    kinds = list(Sighting.objects.filter(rfq_id=rfq_id).order_by("id").values_list("kind", "version"))
    assert kinds == [("created", 0), ("quoted", 1), ("quoted", 1), ("quoted", 2), ("accepted", 0), ("ended", 0)]
    assert set(Sighting.objects.filter(rfq_id=rfq_id).values_list("mark_net", flat=True)) == {0.095}


def scores_of(party, kind):
    return {score.name: score for score in scores.list_scores(party.user) if score.kind == kind}


def test_scores_are_those_worked_out_by_hand(world):
    traded(world)
    publish_market()
    rejected(world)
    maker = scores_of(world.house, "maker")[world.cobalt.firm.name]
    value = lambda name: maker.find(name).value
    assert maker.rfqs == 2
    assert value("response_rate") == 1.0
    assert value("hit_rate") == 1.0
    assert value("half_spread") == pytest.approx((100 + 90 + 100) / 3)
    assert value("traded_spread") == pytest.approx(152.0)
    assert value("mark_out_1s") is None, "it was not taken yet"
    loser = scores_of(world.house, "maker")[world.dune.firm.name]
    assert (loser.find("hit_rate").value, loser.find("response_rate").value) == (0.0, 0.5)
    taker = scores_of(world.house, "taker")[world.taker.firm.name]
    assert taker.find("trade_rate").value == 0.5


def test_everybody_reads_what_it_may(world):
    traded(world)
    assert set(scores_of(world.cobalt, "maker")) == {world.cobalt.firm.name}
    assert scores_of(world.cobalt, "taker") == {}
    assert set(scores_of(world.taker, "maker")) == {world.cobalt.firm.name, world.dune.firm.name}
    assert set(scores_of(world.taker, "taker")) == {world.taker.firm.name}
    assert scores_of(world.other_taker, "maker") == {}
    assert set(scores_of(world.house, "taker")) == {world.taker.firm.name}
