"""Where a bracket stands: everything that its next step depends on."""

from strategies.algos.state import WorkedState, WorkingOrder
from wire.brackets import BracketRole, BracketStage, BracketStanding, BracketTerms
from wire.units import Side


class BracketChild(WorkingOrder, frozen=True, kw_only=True):
    role: BracketRole
    entered_at_ns: int = 0


class BracketState(WorkedState, frozen=True, kw_only=True):
    """``opened_lots``: what there is to close, of an OCO from its start all of it. ``closed_lots``: what exits traded.

    ``released_lots``: what the position lost elsewhere. ``is_stopped``: the stop was reached, which nothing undoes.
    ``executed_*``: of the orders on the parent's side.
    """

    executed_lots: int = 0
    executed_tick_lots: int = 0
    opened_lots: int = 0
    closed_lots: int = 0
    closed_tick_lots: int = 0
    released_lots: int = 0
    children: tuple[BracketChild, ...] = ()
    is_entry_over: bool = False
    is_stopped: bool = False
    problem: str = ""

    @property
    def bracket(self) -> BracketTerms:
        assert self.terms.bracket is not None, "the state of a bracket"
        return self.terms.bracket

    @property
    def exit_side(self) -> Side:
        return self.terms.side.opposite if self.bracket.has_entry else self.terms.side

    @property
    def exits(self) -> tuple[BracketChild, ...]:
        return tuple(child for child in self.children if child.role is not BracketRole.ENTRY)

    @property
    def entry_leaves_lots(self) -> int:
        """What may still be entered, working or not."""
        return 0 if self.is_entry_over or self.is_stopped else self.terms.quantity_lots - self.opened_lots

    @property
    def open_lots(self) -> int:
        """What is open and not closed; the exits are for these."""
        return self.opened_lots - self.closed_lots - self.released_lots

    @property
    def working_lots(self) -> int:
        return sum(child.leaves_lots for child in self.children)

    @property
    def stage(self) -> BracketStage:
        if self.is_stopped:
            return BracketStage.STOPPED
        return BracketStage.PROTECTED if self.opened_lots else BracketStage.ENTERING

    @property
    def standing(self) -> BracketStanding:
        return BracketStanding(
            stage=self.stage,
            opened_lots=self.opened_lots,
            closed_lots=self.closed_lots,
            released_lots=self.released_lots,
            exit_working_lots=sum(child.leaves_lots for child in self.exits),
            closed_tick_lots=self.closed_tick_lots,
            problem=self.problem,
        )
