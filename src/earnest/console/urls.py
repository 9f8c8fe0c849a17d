"""The addresses of the console's pages."""

from django.urls import path

from earnest.console.views import (
    decisions,
    deposits,
    providers,
    queue,
    records,
    session,
    workbench,
)

urlpatterns = [
    path("", session.home, name="home"),
    path("sign-in/", session.SignIn.as_view(), name="sign_in"),
    path("sign-out/", session.sign_out, name="sign_out"),
    path("language/", session.language, name="language"),
    path("workbench/", workbench.workbench, name="workbench"),
    path("queue/", queue.queue, name="queue"),
    path("decisions/", decisions.decision_list, name="decisions"),
    path("decisions.csv", decisions.decisions_csv, name="decisions_csv"),
    path("decisions/<uuid:decision_id>/", decisions.decision_page, name="decision"),
    path("decisions/<uuid:decision_id>/replay/", decisions.decision_replay, name="decision_replay"),
    path("decisions/<uuid:decision_id>/settle/", queue.settle, name="decision_settle"),
    path("findings/", decisions.finding_list, name="findings"),
    path("findings.csv", decisions.findings_csv, name="findings_csv"),
    path("providers/", providers.provider_list, name="providers"),
    path("providers/<str:provider_id>/", providers.provider, name="provider"),
    path(
        "providers/<str:provider_id>/deposit/", deposits.provider_deposit, name="provider_deposit"
    ),
    path("providers/<str:provider_id>/relisting/", providers.relisting, name="relisting"),
    path(
        "providers/<str:provider_id>/measures/<slug:measure_name>/<str:period>/",
        providers.measure,
        name="measure",
    ),
    path(
        "providers/<str:provider_id>/measures/<slug:measure_name>/<str:period>/orders.csv",
        providers.measure_csv,
        name="measure_csv",
    ),
    path("shops/", deposits.shop_list, name="shops"),
    path("shops/<str:shop_id>/", deposits.shop, name="shop"),
    path("shortages/", deposits.shortage_list, name="shortages"),
    path("restrictions/", records.restriction_list, name="restrictions"),
    path("rules/", records.rules, name="rules"),
    path("inbox/", records.own_inbox, name="inbox"),
    path("inbox/<uuid:notice_id>/read/", records.notice_read, name="notice_read"),
]
