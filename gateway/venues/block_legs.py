"""Legs of acceptances on their way through the risk gate: they leave together once all have passed, or none does. No
I/O, time is an argument.
"""

import dataclasses

from wire.gateway_routes import PlaceRoute

GATHERING_NS_MAX = 5 * 10**9
"""The legs of an acceptance are commands of one transaction: those that are not here by then will not come."""


@dataclasses.dataclass(slots=True)
class _Gathered:
    legs: int
    since_ns: int
    admitted: list[PlaceRoute] = dataclasses.field(default_factory=list)
    refused: int = 0


class BlockLegs:
    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}

    def admit(self, command: PlaceRoute, now_ns: int) -> tuple[list[PlaceRoute], list[PlaceRoute]]:
        """(all legs, where the last one has passed; legs that will not leave)."""
        found = self._find(command, now_ns)
        found.admitted.append(command)
        if found.refused:
            return [], self._pass_over(command, found)
        if len(found.admitted) < found.legs:
            return [], []
        return self._end(command).admitted, []

    def refuse(self, command: PlaceRoute, now_ns: int) -> list[PlaceRoute]:
        """The risk gate does not take a leg: those that it took, and that will not leave now."""
        found = self._find(command, now_ns)
        found.refused += 1
        return self._pass_over(command, found)

    def give_up(self, now_ns: int) -> list[PlaceRoute]:
        """Legs whose others did not come: the process ended between them."""
        late = [key for key, found in self._gathered.items() if now_ns - found.since_ns > GATHERING_NS_MAX]
        return [leg for key in late for leg in self._gathered.pop(key).admitted]

    def _pass_over(self, command: PlaceRoute, found: _Gathered) -> list[PlaceRoute]:
        legs, found.admitted = found.admitted, []
        found.legs -= len(legs)
        if found.legs <= found.refused:
            self._end(command)
        return legs

    def _find(self, command: PlaceRoute, now_ns: int) -> _Gathered:
        assert command.block is not None, "only legs of an acceptance are gathered"
        return self._gathered.setdefault(command.block.acceptance, _Gathered(command.block.legs, now_ns))

    def _end(self, command: PlaceRoute) -> _Gathered:
        assert command.block is not None, "only legs of an acceptance are gathered"
        return self._gathered.pop(command.block.acceptance)
