"""What requests to the simulated venue may carry. Unknown fields are passed over, as the venue does."""

import msgspec


class NoParams(msgspec.Struct):
    pass


class Hello(msgspec.Struct):
    client_name: str = ""
    client_version: str = ""


class Heartbeat(msgspec.Struct):
    interval: int


class Channels(msgspec.Struct):
    channels: list[str]


class ByCurrency(msgspec.Struct):
    currency: str = "any"
    kind: str = "any"
    count: int = 100
    start_timestamp: int = 0
    end_timestamp: int = 2**53
    sorting: str = "desc"


class ByInstrument(msgspec.Struct):
    instrument_name: str
    depth: int = 5
    count: int = 100
    start_timestamp: int = 0
    end_timestamp: int = 2**53
    sorting: str = "desc"


class NewOrder(msgspec.Struct):
    instrument_name: str
    amount: float | None = None
    contracts: float | None = None
    type: str = "limit"
    price: float | None = None
    label: str = ""
    time_in_force: str = "good_til_cancelled"
    post_only: bool = False
    reject_post_only: bool = False
    reduce_only: bool = False


class Edit(msgspec.Struct):
    order_id: str
    amount: float | None = None
    price: float | None = None


class ByOrder(msgspec.Struct):
    order_id: str
    sorting: str = "desc"


class ByLabel(msgspec.Struct):
    label: str
    currency: str = "any"
