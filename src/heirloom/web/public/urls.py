"""Addresses of this group of pages."""

from django.urls import path

from . import about, calls, cases, collection, items, places, runs, sites

urlpatterns = [
    path("", about.home, name="home"),
    path("explore/", collection.explore, name="explore"),
    path("map/", places.world, name="map"),
    path("items/<slug:key>/", items.item, name="item"),
    path("places/<slug:key>/", places.place, name="place"),
    path("sites/", sites.monitored_places, name="monitored-places"),
    path("sites/<slug:key>/", sites.monitored_place, name="monitored-place"),
    path("communities/<slug:slug>/", places.community, name="community"),
    path("cases/", cases.cases, name="cases"),
    path("cases/<slug:key>/", cases.case, name="case"),
    path("cases/<slug:key>/versions/<int:number>/", cases.seal, name="seal"),
    path("calls/", calls.calls, name="calls"),
    path("calls/<slug:slug>/", calls.call, name="call"),
    path("receipts/<str:number>/", calls.receipt, name="receipt"),
    path("collections/", calls.collections, name="collections"),
    path("collections/<slug:slug>/", calls.collection, name="collection"),
    path("runs/<slug:key>/", runs.run, name="run"),
    path("about/", about.about, name="about"),
    path("pathways/condition/protocol/", about.capture_protocol, name="capture-protocol"),
    path("for-programs/", about.for_programs, name="for-programs"),
]
