import pytest

from streams.selectors import StoredFact
from terminal import limits
from terminal.fact_feed import FirmFeed
from terminal.market_feed import MarketFeed, is_key


class Recorder:
    """Subscriber and reader that notes what it is given."""

    sequence: int | None = None

    def __init__(self) -> None:
        self.offers: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
        self.given: list[str] = []
        self.woken = 0

    def offer(self, keys: list[str], texts: list[str]) -> None:
        self.given = texts
        self.offers.append((tuple(sorted(keys)), tuple(texts)))

    def wake(self) -> None:
        self.woken += 1


def subscribed(feed: MarketFeed, keys: set[str], coins: set[str]) -> Recorder:
    recorder = Recorder()
    feed.join(recorder, (frozenset(keys), frozenset(coins)))
    return recorder


def test_flush_offers_the_latest_of_what_is_wanted_once() -> None:
    feed = MarketFeed()
    one = subscribed(feed, {"index.BTC"}, set())
    chain = subscribed(feed, set(), {"ETH"})
    feed.take([("index.BTC", b"1"), ("index.BTC", b"2"), ("ticker.ETH_USDC-PERPETUAL", b"3"), ("index.SOL", b"4")])
    feed.flush()
    feed.flush()
    assert one.offers == [(("index.BTC",), (',"frames":[2]}',))]
    assert chain.offers == [(("ticker.ETH_USDC-PERPETUAL",), (',"frames":[3]}',))]


def test_equal_subscriptions_share_the_text() -> None:
    feed = MarketFeed()
    recorders = [subscribed(feed, {"index.BTC"}, set()) for _ in range(3)]
    feed.take([("index.BTC", b"1")])
    feed.flush()
    first, second, third = (recorder.given for recorder in recorders)
    assert first is second is third


def test_left_subscriber_gets_nothing_and_its_group_is_gone() -> None:
    feed = MarketFeed()
    recorder = subscribed(feed, {"index.BTC"}, set())
    feed.leave(recorder, (frozenset({"index.BTC"}), frozenset()))
    feed.take([("index.BTC", b"1")])
    feed.flush()
    assert recorder.offers == []
    assert feed._groups == {}


def test_long_frames_are_cut() -> None:
    feed = MarketFeed()
    keys = [f"ticker.BTC-{number}" for number in range(limits.KEYS_PER_FRAME_MAX + 1)]
    feed.take((key, b"1") for key in keys)
    assert [text.count("1") for text in feed.texts(keys)] == [limits.KEYS_PER_FRAME_MAX, 1]


def test_keys_are_bounded_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MARKET_KEYS_MAX", 3)
    feed = MarketFeed()
    feed.take([("index.A", b"1"), ("index.B", b"1"), ("risk.account.1", b"1"), ("index.C", b"1")])
    assert feed.dropped == 1
    feed.forget_all_but({"index.B"})
    wanted = (frozenset({"index.A", "index.B", "risk.account.1"}), frozenset[str]())
    assert sorted(feed.known(wanted)) == ["index.B", "risk.account.1"]


@pytest.mark.parametrize("key", ["ticker.BTC-27MAR26-0d5-C", "book.BTC_USDC", "chain.ETH", "venue.status", "risk.account.1"])
def test_keys_that_exist(key: str) -> None:
    assert is_key(key)


@pytest.mark.parametrize("key", ["", "ticker.", "ticker.btc", "risk.account.x", "chain.", "index.BTC\n", "a" * 64])
def test_keys_that_do_not(key: str) -> None:
    assert not is_key(key)


def stored(first: int, last: int) -> list[StoredFact]:
    return [StoredFact(number, 5, f'{{"n":{number}}}') for number in range(first, last + 1)]


def test_feed_gives_what_it_keeps_and_sends_the_rest_to_the_database() -> None:
    feed = FirmFeed(1, 10)
    reader = Recorder()
    feed.readers.add(reader)
    feed.take(stored(11, 20))
    assert reader.woken == 1
    assert feed.after(20, 5) == []
    assert [sequence for sequence, _ in feed.after(17, 5) or []] == [18, 19, 20]
    assert (feed.after(10, 1) or [])[0][1] == ',"sequence":11,"at_ns":5,"fact":{"n":11}}'
    assert feed.after(9, 5) is None


def test_feed_insists_on_no_gap() -> None:
    feed = FirmFeed(1, 10)
    with pytest.raises(AssertionError, match="10 then 12"):
        feed.take(stored(12, 12))


def test_feed_is_bounded() -> None:
    feed = FirmFeed(1, 0)
    feed.take(stored(1, 2 * limits.FACTS_KEPT_MAX + 1))
    assert feed.after(0, 5) is None
    assert [sequence for sequence, _ in feed.after(limits.FACTS_KEPT_MAX + 1, 1) or []] == [limits.FACTS_KEPT_MAX + 2]
