"""The makers' desk over REST: the messages of the socket, into the same services."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts import roles
from common import rest
from common.errors import NotAllowed, Refusal
from makers import handlers, selectors
from wire.client import Command, CommandAccepted, PassRfq, SetQuoter
from wire.quoting import CounterpartyStatistics, KeptDecision, QuoterView

router = Router(tags=["makers"])


@router.post("/rfqs/{rfq_id}/pass", openapi_extra=rest.describe(request=PassRfq, response=CommandAccepted))
def pass_rfq(request: HttpRequest, rfq_id: int) -> HttpResponse:
    """Do not quote an RFQ, for a reason."""
    message = rest.decode(request, PassRfq)
    if message.rfq_id != rfq_id:
        raise Refusal(
            "id_mismatch", "The rfq_id of the body is not that of the address.", value=message.rfq_id, bound=rfq_id
        )
    return _perform(request, message)


@router.get("/maker/quoter", openapi_extra=rest.describe(response=QuoterView))
def get_quoter(request: HttpRequest) -> HttpResponse:
    """Parameters of your firm's auto-quoter, and the version in force."""
    return rest.answer(selectors.get_quoter(_firm_id(request)))


@router.put("/maker/quoter", openapi_extra=rest.describe(request=SetQuoter, response=CommandAccepted))
def set_quoter(request: HttpRequest) -> HttpResponse:
    """Change the parameters: all of them, over the version that you read."""
    return _perform(request, rest.decode(request, SetQuoter))


@router.get("/maker/counterparties", openapi_extra=rest.describe(response=list[CounterpartyStatistics]))
def list_counterparties(request: HttpRequest) -> HttpResponse:
    """What your auto-quoter saw of its takers."""
    return rest.answer(selectors.list_counterparties(_firm_id(request)))


@router.get("/maker/quotes/{quote_id}/decisions", openapi_extra=rest.describe(response=list[KeptDecision]))
def list_decisions(request: HttpRequest, quote_id: int) -> HttpResponse:
    """What the versions of your own quote were made of, newest first."""
    return rest.answer(selectors.list_decisions(_firm_id(request), quote_id))


def _perform(request: HttpRequest, message: Command) -> HttpResponse:
    return rest.answer(handlers.perform(request.user, rest.actor(request), message))  # type: ignore[arg-type]  # authenticated by the API


def _firm_id(request: HttpRequest) -> int:
    user = request.user
    if not roles.is_maker(user):  # type: ignore[arg-type]  # authenticated by the API
        raise NotAllowed("role", "Only makers have an auto-quoter.", value=getattr(user, "role", ""), bound="client")
    firm_id = getattr(user, "firm_id", None)
    assert firm_id is not None, "a maker has a firm"
    return int(firm_id)
