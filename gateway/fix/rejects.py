"""The body of a session reject (35=3), as much as each version of FIX knows."""

from gateway.fix.message import Field, Message

LAST_REASON_OF_FIX42, INVALID_TAG = 11, 0
LOCATIONS = 144
"""OnBehalfOfLocationID: FIX 4.0 has none yet."""
ROUTES = {115: 128, 116: 129, 128: 115, 129: 116, 144: 145, 145: 144}
"""A reject goes back the way that the message came."""


def reject_body(begin_string: str, message: Message, reason: int, tag: int, text: str) -> list[Field]:
    """Body of a session reject, as much as the version knows."""
    known = ROUTES if begin_string != "FIX.4.0" else {tag: back for tag, back in ROUTES.items() if tag < LOCATIONS}
    routes = [(there, message.find(here)) for here, there in known.items() if message.find(here)]
    names_tag = bool(tag) or reason == INVALID_TAG
    if begin_string < "FIX.4.2":
        return [*routes, (45, str(message.sequence)), (58, f"{text} ({tag})" if names_tag else text)]
    body: list[Field] = [(45, str(message.sequence)), (58, text), (372, message.type)]
    body += [(371, str(tag))] if names_tag else []
    if begin_string != "FIX.4.2" or reason <= LAST_REASON_OF_FIX42:
        body.append((373, str(reason)))
    return [*routes, *sorted(body)]
