"""Commands and events across a stopped dispatcher and an emptied Valkey: nothing lost, nothing doubled."""

import datetime as dt
import threading
import time
from collections.abc import Callable

import msgspec
import pytest
import redis
from django.conf import settings
from django.db import connection

from common import clock, db
from streams import services
from streams.models import Fact, GatewayCursor, OutboxCommand
from streams.projector import Projector
from streams.relay import ForeignGateway, Relay
from terminal import registry
from terminal.dispatch import DOORBELL_SECONDS_MAX, SLOW_TIMERS_EVERY, Dispatcher
from tests.integration.streams.conftest import Running
from tests.integration.streams.plain_gateway import PlainGateway
from wire import facts, gateway, transport

pytestmark = pytest.mark.django_db(transaction=True)

FIRM_ID = 7


def cancel(number: int) -> gateway.CancelOrder:
    return gateway.CancelOrder(command_id=f"c{number}", order_id=number)


def answer(command: gateway.GatewayCommand) -> list[gateway.GatewayEvent]:
    """Two events a command, so that a journal record has more than one index."""
    assert isinstance(command, gateway.CancelOrder)
    first = gateway.CancelRejected(order_id=command.order_id, reason="unknown_order")
    return [first, gateway.LimitsInForce(account_id=command.order_id, coin="")]


def project(envelope: gateway.EventEnvelope) -> None:
    assert isinstance(envelope.event, gateway.CancelRejected)
    fact = facts.CancelAllDone(scope="order", scope_id=envelope.event.order_id, orders_canceled=0)
    services.publish_fact(firm_id=FIRM_ID, fact=fact)


HANDLERS = {gateway.CancelRejected: (project,)}


def send(numbers: range) -> None:
    for number in numbers:
        with db.unit_of_work():
            services.send_to_gateway(cancel(number))


def projected() -> list[int]:
    payloads = Fact.objects.filter(firm_id=FIRM_ID).order_by("sequence").values_list("payload", flat=True)
    return [msgspec.json.decode(payload)["scope_id"] for payload in payloads]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_commands_and_events_survive_restart_and_flush(valkey: redis.Redis) -> None:
    with PlainGateway(settings.VALKEY_URL, answer) as plain:
        with Running(Dispatcher(HANDLERS, ())):
            send(range(1, 101))
            valkey.flushall()
            send(range(101, 151))
            wait_until(lambda: len(plain.taken) > 120)
        send(range(151, 201))
        valkey.flushall()
        with Running(Dispatcher(HANDLERS, ())):
            send(range(201, 251))
            wait_until(lambda: len(projected()) == 250)
            valkey.flushall()
            send(range(251, 301))
            wait_until(lambda: len(projected()) == 300)
    assert [command.order_id for command in plain.taken] == list(range(1, 301))
    assert projected() == list(range(1, 301))
    cursor = GatewayCursor.objects.get()
    assert (cursor.event_number, cursor.command_sequence, cursor.event_index) == (600, 300, 2)


def test_concurrent_senders_get_gapless_numbers(valkey: redis.Redis) -> None:
    def sender(start: int) -> None:
        try:
            send(range(start, start + 40))
        finally:
            connection.close()

    with PlainGateway(settings.VALKEY_URL, answer) as plain, Running(Dispatcher(HANDLERS, ())):
        threads = [threading.Thread(target=sender, args=(start,)) for start in (1, 101, 201, 301)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: len(projected()) == 160)
    sequences = OutboxCommand.objects.order_by("command_sequence").values_list("command_sequence", flat=True)
    assert list(sequences) == list(range(1, 161))
    assert sorted(command.order_id for command in plain.taken) == sorted(
        number for start in (1, 101, 201, 301) for number in range(start, start + 40)
    )


def test_second_dispatcher_waits_and_takes_over(valkey: redis.Redis) -> None:
    with PlainGateway(settings.VALKEY_URL, answer):
        first = Running(Dispatcher(HANDLERS, ()))
        with first:
            send(range(1, 6))
            wait_until(lambda: len(projected()) == 5)
            second = Running(Dispatcher(HANDLERS, ()))
            second.__enter__()
            send(range(6, 11))
            wait_until(lambda: len(projected()) == 10)
        try:
            send(range(11, 16))
            wait_until(lambda: len(projected()) == 15)
        finally:
            second.__exit__()
    assert projected() == list(range(1, 16))


