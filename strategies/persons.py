"""Which RFQs the auto-quoter leaves to a person: those that one passed, and those that one prices."""

from collections.abc import Collection

from wire.quoting import PassView


class Persons:
    """By RFQ. What the quoter had under way when a person passed is still the quoter's, to take back."""

    def __init__(self) -> None:
        self._left_alone: set[int] = set()
        self._passed: set[int] = set()

    def keeps(self, rfq_id: int) -> bool:
        """Whether the quoter does nothing there."""
        return rfq_id in self._left_alone

    def passed(self, rfq_id: int) -> bool:
        """Whether what stands there of the quoter was under way when a person passed."""
        return rfq_id in self._passed

    def quotes(self, rfq_id: int) -> bool:
        """Whether what stands there may be a person's."""
        return rfq_id in self._left_alone and rfq_id not in self._passed

    def take_pass(self, passed: PassView) -> None:
        self._left_alone.add(passed.rfq_id)
        self._passed.add(passed.rfq_id)

    def take_kept_pass(self, passed: PassView, *, has_begun: bool) -> None:
        """Of a snapshot. The person may have thought better of a known one; a quoter that begins sent nothing yet."""
        if self.keeps(passed.rfq_id):
            return
        self._left_alone.add(passed.rfq_id)
        if has_begun:
            self._passed.add(passed.rfq_id)

    def take_quote(self, rfq_id: int) -> None:
        self._left_alone.add(rfq_id)
        self._passed.discard(rfq_id)

    def forget(self, rfq_id: int) -> None:
        self._left_alone.discard(rfq_id)
        self._passed.discard(rfq_id)

    def keep_only(self, rfq_ids: Collection[int]) -> None:
        self._left_alone.intersection_update(rfq_ids)
        self._passed.intersection_update(rfq_ids)
