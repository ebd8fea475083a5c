"""Pages: the shell around what streams. The data arrives over the socket and REST."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse

from accounts import roles
from accounts import selectors as accounts_selectors
from common.actor import session_name
from common.errors import NotFound
from common.permissions import require_role
from compliance import views as compliance_views
from pairs import selectors as pairs_selectors
from risk import selectors as risk_selectors
from wire.instruments import COINS
from wire.quoting import BOUNDS

TRADER, CLIENT, COMPLIANCE, ADMIN = "trader", "client", "compliance", "admin"
HOMES = {TRADER: "terminal", CLIENT: "maker", COMPLIANCE: "compliance:search", ADMIN: "compliance:search"}
ASKING_PAGES = ("terminal", "maker_groups")
ORDER_PAGES = (("parents", "Orders"), ("baskets", "Baskets"), ("bookings", "Bookings"))
RECORD_PAGES = (
    ("rfq_history", "History"),
    ("block_tape", "Tape"),
    ("desk_scores", "Scores"),
    ("last_looks", "Last look"),
)
PAGES = {
    TRADER: (("terminal", "Terminal"), *ORDER_PAGES, ("own_risk", "Risk")),
    CLIENT: (("maker", "Quotes"), ("own_risk", "Risk"), *RECORD_PAGES),
    COMPLIANCE: compliance_views.PAGES,
    ADMIN: compliance_views.PAGES,
}
MENUS = {TRADER: ("Record", RECORD_PAGES)}
"""Pages behind one word, where all of them would push the header off a small screen."""


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Each role has its own first page."""
    return redirect(HOMES.get(_user(request).role, "account_logout"))


@require_role(TRADER)
def terminal(request: HttpRequest) -> HttpResponse:
    return _live(request, "terminal", "js/pages/terminal.js", _accounts(request))


@require_role(TRADER)
def parents(request: HttpRequest) -> HttpResponse:
    """Parent orders: their algorithms, children and fills."""
    return _live(request, "parents", "js/pages/parents.js", _accounts(request))


@require_role(TRADER)
def baskets(request: HttpRequest) -> HttpResponse:
    """Many orders from one file."""
    return _live(request, "baskets", "js/pages/baskets.js", _accounts(request))


@require_role(TRADER)
def pairs(request: HttpRequest) -> HttpResponse:
    """Pairs of equities that the gateway trades by itself."""
    return _live(request, "pairs", "js/pages/pairs.js", _accounts(request))


@require_role(TRADER)
def bookings(request: HttpRequest) -> HttpResponse:
    """Fills entered by hand, their corrections, and allocations."""
    return _live(request, "bookings", "js/pages/bookings.js", _accounts(request))


@require_role(TRADER)
def maker_groups(request: HttpRequest) -> HttpResponse:
    return _live(request, "maker_groups", "js/pages/maker_groups.js", _accounts(request))


@require_role(CLIENT)
def maker(request: HttpRequest) -> HttpResponse:
    return _live(request, "maker", "js/pages/maker.js", _accounts(request))


@require_role(TRADER, CLIENT)
def own_risk(request: HttpRequest) -> HttpResponse:
    """The risk view of the user's first account."""
    accounts = _accounts(request)
    if not accounts:
        raise Http404("the firm has no account")
    return redirect("risk", account_id=accounts[0].id)


@require_role(TRADER, CLIENT)
def risk(request: HttpRequest, account_id: int) -> HttpResponse:
    """One account, which must be of the user's firm."""
    try:
        account = accounts_selectors.get_account_for(_user(request), account_id)
    except NotFound as error:
        raise Http404(error.message) from error
    return _live(request, "risk", "js/pages/risk.js", [account], account=account)


def _live(request: HttpRequest, page: str, script: str, accounts: list[Any], *, account: Any = None) -> HttpResponse:
    context = {
        "script": script,
        "account": account,
        "navigation": navigation(request, page),
        "config": _page_config(request, page, accounts),
    }
    return render(request, f"terminal/{page}.html", context)


def _page_config(request: HttpRequest, page: str, accounts: list[Any]) -> dict[str, Any]:
    """What the page's modules start from. No secret, nothing of another firm but, for takers, the makers' names."""
    user = _user(request)
    return {
        "page": page,
        "user": _who(user),
        "accounts": [{"id": account.id, "name": account.name} for account in accounts],
        "makers": _makers(user, page),
        "instrumentsUrl": reverse("api:list_instruments"),
        "socketPath": "/ws/",
        "signInUrl": f"{reverse('account_login')}?next={request.path}",
        "graceMs": settings.RFQ_GRACE_MS,
        "makerGroupsUrl": reverse("maker_groups"),
        "plotlyUrl": static("vendor/plotly.min.js"),
        "isKilled": _is_killed(user),
        **(_maker_config(request) if page == "maker" else {}),
        **({"people": _people(user)} if page == "bookings" else {}),
    }


def _who(user: Any) -> dict[str, Any]:
    return {
        "id": user.pk,
        "name": user.username,
        "role": user.role,
        "firmId": user.firm_id,
        "deskId": user.desk_id,
    }


def _makers(user: Any, page: str) -> list[dict[str, Any]]:
    """Whom a taker may ask, where it chooses. A maker's page has no use for its rivals' names."""
    if not roles.is_trader(user) or page not in ASKING_PAGES:
        return []
    return [{"id": firm.id, "name": firm.name} for firm in accounts_selectors.maker_firms()]


def _maker_config(request: HttpRequest) -> dict[str, Any]:
    """What the auto-quoter's panel shows of each parameter: low, high, unit, meaning; and whose sessions are whose."""
    return {
        "quoterBounds": {name: list(bound) for name, bound in BOUNDS.items()},
        "coins": list(COINS),
        "session": session_name(session_key=request.session.session_key or ""),
        "people": _people(_user(request)),
    }


def _people(user: Any) -> dict[int, str]:
    """Names of the people of the user's firm."""
    return {person.pk: person.username for person in accounts_selectors.people_of(user.firm_id)}


def _is_killed(user: Any) -> bool:
    """Whether the kill switch of the user's firm is engaged; later changes arrive as facts."""
    state = risk_selectors.find_control_state("firm", user.firm_id or 0)
    return state is not None and state.is_killed


def navigation(request: HttpRequest, current: str) -> list[dict[str, Any]]:
    """The pages of the user's role, the current one marked; a menu has ``pages`` of its own. Pairs are a page of those
    whose pairs are traded.
    """
    names = {"risk": "own_risk", "maker_groups": "terminal"}
    current, role = names.get(current, current), _user(request).role
    items = _links(PAGES.get(role, ()), current)
    if role == TRADER and (current == "pairs" or pairs_selectors.has_desk(_user(request))):
        items[-1:-1] = _links((("pairs", "Pairs"),), current)
    if role in MENUS:
        title, pages = MENUS[role]
        links = _links(pages, current)
        items.append({"title": title, "pages": links, "is_current": any(link["is_current"] for link in links)})
    return items


def _links(pages: Iterable[tuple[str, str]], current: str) -> list[dict[str, Any]]:
    return [{"url": reverse(name), "title": title, "is_current": name == current} for name, title in pages]


def _accounts(request: HttpRequest) -> list[Any]:
    return list(accounts_selectors.accounts_of(_user(request)))


def _user(request: HttpRequest) -> Any:
    return request.user
