"""What the pairs' gateway reports, applied; and what people ask of the pairs."""

from pairs.services.projecting import apply_reported
from pairs.services.steering import apply_refused, steer_pairs

__all__ = ["apply_refused", "apply_reported", "steer_pairs"]
