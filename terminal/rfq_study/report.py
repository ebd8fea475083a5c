"""``rfq_study.json`` and ``rfq_study.html``."""

from pathlib import Path

import msgspec
import plotly.graph_objects as go
from django.template.loader import render_to_string

from terminal.rfq_study.record import StudyReport

_LAYOUT = {"template": "plotly_white", "height": 420, "margin": {"l": 60, "r": 20, "t": 50, "b": 40}}


def write_report(report: StudyReport, folder: Path) -> tuple[Path, Path]:
    """Write both files into ``folder``; returns their paths, HTML first. The same study gives the same JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    page, figures = folder / "rfq_study.html", folder / "rfq_study.json"
    figures.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1))
    plots = [_income(report), _markups(report), _markouts(report)]
    context = {
        "report": report,
        "plots": [plot.to_html(full_html=False, include_plotlyjs=number == 0) for number, plot in enumerate(plots)],
    }
    page.write_text(render_to_string("rfq_study/report.html", context), encoding="utf-8")
    return page, figures


def _income(report: StudyReport) -> go.Figure:
    figure = go.Figure()
    for maker in dict.fromkeys(row.maker for row in report.months):
        mine = [row for row in report.months if row.maker == maker]
        figure.add_bar(x=[row.month for row in mine], y=[row.total for row in mine], name=maker)
    return figure.update_layout(title="Hedged income by month (USD, costs included)", barmode="group", **_LAYOUT)


def _markups(report: StudyReport) -> go.Figure:
    traded = [row for row in report.strategies if row.taken]
    figure = go.Figure(go.Bar(x=[row.strategy for row in traded], y=[row.markup.vol_points for row in traded]))
    return figure.update_layout(title="Paid over the fair mid (vol points of gross vega)", **_LAYOUT)


def _markouts(report: StudyReport) -> go.Figure:
    rows = report.markouts
    error = {
        "type": "data",
        "symmetric": False,
        "array": [row.high_usd - row.mean_usd for row in rows],
        "arrayminus": [row.mean_usd - row.low_usd for row in rows],
    }
    bars = go.Bar(x=[row.horizon for row in rows], y=[row.mean_usd for row in rows], error_y=error)
    return go.Figure(bars).update_layout(title="Hedged income of a trade after its horizon (USD, 95 %)", **_LAYOUT)
