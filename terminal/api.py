"""REST at ``/api/``: every app's router, one authentication, one way to say no."""

import importlib
import logging
from typing import Any

from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.security import HttpBearer, SessionAuth

from common import rest
from common.errors import NotFound, Refusal
from terminal import registry

log = logging.getLogger(__name__)


class NotAuthenticated(Refusal):
    status = 401


class BadRequest(Refusal):
    status = 400


class Unavailable(Refusal):
    status = 503


class InternalError(Refusal):
    status = 500


class ApiKey(HttpBearer):
    """``Authorization: Bearer <key_id>.<secret>``. A key that is wrong never falls back to the session."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        from accounts import services as accounts_services

        user = accounts_services.authenticate_api_key(token)
        if user is None:
            raise NotAuthenticated("api_key", "the API key is unknown or revoked")
        request.user = user
        return user


class ParleyApi(NinjaAPI):
    """Adds the msgspec types to the schema that django-ninja writes."""

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema.setdefault("components", {}).setdefault("schemas", {}).update(rest.components())
        return schema


api = ParleyApi(
    title="Parley",
    version="1",
    docs_url=None,
    auth=[ApiKey(), SessionAuth(csrf=True)],
    urls_namespace="api",
)


def _refusal_of(error: Exception) -> Refusal:
    """The named answer to whatever a route raised."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, AuthenticationError):
        return NotAuthenticated("not_authenticated", "sign in, or send an API key")
    if isinstance(error, ValidationError):
        first = error.errors[0] if error.errors else {}
        where = ".".join(str(part) for part in first.get("loc", ()))
        return BadRequest("invalid_parameter", f"{where}: {first.get('msg', 'invalid')}", value=first.get("input"))
    if isinstance(error, HttpError):
        refusal = BadRequest("csrf" if error.status_code == 403 else "bad_request", error.message)
        refusal.status = error.status_code
        return refusal
    if isinstance(error, Http404):
        return NotFound("not_found", "there is no such thing")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database unavailable: %s", error)
        return Unavailable("database_unavailable", "the database does not answer; repeat with the same command_id")
    log.exception("a route failed", exc_info=error)
    return InternalError("internal_error", "the request failed and was rolled back; the log names why")


def _answer_error(request: HttpRequest, error: Exception) -> HttpResponse:
    return rest.refuse(_refusal_of(error))


@csrf_exempt
def no_such_route(request: HttpRequest, route: str) -> HttpResponse:
    """Any path below ``/api/`` that no app answers."""
    return rest.refuse(NotFound("no_such_route", "the API has no such route", value=route[:200]))


for _kind in (Refusal, AuthenticationError, ValidationError, HttpError, Http404, Exception):
    api.add_exception_handler(_kind, _answer_error)

for _app in registry.API_APPS:
    if registry.has_module(f"{_app}.api"):
        api.add_router("", importlib.import_module(f"{_app}.api").router)
