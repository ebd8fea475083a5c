"""What was given to the committer leaves in its order, after its sync, whoever is canceled meanwhile."""

import asyncio
import threading

from gateway.fix.committer import Committer


class Store:
    """``sync`` takes until ``may_end`` is set."""

    def __init__(self) -> None:
        self.is_syncing, self.may_end = threading.Event(), threading.Event()
        self.syncs = 0

    def sync(self) -> None:
        self.is_syncing.set()
        assert self.may_end.wait(30)
        self.syncs += 1


class Wire:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def transmit(self, data: bytes) -> None:
        self.sent.append(data)

    def finish(self) -> None:
        self.sent.append(b"end")


def test_what_is_being_synced_when_the_committer_is_canceled_is_sent_before_the_last_words() -> None:
    store, wire = Store(), Wire()

    async def live() -> None:
        committer = Committer(lambda error: None)
        running = asyncio.create_task(committer.run())
        committer.add(store, wire, b"one")
        await asyncio.to_thread(store.is_syncing.wait, 30)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        committer.add(store, wire, b"goodbye")
        committer.add(store, wire, None)
        last = asyncio.create_task(committer.commit())
        await asyncio.sleep(0.05)
        assert wire.sent == []
        store.may_end.set()
        await last

    asyncio.run(live())
    assert (wire.sent, store.syncs) == ([b"one", b"goodbye", b"end"], 2)


def test_nothing_is_sent_once_a_sync_has_failed() -> None:
    wire, failures = Wire(), list[OSError]()

    class Broken:
        syncs = 0

        def sync(self) -> None:
            self.syncs += 1
            raise OSError(5, "Input/output error")

    async def live() -> None:
        committer = Committer(failures.append)
        for data in (b"one", b"two"):
            committer.add(broken, wire, data)
            await committer.commit()

    broken = Broken()
    asyncio.run(live())
    assert (wire.sent, len(failures), broken.syncs) == ([], 1, 1)
