"""Commands about baskets: many orders from one file, looked at first and placed as one act."""

from typing import Annotated

import msgspec

from wire.client_types import Command, EntityId

BASKET_ROWS_MAX = 100
BASKET_TEXT_MAX = 48_000
"""Characters: with the rest of the message it fits the socket's largest."""
CsvText = Annotated[str, msgspec.Meta(min_length=1, max_length=BASKET_TEXT_MAX)]


class PreviewBasket(Command, tag="basket.preview"):
    """What the file would send, row by row, with notional and margin; changes nothing. ``account_id``: of rows that
    name no account.
    """

    csv: CsvText
    account_id: EntityId


class PlaceBasket(Command, tag="basket.place"):
    """Place these rows of the file, all of them or none. ``rows``: their numbers, the heading is 1; None: every row.

    A row's ``client_order_id`` is the command id of its order: what was placed under it before is not placed again.
    """

    csv: CsvText
    account_id: EntityId
    rows: (
        Annotated[
            tuple[Annotated[int, msgspec.Meta(ge=2, le=10**6)], ...],
            msgspec.Meta(min_length=1, max_length=BASKET_ROWS_MAX),
        ]
        | None
    ) = None
    name: Annotated[str, msgspec.Meta(max_length=80, pattern=r"^[^\x00-\x1f]*$(?!\n)")] = ""
    """Of the file."""


AnyBasketCommand = PreviewBasket | PlaceBasket
