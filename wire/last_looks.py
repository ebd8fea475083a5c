"""Agreements on last look, as facts, snapshots and REST answers show them."""

import msgspec


class LastLookAgreementView(msgspec.Struct, frozen=True, kw_only=True):
    """``state``: proposed, in_force or ended.

    is_of_house: one person of the house proposed it for both firms, a second one agrees in their stead.
    is_end_asked: one person of the house asked for its end; it is in force until a second one agrees.
    """

    agreement_id: int
    maker_firm_id: int
    maker_name: str
    taker_firm_id: int
    taker_name: str
    window_ms: int
    tolerance_basis_points: str
    state: str
    has_maker_agreed: bool
    has_taker_agreed: bool
    is_of_house: bool
    is_end_asked: bool
