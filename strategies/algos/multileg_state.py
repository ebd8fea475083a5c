"""Where a multi-leg order stands: everything that its next step depends on. Quantities of the structure are steps."""

import msgspec

from strategies.algos.state import WorkedState, WorkingOrder
from wire.multileg import LegStanding, LegTask, MultilegStanding, MultilegTerms


class LegOrder(WorkingOrder, frozen=True, kw_only=True):
    leg: int
    task: LegTask
    entered_at_ns: int = 0


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """What a leg has traded, all of it and (``batch_*``) since all legs were last whole."""

    filled_lots: int = 0
    tick_lots: int = 0
    unwound_lots: int = 0
    unwound_tick_lots: int = 0
    batch_lots: int = 0
    batch_tick_lots: int = 0

    @property
    def net_lots(self) -> int:
        return self.filled_lots - self.unwound_lots


class MultilegState(WorkedState, frozen=True, kw_only=True):
    """``base_steps``: whole when the batch began. ``unmatched_since_ns`` 0: all legs are whole.

    ``is_late``: what stands alone has stood too long; ``late_from_steps`` were whole by then. ``is_unwinding``: it is
    traded back, which nothing undoes.
    """

    legs: tuple[Leg, ...]
    base_steps: int = 0
    children: tuple[LegOrder, ...] = ()
    unmatched_since_ns: int = 0
    is_late: bool = False
    late_from_steps: int = 0
    is_unwinding: bool = False
    problem: str = ""

    @property
    def multileg(self) -> MultilegTerms:
        assert self.terms.multileg is not None, "the state of a multi-leg order"
        return self.terms.multileg

    @property
    def matched_steps(self) -> int:
        """Of which every leg has traded."""
        return min(leg.net_lots // terms.lots for leg, terms in zip(self.legs, self.multileg.legs, strict=True))

    @property
    def begun_steps(self) -> int:
        """Of which some leg has traded."""
        return max(-(-leg.net_lots // terms.lots) for leg, terms in zip(self.legs, self.multileg.legs, strict=True))

    @property
    def unmatched_steps(self) -> int:
        return self.begun_steps - self.matched_steps

    @property
    def quantity_steps(self) -> int:
        """What it is for; a quantity that was lowered too late is what had begun by then."""
        return max(self.terms.quantity_lots, self.begun_steps)

    @property
    def executed_lots(self) -> int:
        return self.matched_steps

    @property
    def working_lots(self) -> int:
        """Steps of which some leg works."""
        return max(-(-self.leg_working_lots(index) // terms.lots) for index, terms in enumerate(self.multileg.legs))

    @property
    def quote(self) -> LegOrder | None:
        return next((child for child in self.children if child.task is LegTask.QUOTE), None)

    def leg_working_lots(self, leg: int) -> int:
        """What may still trade on the leg's own side."""
        return sum(
            child.leaves_lots for child in self.children if child.leg == leg and child.task is not LegTask.UNWIND
        )

    @property
    def standing(self) -> MultilegStanding:
        legs = tuple(
            LegStanding(
                filled_lots=leg.filled_lots,
                tick_lots=leg.tick_lots,
                unwound_lots=leg.unwound_lots,
                unwound_tick_lots=leg.unwound_tick_lots,
                working_lots=self.leg_working_lots(index),
            )
            for index, leg in enumerate(self.legs)
        )
        return MultilegStanding(
            quantity_steps=self.quantity_steps,
            matched_steps=self.matched_steps,
            unmatched_steps=self.unmatched_steps,
            unmatched_since_ns=self.unmatched_since_ns,
            is_late=self.is_late,
            legs=legs,
            problem=self.problem,
        )
