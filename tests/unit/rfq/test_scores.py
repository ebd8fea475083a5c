"""Scores against figures worked out by hand, intervals against scipy's bootstrap."""

import numpy as np
import pytest
from scipy import stats

from rfq.domain import bootstrap, scores
from rfq.domain.scores import Answer, Request, Seen, Version
from tests.unit.rfq.builders import AT, COBALT, DUNE, TAKER, seconds
from wire.units import Side


def version(bid=0.0900, ask=0.1000, *, after=2.0, ended=None, withdrawn=False, mark=0.0950, index=80_000.0):
    return Version(
        bid=bid, ask=ask, created_at=AT + seconds(after), ended_at=None if ended is None else AT + seconds(ended),
        is_withdrawn=withdrawn, seen=Seen(mark=mark, index=index),
    )


def request(answers, **changes) -> Request:
    fields = dict(
        rfq_id=7, taker_firm_id=TAKER, quote_currency="BTC", created_at=AT, tradable_at=AT + seconds(5),
        ended_at=AT + seconds(20), is_filled=True, side=Side.BUY, accepted_at=AT + seconds(12), answers=tuple(answers),
        at_create=Seen(mark=0.0950, index=80_000.0), at_accept=Seen(mark=0.0960, index=80_000.0),
        after={1_000: Seen(mark=0.0962, index=80_000.0), 10_000: Seen(mark=0.0990), 60_000: Seen(), 300_000: Seen(mark=0.1010)},
        baseline=(),
    )
    return Request(**{**fields, **changes})


def test_maker_figures_by_hand():
    won = Answer(maker_firm_id=COBALT, versions=(version(),), traded_price=0.1000)
    silent = Answer(maker_firm_id=COBALT)
    found = scores.observe_maker([(request([won]), won), (request([silent], is_filled=False), silent)])
    assert {name: [round(value, 6) for value in values] for name, values in found.items()} == {
        "response_rate": [1.0, 0.0],
        "response_time": [2.0],
        "hit_rate": [1.0],
        "fade_rate": [0.0],
        "last_look_reject_rate": [],
        "reject_rate": [0.0],
        "half_spread": [50.0],
        "distance_to_mark": [0.0],
        "traded_spread": [40.0],
        "mark_out_1s": [38.0],
        "mark_out_10s": [10.0],
        "mark_out_60s": [],
        "mark_out_300s": [-10.0],
    }


def test_taker_gains_what_the_maker_loses():
    won = Answer(maker_firm_id=COBALT, versions=(version(),), traded_price=0.1000)
    taker, maker = scores.observe_taker([request([won])]), scores.observe_maker([(request([won]), won)])
    for name in scores.MARK_OUTS:
        assert taker[name] == [-value for value in maker[name]]
    assert taker["traded_spread"] == maker["traded_spread"]
    assert taker["decision_time"] == [7.0]


def test_seller_sees_the_other_sign():
    sold = Answer(maker_firm_id=COBALT, versions=(version(),), traded_price=0.0900)
    found = scores.observe_maker([(request([sold], side=Side.SELL), sold)])
    assert [round(found[name][0], 6) for name in ("traded_spread", "mark_out_1s", "mark_out_300s")] == [60.0, 62.0, 110.0]


def test_dollar_prices_are_measured_by_the_index_of_their_instant():
    assert scores.basis_points(40.0, "USDC", Seen(index=80_000.0)) == pytest.approx(5.0)
    assert scores.basis_points(40.0, "USDC", Seen()) is None
    assert scores.basis_points(0.0005, "BTC", Seen()) == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("versions", "faded"),
    [
        ((), None),
        ((version(ended=4.0),), None),
        ((version(),), False),
        ((version(ended=10.0, withdrawn=True),), True),
        ((version(ended=4.0), version(ask=0.2, after=4.0)), False),
        ((version(ended=9.0), version(ask=0.1001, after=9.0)), True),
        ((version(ended=9.0), version(ask=0.0999, after=9.0)), False),
        ((version(ended=9.0), version(bid=None, after=9.0)), True),
    ],
)
def test_fading_is_withdrawing_or_worsening_what_was_shown(versions, faded):
    answer = Answer(maker_firm_id=COBALT, versions=versions)
    assert scores.is_faded(request([answer]), answer) is faded


def test_leakage_is_the_move_beyond_the_usual_one():
    answers = [
        Answer(maker_firm_id=COBALT, versions=(version(mark=0.0951, after=1.0),)),
        Answer(maker_firm_id=DUNE, versions=(version(mark=0.0953, after=3.0), version(mark=0.2, after=4.0))),
    ]
    quiet = (Seen(mark=0.0950), Seen(mark=0.0951))
    lively = (Seen(mark=0.0950), Seen(mark=0.0947))
    lost = (Seen(), Seen(mark=0.0947))
    assert scores.leakage(request(answers, baseline=(quiet, lively, lost))) == pytest.approx(3.0 - 2.0)
    assert scores.leakage(request(answers)) is None
    assert scores.leakage(request([], baseline=(quiet,))) is None


def test_last_looks_and_rejects_are_rates():
    kept = Answer(maker_firm_id=COBALT, versions=(version(),), traded_price=0.1, last_look=True)
    refused = Answer(maker_firm_id=COBALT, versions=(version(),), is_rejected=True, last_look=False)
    found = scores.observe_maker([(request([kept]), kept), (request([refused], is_filled=False), refused)])
    assert (found["last_look_reject_rate"], found["reject_rate"]) == ([0.0, 1.0], [0.0, 1.0])


@pytest.mark.parametrize("size", [8, 40, 1_500])
def test_interval_is_that_of_scipy(size):
    values = np.random.default_rng(size).gamma(2.0, 3.0, size)
    found = bootstrap.estimate_mean(values, seed=11)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=bootstrap.RESAMPLES, confidence_level=bootstrap.LEVEL, method="BCa",
        rng=np.random.default_rng(11),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert found.value == pytest.approx(values.mean())


def test_interval_covers_the_mean_as_often_as_it_says():
    chance = np.random.default_rng(5)
    covered = 0
    for number in range(200):
        found = bootstrap.estimate_mean(chance.normal(3.0, 1.0, 30), seed=number)
        covered += found.low <= 3.0 <= found.high
    assert 0.89 <= covered / 200 <= 0.99


def test_few_or_equal_observations():
    assert bootstrap.estimate_mean([], seed=1) == bootstrap.Estimate(count=0, value=None)
    assert bootstrap.estimate_mean([1.0, 3.0], seed=1) == bootstrap.Estimate(count=2, value=2.0)
    assert bootstrap.estimate_mean([2.0] * 9, seed=1) == bootstrap.Estimate(count=9, value=2.0, low=2.0, high=2.0)


def test_same_observations_give_the_same_interval():
    values = list(np.random.default_rng(1).normal(size=50))
    first = scores.estimate({"hit_rate": values}, subject="maker:3")
    assert first == scores.estimate({"hit_rate": values}, subject="maker:3")
    assert first != scores.estimate({"hit_rate": values}, subject="maker:4")
