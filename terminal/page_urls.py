"""Routes of the pages."""

from django.urls import include, path

from terminal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("terminal/", views.terminal, name="terminal"),
    path("maker/", views.maker, name="maker"),
    path("risk/", views.own_risk, name="own_risk"),
    path("risk/<int:account_id>/", views.risk, name="risk"),
    path("compliance/", include("compliance.urls")),
]
