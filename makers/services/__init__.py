"""What a maker can do besides quoting. Each service is one transaction and happens once."""

from makers.services.passes import pass_rfq, tell_takers
from makers.services.quoter import keep_decisions, lay_down_quoter, report_quoter, set_quoter

__all__ = ["keep_decisions", "lay_down_quoter", "pass_rfq", "report_quoter", "set_quoter", "tell_takers"]
