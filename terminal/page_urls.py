"""Routes of the pages."""

from django.urls import include, path

from terminal import last_look_views, record_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("terminal/", views.terminal, name="terminal"),
    path("algos/", views.parents, name="parents"),
    path("baskets/", views.baskets, name="baskets"),
    path("pairs/", views.pairs, name="pairs"),
    path("bookings/", views.bookings, name="bookings"),
    path("maker-groups/", views.maker_groups, name="maker_groups"),
    path("maker/", views.maker, name="maker"),
    path("risk/", views.own_risk, name="own_risk"),
    path("risk/<int:account_id>/", views.risk, name="risk"),
    path("history/", record_views.rfq_history, name="rfq_history"),
    path("history/<int:rfq_id>/", record_views.rfq_record, name="rfq_record"),
    path("history/<int:rfq_id>/pack/<slug:form>/", record_views.rfq_pack, name="rfq_pack"),
    path("history/<int:rfq_id>/trades/<int:trade_id>/correct/", record_views.ask_correction, name="ask_correction"),
    path(
        "history/<int:rfq_id>/corrections/<int:correction_id>/",
        record_views.decide_correction,
        name="decide_correction",
    ),
    path("confirmations/<int:trade_id>/<slug:form>/", record_views.trade_confirmation, name="trade_confirmation"),
    path("last-looks/", last_look_views.agreements, name="last_looks"),
    path("last-looks/propose/", last_look_views.propose, name="propose_last_look"),
    path("last-looks/<int:agreement_id>/agree/", last_look_views.agree, name="agree_last_look"),
    path("last-looks/<int:agreement_id>/end/", last_look_views.end, name="end_last_look"),
    path("tape/", record_views.block_tape, name="block_tape"),
    path("scores/", record_views.desk_scores, name="desk_scores"),
    path("compliance/", include("compliance.urls")),
]
