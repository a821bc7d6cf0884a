"""Addresses of a signed-in person's own pages."""

from django.urls import path

from . import cases, dashboard, data, runs, submissions

urlpatterns = [
    path("", dashboard.dashboard, name="my"),
    path("account/", data.account, name="my-account"),
    path("account/download/", data.download, name="my-data"),
    path("account/erase/", data.erase, name="my-erase"),
    path("cases/new/", cases.new, name="case-new"),
    path("cases/<slug:key>/", cases.edit, name="case-edit"),
    path("cases/<slug:key>/preview/", cases.preview, name="case-preview"),
    path("cases/<slug:key>/people/", cases.people, name="case-people"),
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
