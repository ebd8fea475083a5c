"""``report.json`` and ``report.html`` of a month."""

from pathlib import Path

import msgspec
import plotly.graph_objects as go
from django.template.loader import render_to_string
from plotly.subplots import make_subplots

from terminal.trading_month.record import MonthReport, Step

_LAYOUT = {"template": "plotly_white", "height": 420, "margin": {"l": 60, "r": 20, "t": 50, "b": 40}}


def write_report(report: MonthReport, folder: Path) -> tuple[Path, Path]:
    """Write both files into ``folder``; returns their paths, HTML first."""
    folder.mkdir(parents=True, exist_ok=True)
    page, figures = folder / "report.html", folder / "report.json"
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    steps = report.steps
    plots = [_market(steps), _margin(steps), _greeks(steps), _surfaces(steps), _rfqs(report)]
    context = {
        "report": report,
        "total": report.total,
        "plots": [plot.to_html(full_html=False, include_plotlyjs=number == 0) for number, plot in enumerate(plots)],
    }
    page.write_text(render_to_string("trading_month/report.html", context), encoding="utf-8")
    return page, figures


def _times(steps: list[Step]) -> list[str]:
    return [step.at for step in steps]


def _market(steps: list[Step]) -> go.Figure:
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    for number, coin in enumerate(sorted(steps[0].index)):
        line = go.Scatter(x=_times(steps), y=[step.index.get(coin) for step in steps], name=f"{coin} index")
        figure.add_trace(line, secondary_y=bool(number))
    return figure.update_layout(title="Index (USD)", **_LAYOUT)


def _margin(steps: list[Step]) -> go.Figure:
    figure = go.Figure()
    for name in ("equity", "initial_margin", "maintenance_margin"):
        figure.add_scatter(x=_times(steps), y=[step.risk.get(name) for step in steps], name=name.replace("_", " "))
    return figure.update_layout(title="Taker account after each step (USD)", **_LAYOUT)


def _greeks(steps: list[Step]) -> go.Figure:
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, subplot_titles=("delta (coins)", "vega (USD a point)"))
    names = sorted({name for step in steps for name in step.risk if name.endswith((" delta", " vega"))})
    for name in names:
        row = 1 if name.endswith(" delta") else 2
        values = [step.risk.get(name) for step in steps]
        figure.add_trace(go.Scatter(x=_times(steps), y=values, name=name), row=row, col=1)
    return figure.update_layout(title="Greeks of the taker account", **{**_LAYOUT, "height": 560})


def _surfaces(steps: list[Step]) -> go.Figure:
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    share = [step.surfaces.inside / step.surfaces.left_out if step.surfaces.left_out else None for step in steps]
    inside = go.Scatter(x=_times(steps), y=share, name="left-out quotes: fitted price inside")
    figure.add_trace(inside, secondary_y=False)
    errors = [step.repricing.p99_error for step in steps]
    figure.add_trace(go.Scatter(x=_times(steps), y=errors, name="repricing error, 99 % (coin)"), secondary_y=True)
    return figure.update_layout(title="Surface and repricing", **_LAYOUT)


def _rfqs(report: MonthReport) -> go.Figure:
    figure = go.Figure()
    for structure in sorted({rfq.structure for rfq in report.rfqs}):
        filled = [rfq for rfq in report.rfqs if rfq.structure == structure and rfq.traded_price is not None]
        cost = [
            (rfq.traded_price - rfq.mark_value) * (1 if rfq.side == "buy" else -1)
            for rfq in filled
            if rfq.traded_price is not None and rfq.mark_value is not None
        ]
        figure.add_box(y=cost, name=structure, boxpoints="all")
    return figure.update_layout(title="RFQ price paid over mark value (coin a unit)", **_LAYOUT)