def test_failing_event_blocks_and_is_never_skipped(valkey: redis.Redis) -> None:
    broken = threading.Event()
    broken.set()

    def stubborn(envelope: gateway.EventEnvelope) -> None:
        if envelope.event_number == 5 and broken.is_set():
            raise ValueError("not yet")
        project(envelope)

    with PlainGateway(settings.VALKEY_URL, answer), Running(Dispatcher({gateway.CancelRejected: (stubborn,)}, ())):
        send(range(1, 11))
        wait_until(lambda: len(projected()) == 2)
        time.sleep(0.5)
        assert projected() == [1, 2]
        broken.clear()
        wait_until(lambda: len(projected()) == 10)
    assert projected() == list(range(1, 11))


def test_commands_are_relayed_while_events_are_being_projected(valkey: redis.Redis) -> None:
    """The two share the cursor's row, and a projection may take long."""
    is_projecting, may_end = threading.Event(), threading.Event()

    def slow(envelope: gateway.EventEnvelope) -> None:
        is_projecting.set()
        may_end.wait(60)
        project(envelope)

    with PlainGateway(settings.VALKEY_URL, answer) as plain, Running(Dispatcher({gateway.CancelRejected: (slow,)}, ())):
        send(range(1, 2))
        assert is_projecting.wait(60)
        send(range(2, 3))
        wait_until(lambda: len(plain.taken) == 2)
        assert projected() == []
        may_end.set()
        wait_until(lambda: projected() == [1, 2])


def test_slow_timers_run_in_one_round_of_several(valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def timer(name: str) -> registry.Timer:
        def run(at: dt.datetime) -> int:
            del at
            ran.append(name)
            return 1

        return run

    monkeypatch.setattr(registry, "timers", lambda: (timer("fast"),))
    monkeypatch.setattr(registry, "slow_timers", lambda: (timer("slow"),))
    round_ = ["fast", "slow", *["fast"] * (SLOW_TIMERS_EVERY - 1)]
    with Running(Dispatcher(HANDLERS)):
        wait_until(lambda: len(ran) >= 2 * len(round_))
    assert ran[: 2 * len(round_)] == round_ * 2


def test_slow_timers_of_every_app_are_found_and_run_once_a_round() -> None:
    assert {timer.__name__ for timer in registry.slow_timers()} == {
        "take_fix_events", "mark_unanswered", "keep_desk_trades",
    }  # fmt: skip
    assert not {*registry.timers()} & {*registry.slow_timers()}


def test_relay_refuses_gateway_of_another_database(valkey: redis.Redis) -> None:
    GatewayCursor.objects.get_or_create(id=1)
    valkey.set(transport.COMMANDS_WATERMARK, 12)
    with pytest.raises(ForeignGateway, match="taken command 12"):
        Relay(valkey).step()


def test_projector_waits_at_a_gap(valkey: redis.Redis) -> None:
    GatewayCursor.objects.get_or_create(id=1)
    event = gateway.CancelRejected(order_id=1, reason="unknown_order")
    for number in (2, 3):
        envelope = gateway.EventEnvelope(
            event_number=number, journal_sequence=number, index=1, at_ns=1, command_sequence=0, event=event
        )
        valkey.xadd(transport.EVENTS_STREAM, {"m": msgspec.json.encode(envelope)}, id=f"{number}-1")
    assert Projector(valkey, HANDLERS).step() == 0
    assert valkey.get(transport.EVENTS_WATERMARK) == b"0"
    assert projected() == []


def test_outbox_keeps_a_bounded_number_of_taken_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "OUTBOX_KEPT", 10)
    OutboxCommand.objects.bulk_create(
        OutboxCommand(command_sequence=number, payload="{}", created_at=clock.now()) for number in range(1, 51)
    )
    assert services.delete_taken_commands(taken=40) == 30
    assert OutboxCommand.objects.count() == 20


def test_a_command_is_relayed_when_it_is_announced_and_not_at_the_next_look(valkey: redis.Redis) -> None:
    """Without the announcement each would wait for the whole time between two looks."""
    delays = []
    with PlainGateway(settings.VALKEY_URL, answer), Running(Dispatcher(HANDLERS, ())):
        send(range(1, 2))
        wait_until(lambda: len(projected()) == 1)
        for number in range(2, 22):
            send(range(number, number + 1))
            began = time.perf_counter()
            assert valkey.xread({transport.COMMANDS_STREAM: f"{number - 1}-0"}, block=10_000)
            delays.append(time.perf_counter() - began)
    assert sorted(delays)[10] < DOORBELL_SECONDS_MAX / 2
