"""Routes of the web process."""

from django.contrib import admin
from django.urls import include, path

from terminal.api import api, no_such_route
from terminal.health import healthz

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("accounts.urls")),
    path("api/", api.urls),
    path("api/<path:route>", no_such_route),
    path("healthz", healthz, name="healthz"),
    path("", include("terminal.page_urls")),
]
