"""The month, step by step: each snapshot through the processes, then what a desk does with it, then the books."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from celery import current_app
from django.conf import settings

from accounts import selectors as accounts
from audit.verify import verify
from common import clock, valkey
from market import oracle
from market import selectors as market
from rfq import selectors as rfqs
from risk import selectors as risk
from settlement import selectors as settlement
from terminal.trading_month import desk as desks
from terminal.trading_month import evidence
from terminal.trading_month.desk import TakerDesk, wait_for
from terminal.trading_month.record import Hedge, MonthReport, RfqOutcome, Step, Total
from terminal.trading_month.recorded import COINS, RecordedSnapshot
from terminal.trading_month.structures import Structure, structures_of
from wire import transport
from wire.market import VenueStatus
from wire.units import RfqState, Side

SNAPSHOT_SECONDS_MAX = 60.0
SURFACE_SECONDS_MAX = 30.0
ACCEPT_ATTEMPTS_MAX = 5
QUOTE_MOVED = {"quote_version", "quote_expired", "quote_not_active"}
"""Refusals after which the newest quotes are worth another look."""
SIDES = (Side.BUY, Side.SELL)
_decode_status = msgspec.json.Decoder(VenueStatus).decode


class MonthRun:
    """``on_step`` is told after each snapshot how many are done."""

    def __init__(self, month: str, snapshots: list[RecordedSnapshot], url: str, key_file: Path) -> None:
        self._snapshots = snapshots
        self._desk = TakerDesk(url, key_file, run_id=f"{month}-{time.time_ns()}")
        self._makers = [firm.pk for firm in accounts.maker_firms()]
        self._errors: list[np.ndarray] = []
        self._errors_on_recorded: list[np.ndarray] = []
        self._started = time.monotonic()
        self.report = MonthReport(month=month, grace_ms=settings.RFQ_GRACE_MS, steps=[], rfqs=[], hedges=[])

    def play(self, on_step: Callable[[int], None]) -> MonthReport:
        try:
            traded_days: set[dt.date] = set()
            for number, snapshot in enumerate(self._snapshots):
                self._step(snapshot, trades=snapshot.at().date() not in traded_days)
                traded_days.add(snapshot.at().date())
                on_step(number + 1)
            self.report.total = self._total()
            return self.report
        finally:
            self._desk.close()

    def _step(self, snapshot: RecordedSnapshot, *, trades: bool) -> None:
        started = time.monotonic()
        take_in(snapshot)
        fit_surfaces(snapshot)
        if trades:
            self._trade(snapshot)
        self._hedge(snapshot)
        self.report.steps.append(self._measure(snapshot, started))

    def _trade(self, snapshot: RecordedSnapshot) -> None:
        """The fixed list of structures on one coin, alternating by day; all requests run at the same time."""
        day = snapshot.at().date().toordinal()
        coin = COINS[day % len(COINS)]
        requests = []
        for number, structure in enumerate(structures_of(snapshot.chain, coin, snapshot.at())):
            side = SIDES[(day // len(COINS) + number) % 2]
            requests.append((structure, side, self._desk.request(structure, self._makers)))
        for structure, side, rfq_id in requests:
            self.report.rfqs.append(self._conclude(snapshot, structure, side, rfq_id))

    def _conclude(self, snapshot: RecordedSnapshot, structure: Structure, side: Side, rfq_id: int) -> RfqOutcome:
        view = self._desk.wait_for_quotes(rfq_id, wanted=len(self._makers))
        quotes = len(desks.live_quotes(view))
        margin = self._desk.preview(structure, side)
        reason = self._accept_best(rfq_id, side)
        ended = self._desk.wait_for_end(rfq_id)
        if ended.state is RfqState.FILLED:
            self._desk.wait_for_fills(rfq_id, len(structure.legs))
        return RfqOutcome(
            rfq_id=rfq_id,
            at=snapshot.at().isoformat(),
            structure=structure.name,
            coin=structure.coin,
            side=side.value,
            state=ended.state.value,
            reason=reason or ended.reason,
            quotes=quotes,
            traded_price=float(ended.traded_price) if ended.traded_price is not None else None,
            mark_value=self._mark_value(structure),
            initial_margin_before=float(margin["before"]["initial_margin"]),
            initial_margin_after=float(margin["after"]["initial_margin"]),
        )

    def _accept_best(self, rfq_id: int, side: Side) -> str:
        """Accept the best quote, or cancel; the name of what stood in the way. A quote that moved is read again."""
        reason = "no_quote"
        for _ in range(ACCEPT_ATTEMPTS_MAX):
            best = desks.best_quote(self._desk.rfq(rfq_id), side)
            if best is None:
                break
            try:
                self._desk.accept(best, side)
            except desks.Refused as refused:
                reason = refused.reason
                if reason not in QUOTE_MOVED:
                    break
            else:
                return ""
        self._desk.cancel(rfq_id)
        return reason

    def _mark_value(self, structure: Structure) -> float | None:
        tickers = oracle.get_tickers([leg.instrument_name for leg in structure.legs])
        marks = [tickers[leg.instrument_name].mark_price for leg in structure.legs if leg.instrument_name in tickers]
        if len(marks) != len(structure.legs) or None in marks:
            return None
        return sum(leg.side.sign * leg.ratio * (mark or 0.0) for leg, mark in zip(structure.legs, marks, strict=True))

    def _hedge(self, snapshot: RecordedSnapshot) -> None:
        """Bring the delta of each coin to zero with orders on its perpetual."""
        greeks = self._desk.risk()["greeks"]
        for coin in COINS:
            delta = float(greeks.get(coin, {}).get("delta", 0.0))
            orders = self._desk.hedge(coin, delta, _index_price(coin))
            if orders:
                after = float(self._desk.risk()["greeks"].get(coin, {}).get("delta", 0.0))
                self.report.hedges.append(
                    Hedge(at=snapshot.at().isoformat(), coin=coin, delta_before=delta, delta_after=after, orders=orders)
                )

    def _measure(self, snapshot: RecordedSnapshot, started: float) -> Step:
        tickers = [ticker for coin in COINS for ticker in oracle.tickers_of(coin)]
        rows = evidence.ingested_options(tickers, snapshot.market_time_ns)
        errors = evidence.reprice(rows, snapshot.market_time_ns)
        implied, recorded = (np.concatenate(column) for column in zip(*errors, strict=True))
        self._errors.append(implied)
        self._errors_on_recorded.append(recorded)
        return Step(
            snapshot_id=snapshot.snapshot_id,
            at=snapshot.at().isoformat(),
            rows_recorded=snapshot.rows,
            rows_ingested=len(rows),
            missing_bids_recorded=snapshot.missing_bids,
            missing_bids_ingested=sum(ticker.bid_price is None for _, ticker in rows),
            missing_asks_recorded=snapshot.missing_asks,
            missing_asks_ingested=sum(ticker.ask_price is None for _, ticker in rows),
            repricing=evidence.summarize(implied),
            repricing_on_recorded_underlying=evidence.summarize(recorded),
            surfaces=evidence.check_surfaces(rows, snapshot.market_time_ns),
            index={coin: _index_price(coin) for coin in COINS},
            ledger_breaks=[str(found) for found in settlement.check_ledger()],
            risk=dict(_risk_figures(self._desk.risk())),
            seconds=time.monotonic() - started,
        )

    def _total(self) -> Total:
        run_netting_cycle()
        steps, ended = self.report.steps, self.report.rfqs
        implied, recorded = np.concatenate(self._errors), np.concatenate(self._errors_on_recorded)
        checked = verify()
        left_out = sum(step.surfaces.left_out for step in steps)
        return Total(
            snapshots=len(steps),
            rows_recorded=sum(step.rows_recorded for step in steps),
            rows_ingested=sum(step.rows_ingested for step in steps),
            nulls_kept=all(
                (step.missing_bids_recorded, step.missing_asks_recorded)
                == (step.missing_bids_ingested, step.missing_asks_ingested)
                for step in steps
            ),
            repricing_median_error=float(np.median(implied)),
            repricing_p99_error=float(np.quantile(implied, 0.99)),
            recorded_underlying_median_error=float(np.median(recorded)),
            recorded_underlying_p99_error=float(np.quantile(recorded, 0.99)),
            share_inside=sum(step.surfaces.inside for step in steps) / left_out if left_out else 0.0,
            left_out_quotes=left_out,
            butterfly_violations=sum(step.surfaces.butterfly_violations for step in steps),
            calendar_violations=sum(step.surfaces.calendar_violations for step in steps),
            ledger_breaks=sum(len(step.ledger_breaks) for step in steps) + len(settlement.check_ledger()),
            rfqs_filled=sum(rfq.state == "filled" for rfq in ended),
            rfqs_rejected=sum(rfq.state == "rejected" for rfq in ended),
            rfqs_pending=rfqs.count_pending(),
            hedge_orders=sum(hedge.orders for hedge in self.report.hedges),
            instruments_delivered=market.count_delivered(),
            audit_records=checked.records,
            audit_verifies=not checked.damages,
            wall_seconds=time.monotonic() - self._started,
        )


def take_in(snapshot: RecordedSnapshot) -> None:
    """Let the gateway's feed play the next snapshot and wait until its frames and its instruments are there."""
    client = valkey.client()
    client.rpush(transport.FEED_CONTROL, json.dumps({"step": 1}))
    wait_for(f"snapshot {snapshot.snapshot_id}", lambda: _shows(snapshot), SNAPSHOT_SECONDS_MAX)
    shown_at_ns = clock.now_ns()
    wait_for("the dispatcher to catch up", lambda: _is_projected(shown_at_ns), SNAPSHOT_SECONDS_MAX)


