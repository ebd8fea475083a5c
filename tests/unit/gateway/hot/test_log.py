import errno
import os

import pytest

from gateway.hot.facts import EndedFact, OpenedFact, SteeredFact
from gateway.hot.log import HotLog, Record
from gateway.hot.plan import facts_to_replay, list_pairs, make_plan
from gateway.hot.settings import HotRefused, PairSettings
from gateway.venues.order_log import OrderLogDamaged, OrderLogFailed
from tests.unit.gateway.hot.story import listed, order, report, round_trip
from wire.pairs import PairsAction, SteerPairs


def write(log, *contents):
    records = [Record(listed=each) if hasattr(each, "hedge") else Record(fact=each) for each in contents]
    log.append(records)
    return [log.take(record) for record in records]


def standing(log):
    return [(pair.listed, pair.held, pair.profit_ticks, pair.state, sorted(pair.working)) for pair in log.book.pairs]


def command(number="1", action=PairsAction.UNWIND):
    return SteerPairs(
        command_id=number, valid_until_ns=1, venue="equities", action=action, user_id=2, first="A0", second="B0"
    )


def test_what_was_appended_is_there_again(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    told = write(log, listed(0), listed(1), OpenedFact(1, "DAY1", 1), *round_trip(), *round_trip(5, 5, pair=1)[:4])
    log.close()
    again = HotLog(tmp_path, 3)

    assert standing(again) == standing(log)
    assert (again.number, again.book.session, again.book.next_sequence) == (15, "DAY1", 7)
    assert list(again.told) == list(enumerate(told, 1))[3:]


def test_a_torn_tail_is_cut_and_any_other_damage_refused(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    write(log, listed(0), *round_trip())
    log.close()
    path = tmp_path / "hot.log"
    whole = path.read_bytes()
    for cut in range(len(whole) - 40, len(whole), 3):
        path.write_bytes(whole[:cut])
        torn = HotLog(tmp_path, 0)
        assert torn.number == 8
        torn.close()
    for at in range(0, len(whole) - 200, 331):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(OrderLogDamaged, match=r"line \d+ (is damaged|cannot be read)"):
            HotLog(tmp_path, 0)


def test_a_fold_keeps_positions_pairs_profit_numbers_and_commands(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    write(log, listed(0), listed(1), listed(2), OpenedFact(1, "DAY1", 1), *round_trip(gain=7), *round_trip(5, 5, gain=9))
    write(log, *round_trip(9, 9, pair=1)[:4], order(13, pair=2), EndedFact(9, 13, "withdrawn"), SteeredFact(9, 2, "disable"))
    log.append([record := Record(command=command(), at_ns=5, command_sequence=17)])
    log.take(record)
    assert not log.fold(), "the engine has not taken everything"
    log.forget_told(log.number)
    before = standing(log)
    size = (tmp_path / "hot.log").stat().st_size

    assert log.fold()
    assert (tmp_path / "hot.log").stat().st_size < size
    write(log, OpenedFact(2, "DAY2", 1), *round_trip(14, 1)[:2])
    log.close()
    again = HotLog(tmp_path, log.number - 3)

    assert again.book.commands == [command()]
    assert (again.number, again.command_sequence, again.first_number) == (log.number, 17, log.number - 2)
    assert standing(again)[1:] == before[1:]
    assert standing(again) == standing(log)
    assert again.book.pairs[0].realized_ticks == 1_600
    assert len(again.told) == 3
    assert facts_to_replay(again.book, make_plan(again.book)) == facts_to_replay(log.book, make_plan(log.book))


def test_a_log_that_cannot_be_written_says_so_for_ever(tmp_path, monkeypatch) -> None:
    log = HotLog(tmp_path, 0)
    real = os.fdatasync

    def fail(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OrderLogFailed, match="No space left"):
        log.append([Record(listed=listed(0))])
    monkeypatch.setattr(os, "fdatasync", real)
    with pytest.raises(OrderLogFailed, match="failed before"):
        log.append([Record(listed=listed(0))])


def test_a_second_gateway_takes_the_log_and_the_first_is_told(tmp_path) -> None:
    first = HotLog(tmp_path, 0)
    write(first, listed(0))
    second = HotLog(tmp_path, 0)

    with pytest.raises(OrderLogFailed, match="another gateway"):
        first.append([Record(fact=order(1))])
    write(second, order(1))
    second.close()
    assert HotLog(tmp_path, 0).book.last_order_id == 1


def test_a_full_log_takes_nothing_more(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("gateway.hot.log.RECORDS_MAX", 3)
    monkeypatch.setattr("gateway.hot.log.NEARLY_FULL", 2)
    log = HotLog(tmp_path, 0)
    write(log, listed(0))
    assert not log.is_nearly_full
    write(log, listed(1))
    assert log.is_nearly_full
    with pytest.raises(OrderLogFailed, match="full"):
        write(log, listed(2), listed(3))


def test_an_adopted_order_is_replayed_before_what_was_reported_beside_the_other_leg(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    accepted = [
        report(1, "A", 1, quantity=100, price_e4=10, symbol="A0", client_order_id="P0.0"),
        report(2, "E", 1, last_quantity=100, last_price_e4=10, match_number=5),
        report(3, "A", 2, quantity=50, price_e4=10, symbol="B0", side="S", client_order_id="P0.1"),
    ]
    write(log, listed(0), *accepted)

    replayed = facts_to_replay(log.book, make_plan(log.book))

    assert [fact[:5] if fact[0] == "order" else fact[0] for fact in replayed] == [
        ("order", 1, 1, 0, 0), ("order", 3, 2, 0, 1), "report", "report", "report",
    ]  # fmt: skip


def test_an_adopted_leg_stands_behind_the_one_that_the_log_had(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    accepted = report(2, "A", 2, quantity=50, price_e4=10, symbol="B0", side="S", client_order_id="P0.1")
    write(log, listed(0), order(1), report(1, "E", 1, last_quantity=100, last_price_e4=10, match_number=5), accepted)

    replayed = facts_to_replay(log.book, make_plan(log.book))

    assert [fact[2] if fact[0] == "order" else fact[0] for fact in replayed] == [1, 2, "report", "report"]


def pair_settings(first, second, **changes):
    return PairSettings(first=first, second=second, hedge=1.0, lots=changes.pop("lots", (100, 50)), window=20, **changes)


def test_pairs_keep_their_numbers_and_those_that_left_give_theirs_away(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    wanted = [pair_settings("A", "B"), pair_settings("C", "D"), pair_settings("E", "F")]
    write(log, *list_pairs(log.book, wanted, 1))
    assert list_pairs(log.book, wanted, 2) == []

    fewer = list_pairs(log.book, [wanted[2], wanted[0]], 3)
    assert [(each.pair, each.first, each.is_retired) for each in fewer] == [(1, "C", True)]
    write(log, *fewer)
    other = list_pairs(log.book, [pair_settings("G", "A"), wanted[0], wanted[2], pair_settings("H", "I")], 4)
    assert [(each.pair, each.first, each.is_retired) for each in other] == [(1, "G", False), (3, "H", False)]
    write(log, *other)
    plan = make_plan(log.book)
    assert plan.symbols == ["A", "B", "G", "E", "F", "H", "I"]
    assert [pair[:4] for pair in plan.pairs] == [(0, 1, 100, 50), (2, 0, 100, 50), (3, 4, 100, 50), (5, 6, 100, 50)]
    assert len({pair[8] for pair in plan.pairs}) == 4


def test_a_pair_that_holds_stays_with_its_lots(tmp_path) -> None:
    log = HotLog(tmp_path, 0)
    write(log, *list_pairs(log.book, [pair_settings("A", "B")], 1), *round_trip()[:4])

    with pytest.raises(HotRefused, match="A/B is not in the hot file, but holds 100 and -50 shares"):
        list_pairs(log.book, [pair_settings("C", "D")], 2)
    with pytest.raises(HotRefused, match="A/B has other lots"):
        list_pairs(log.book, [pair_settings("A", "B", lots=(1, 1))], 2)
    assert list_pairs(log.book, [pair_settings("A", "B", stop=5.0)], 2)[0].stop == 5.0
