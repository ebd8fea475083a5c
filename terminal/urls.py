"""Routes of the web process."""

from django.contrib import admin
from django.urls import include, path

from terminal.api import api, no_such_route
from terminal.health import healthz

AUDITED_APPS = frozenset({"accounts"})


def _leave_what_is_audited() -> None:
    """Libraries bring admin pages of their own, whose changes would leave no audit record."""
    for model in list(admin.site._registry):
        if model._meta.app_label not in AUDITED_APPS:
            admin.site.unregister(model)


_leave_what_is_audited()

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("api/", api.urls),
    path("api/<path:route>", no_such_route),
    path("healthz", healthz, name="healthz"),
    path("", include("terminal.page_urls")),
]
