"""REST with the same messages as the socket: decode a body, encode an answer, describe both for OpenAPI."""

from typing import Any, TypeVar

import msgspec
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from common import decoding
from common.actor import Actor, session_name
from common.errors import Refusal

T = TypeVar("T")

_REFERENCE = "#/components/schemas/{name}"
_components: dict[str, Any] = {}
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_encode = msgspec.json.Encoder().encode


class RefusalBody(msgspec.Struct, frozen=True, kw_only=True):
    """What every refused request is answered with; the same fields as ``command_refused`` on the socket."""

    reason: str
    message: str
    value: str | None = None
    bound: str | None = None


def decode(request: HttpRequest, message_type: type[T]) -> T:
    """The request's body as ``message_type``; its tag may be left out. Raises decoding.Malformed or TooLarge."""
    content_type = request.content_type or ""
    if content_type != "application/json":
        raise decoding.Malformed(
            "content_type", "the body must be application/json", value=content_type, bound="application/json"
        )
    try:
        body = request.body
    except RequestDataTooBig as error:
        size = request.META.get("CONTENT_LENGTH")
        raise decoding.TooLarge(
            "message_too_large", "the body is too large", value=size, bound=settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        ) from error
    decoder = _decoders.get(message_type)
    if decoder is None:
        decoder = _decoders[message_type] = msgspec.json.Decoder(message_type)
    message: T = decoding.decode(decoder, body)
    return message


def convert(values: dict[str, Any], message_type: type[T], *, strict: bool = True) -> T:
    """Values of a path and a query as ``message_type``. Raises decoding.Malformed.

    strict: False also reads numbers from text, as a form sends them.
    """
    try:
        return msgspec.convert(values, message_type, strict=strict)
    except msgspec.ValidationError as error:
        raise decoding.Malformed("invalid_message", str(error)) from error


def answer(value: Any, status: int = 200) -> HttpResponse:
    """JSON of a struct, or of a list of structs."""
    return HttpResponse(_encode(value), status=status, content_type="application/json")


def refuse(refusal: Refusal) -> HttpResponse:
    body = RefusalBody(reason=refusal.reason, message=refusal.message, value=refusal.value, bound=refusal.bound)
    return answer(body, status=refusal.status)


def actor(request: HttpRequest) -> Actor:
    """Who asks, for the audit record. The user must have been authenticated."""
    user = request.user
    assert user.is_authenticated, "a route without authentication has no actor"
    return Actor(
        user_id=user.pk,
        firm_id=getattr(user, "firm_id", None),
        via="rest",
        remote_address=request.META.get("REMOTE_ADDR", ""),
        session=_session(request),
    )


def _session(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return session_name(token=token.strip())
    session = getattr(request, "session", None)
    return session_name(session_key=(session.session_key or "") if session is not None else "")


def describe(*, request: Any = None, response: Any = None, status: int = 200) -> dict[str, Any]:
    """``openapi_extra`` of an operation: msgspec types of its body and of its answer."""
    extra: dict[str, Any] = {"responses": {"default": _content(RefusalBody, "refused")}}
    if request is not None:
        extra["requestBody"] = {**_content(request, ""), "required": True}
        del extra["requestBody"]["description"]
    if response is not None:
        extra["responses"][str(status)] = _content(response, "done")
    return extra


def components() -> dict[str, Any]:
    """Schemas of every type that was described, by name."""
    return dict(sorted(_components.items()))


def _content(described: Any, description: str) -> dict[str, Any]:
    (schema,), named = msgspec.json.schema_components([described], ref_template=_REFERENCE)
    for name, component in named.items():
        assert _components.setdefault(name, component) == component, f"two types are named {name}"
    return {"description": description, "content": {"application/json": {"schema": schema}}}
