"""REST of the signed-in user: who am I, my accounts, my API keys."""

import msgspec
import ninja
from django.http import HttpRequest, HttpResponse

from accounts import selectors, services
from accounts.models import User
from common import clock, rest

router = ninja.Router(tags=["accounts"])


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    account_id: int
    firm_id: int
    desk_id: int
    name: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    user_id: int
    username: str
    role: str
    firm_id: int | None
    firm: str
    accounts: list[AccountView]


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    key_id: str
    created_at: str
    revoked_at: str | None


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """``token`` is shown here and never again."""

    key_id: str
    token: str


@router.get("/me", openapi_extra=rest.describe(response=Me))
def me(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    accounts = selectors.list_accounts(user.firm_id) if user.firm_id else []
    return rest.answer(
        Me(
            user_id=user.pk,
            username=user.username,
            role=user.role,
            firm_id=user.firm_id,
            firm=user.firm.name if user.firm else "",
            accounts=[
                AccountView(account_id=row.pk, firm_id=row.firm_id, desk_id=row.desk_id, name=row.name)
                for row in accounts
            ],
        )
    )


@router.get("/api-keys", openapi_extra=rest.describe(response=list[ApiKeyView]))
def list_api_keys(request: HttpRequest) -> HttpResponse:
    return rest.answer(
        [
            ApiKeyView(
                key_id=key.key_id,
                created_at=key.created_at.isoformat(),
                revoked_at=key.revoked_at.isoformat() if key.revoked_at else None,
            )
            for key in selectors.list_api_keys(_user(request))
        ]
    )


@router.post("/api-keys", openapi_extra=rest.describe(response=NewApiKey, status=201))
def create_api_key(request: HttpRequest) -> HttpResponse:
    key_id, secret = services.create_api_key(user=_user(request), actor=rest.actor(request), at=clock.now())
    return rest.answer(NewApiKey(key_id=key_id, token=f"{key_id}.{secret}"), status=201)


@router.delete("/api-keys/{key_id}", openapi_extra=rest.describe(response=None))
def revoke_api_key(request: HttpRequest, key_id: str) -> HttpResponse:
    services.revoke_api_key(user=_user(request), key_id=key_id, actor=rest.actor(request), at=clock.now())
    return HttpResponse(status=204)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "the API's authentication sets the user"
    return request.user
