"""Addresses of a signed-in person's own pages."""

from django.urls import path

from . import cases, communities, dashboard, data, items, replications, runs, submissions

urlpatterns = [
    path("", dashboard.dashboard, name="my"),
    path("account/", data.account, name="my-account"),
    path("account/download/", data.download, name="my-data"),
    path("account/erase/", data.erase, name="my-erase"),
    path("cases/new/", cases.new, name="case-new"),
    path("cases/<slug:key>/", cases.edit, name="case-edit"),
    path("cases/<slug:key>/autosave/", cases.autosave, name="case-autosave"),
    path("cases/<slug:key>/preview/", cases.preview, name="case-preview"),
    path("cases/<slug:key>/people/", cases.people, name="case-people"),
    path("cases/<slug:key>/replicate/", replications.replicate, name="replicate"),
    path("cases/<slug:key>/replications/", replications.replications, name="case-replications"),
    path("communities/", communities.new, name="community-new"),
    path("communities/<slug:slug>/", communities.community, name="community-steward"),
    path("items/", items.items, name="my-items"),
    path("items/new/", items.new, name="item-new"),
    path("items/<slug:key>/", items.edit, name="item-edit"),
    path("calls/<slug:slug>/apply/", submissions.start, name="apply"),
    path("submissions/<slug:key>/", submissions.submission, name="submission"),
    path("submissions/<slug:key>/autosave/", submissions.autosave, name="submission-autosave"),
    path("submissions/<slug:key>/submit/", submissions.submit, name="submission-submit"),
    path("submissions/<slug:key>/withdraw/", submissions.withdraw, name="submission-withdraw"),
    path("runs/", runs.runs, name="runs"),
    path("runs/new/", runs.methods, name="run-methods"),
    path("runs/new/<str:method>/", runs.new, name="run-new"),
    path("runs/<slug:key>/cancel/", runs.cancel, name="run-cancel"),
    path("runs/<slug:key>/repeat/", runs.repeat, name="run-repeat"),
]
