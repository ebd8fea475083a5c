"""What the socket does to block RFQs at other venues; ``orders.handlers`` offers it with the rest."""

from orders import services
from orders.command_handlers import Handler, accepting
from wire.client import AcceptVenueRfq, AskVenue, CancelVenueRfq, ClientMessage

ask_venue = accepting("venue_rfq", services.ask_venue)
accept_venue_rfq = accepting("venue_rfq", services.accept_venue_rfq)
cancel_venue_rfq = accepting("venue_rfq", services.cancel_venue_rfq)

SOCKET_HANDLERS: dict[type[ClientMessage], Handler] = {
    AskVenue: ask_venue,
    AcceptVenueRfq: accept_venue_rfq,
    CancelVenueRfq: cancel_venue_rfq,
}
