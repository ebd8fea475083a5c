"""Who may open a page."""

import functools
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def require_role(*roles: str) -> Callable[[View], View]:
    """Only signed-in users with one of ``roles``; others are shown the 403 page, strangers the sign-in page."""

    def wrap(view: View) -> View:
        @login_required
        @functools.wraps(view)
        def checked(request: HttpRequest, *arguments: Any, **keywords: Any) -> HttpResponse:
            role = getattr(request.user, "role", "")
            if role not in roles:
                raise PermissionDenied(f"It is for {' and '.join(roles)}; your role is {role or 'not set'}.")
            return view(request, *arguments, **keywords)

        return checked

    return wrap
