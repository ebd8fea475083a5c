"""REST at ``/api/``: every app's router, one authentication, one way to say no."""

import importlib
import logging
from collections.abc import Callable
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
FORBIDDEN = 403


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


def _of_refusal(error: Refusal) -> Refusal:
    return error


def _of_authentication(error: AuthenticationError) -> Refusal:
    return NotAuthenticated("not_authenticated", "sign in, or send an API key")


def _of_validation(error: ValidationError) -> Refusal:
    first = error.errors[0] if error.errors else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    return BadRequest("invalid_parameter", f"{where}: {first.get('msg', 'invalid')}", value=first.get("input"))


def _of_http_error(error: HttpError) -> Refusal:
    refusal = BadRequest("csrf" if error.status_code == FORBIDDEN else "bad_request", error.message)
    refusal.status = error.status_code
    return refusal


def _of_missing(error: Http404) -> Refusal:
    return NotFound("not_found", "there is no such thing")


def _of_database(error: Exception) -> Refusal:
    log.warning("a route did not reach the database: %s", error)
    return Unavailable("database_unavailable", "the database does not answer; repeat with the same command_id")


def _of_bug(error: Exception) -> Refusal:
    log.error("a route failed", exc_info=error)
    return InternalError("internal_error", "the request failed and was rolled back; the log names why")


REFUSALS: dict[type[Exception], Callable[[Any], Refusal]] = {
    Refusal: _of_refusal,
    AuthenticationError: _of_authentication,
    ValidationError: _of_validation,
    HttpError: _of_http_error,
    Http404: _of_missing,
    OperationalError: _of_database,
    InterfaceError: _of_database,
    Exception: _of_bug,
}
"""The named answer to whatever a route raised; the closest class counts."""


def _answering(refusal_of: Callable[[Any], Refusal]) -> Callable[[HttpRequest, Any], HttpResponse]:
    def answer(_request: HttpRequest, error: Any) -> HttpResponse:
        return rest.refuse(refusal_of(error))

    return answer


@csrf_exempt
def no_such_route(request: HttpRequest, route: str) -> HttpResponse:
    """Any path below ``/api/`` that no app answers."""
    return rest.refuse(NotFound("no_such_route", "the API has no such route", value=route[:200]))


for _kind, _refusal_of in REFUSALS.items():
    api.add_exception_handler(_kind, _answering(_refusal_of))

for _app in registry.API_APPS:
    api.add_router("", importlib.import_module(f"{_app}.api").router)
