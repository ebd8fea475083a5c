"""Routes of the compliance pages."""

from django.urls import path

from compliance import algo_views, fix_views, venue_views, views

app_name = "compliance"

urlpatterns = [
    path("", views.search, name="search"),
    path("orders/<int:order_id>/", views.order, name="order"),
    path("orders/<int:order_id>/export/", views.export_order, name="export_order"),
    path("rfqs/<int:rfq_id>/", views.rfq, name="rfq"),
    path("rfqs/<int:rfq_id>/export/", views.export_rfq, name="export_rfq"),
    path("books/", views.books, name="books"),
    path("controls/", views.controls, name="controls"),
    path("controls/<int:release_id>/approve/", views.approve, name="approve"),
    path("overrides/<int:override_id>/approve/", views.approve_override, name="approve_override"),
    path("controls/enable/", views.ask_to_enable, name="enable"),
    path("settings/", views.settings, name="settings"),
    path("settings/<slug:name>/", views.set_control, name="set_control"),
    path("algos/", algo_views.algos, name="algos"),
    path("algos/caps/<int:strategy_id>/", algo_views.set_caps, name="set_caps"),
    path("algos/desks/<int:desk_id>/", algo_views.propose_policy, name="propose_policy"),
    path("algos/policies/<int:proposal_id>/", algo_views.decide_policy, name="decide_policy"),
    path("fix/", fix_views.sessions, name="fix"),
    path("fix/<int:session_id>/reset/", fix_views.reset, name="reset_fix"),
    path("venues/", venue_views.venues, name="venues"),
    path("settings/desk/<int:firm_id>/", views.propose_desk_limits, name="propose_desk_limits"),
    path("settings/desk/proposals/<int:proposal_id>/", views.decide_desk_limits, name="decide_desk_limits"),
    path("trail/", views.trail, name="trail"),
    path("trail/verify/", views.verify, name="verify"),
]
