"""Sign-in, sign-out, password and second factor: allauth's pages under ``/accounts/``."""

from django.urls import include, path

urlpatterns = [
    path("", include("allauth.urls")),
]