def _shows(snapshot: RecordedSnapshot) -> bool | None:
    raw = valkey.client().hget(transport.MARKET_LATEST, "venue.status")
    return True if raw is not None and _decode_status(raw).snapshot == snapshot.snapshot_id else None


def _is_projected(since_ns: int) -> bool | None:
    """Whether every event that the gateway counted in a heartbeat made after ``since_ns`` is in the database."""
    client = valkey.client()
    raw, watermark = client.get(transport.GATEWAY_HEARTBEAT), client.get(transport.EVENTS_WATERMARK)
    if raw is None or watermark is None:
        return None
    beat = json.loads(raw)
    return True if beat["at_ns"] >= since_ns and int(watermark) >= beat["event_number"] else None


def fit_surfaces(snapshot: RecordedSnapshot) -> None:
    """Ask a Celery worker for the surfaces now rather than at its next turn, and wait for them."""
    current_app.send_task("risk.fit_surfaces")
    for coin in COINS:
        wait_for(f"the {coin} surface", lambda coin=coin: _is_fitted(coin, snapshot), SURFACE_SECONDS_MAX)  # type: ignore[misc]  # mypy cannot type a lambda's default


def _is_fitted(coin: str, snapshot: RecordedSnapshot) -> bool | None:
    surface = risk.surface(coin)
    return True if surface is not None and surface.market_time_ns >= snapshot.market_time_ns else None


def _index_price(coin: str) -> float:
    index = oracle.get_index(coin)
    assert index is not None, f"the market plays, so {coin} has an index"
    return index.price


def run_netting_cycle() -> None:
    """Ask a Celery worker to settle what is pending, and wait until nothing is."""
    current_app.send_task("settlement.run_netting_cycle")
    wait_for("the netting cycle", _nothing_is_pending)


def _nothing_is_pending() -> bool | None:
    return None if any(total.debits_pending for total in settlement.ledger_totals()) else True


def _risk_figures(frame: dict[str, object]) -> Iterator[tuple[str, float]]:
    for name in ("equity", "initial_margin", "maintenance_margin"):
        yield name, float(frame[name])  # type: ignore[arg-type]  # numbers of a risk frame
    greeks = frame["greeks"]
    assert isinstance(greeks, dict)
    for coin, values in greeks.items():
        for name, value in values.items():
            yield f"{coin} {name}", float(value)
