"""Addresses of an organiser's pages."""

from django.urls import path

from . import edit, views

urlpatterns = [
    path("", views.calls, name="organise"),
    path("new/", edit.new, name="call-new"),
    path("<slug:slug>/", views.call, name="organise-call"),
    path("<slug:slug>/edit/", edit.edit, name="call-edit"),
    path("<slug:slug>/announce/", edit.announce, name="call-announce"),
    path("<slug:slug>/people/", views.people, name="call-people"),
    path("<slug:slug>/assign/", views.assign, name="call-assign"),
    path("<slug:slug>/submissions/<slug:key>/", views.submission, name="organise-submission"),
    path("<slug:slug>/decisions/", views.decisions, name="call-decisions"),
    path("<slug:slug>/publish/", views.publish, name="call-publish"),
    path("<slug:slug>/export.csv", views.export, name="call-export"),
]
