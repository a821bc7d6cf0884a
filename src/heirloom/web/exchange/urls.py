"""Addresses for programs: files, pictures, descriptions, harvesting."""

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView

from . import descriptions, files, harvest, images, sensing

_COLLECTION = "iiif/presentation/3/collection"

urlpatterns: list[URLPattern | URLResolver] = [
    path("media/<slug:key>/<slug:digest>", files.media, name="media"),
    path("runs/<slug:key>/files/<path:path>", files.run_file, name="run-file"),
    path("cases/<slug:key>/kit.zip", files.kit, name="kit"),
    path("cases/<slug:key>/ro-crate-metadata.json", files.crate, name="case-crate"),
    path("iiif/3/<path:path>", images.service, name="iiif-image"),
    path("iiif/presentation/3/item/<slug:key>/manifest", descriptions.manifest, name="manifest"),
    path(f"{_COLLECTION}/all/<int:page>", descriptions.collection_page, name="iiif-collection-page"),
    path(f"{_COLLECTION}/<slug:name>", descriptions.collection, name="iiif-collection"),
    path("linked-art/item/<slug:key>", descriptions.linked_art_item, name="linked-art-item"),
    path("linked-art/visual/<slug:key>", descriptions.linked_art_visual, name="linked-art-visual"),
    path("linked-art/agent/<slug:key>", descriptions.linked_art_agent, name="linked-art-agent"),
    path("linked-art/place/<slug:key>", descriptions.linked_art_place, name="linked-art-place"),
    path("iiif/discovery/1/activity", harvest.activity, name="discovery"),
    path("iiif/discovery/1/activity/page/<int:number>", harvest.activity_page, name="discovery-page"),
    path("oai", harvest.oai, name="oai"),
    path("api/sensorthings/v1.1", sensing.sensorthings, name="sensorthings"),
    path("api/sensorthings/v1.1/", sensing.sensorthings, name="sensorthings"),
    path("api/sensorthings/v1.1/<path:resource>", sensing.sensorthings, name="sensorthings"),
    path("items.csv", harvest.items_csv, name="items-csv"),
    # Shorter or older names of the same things.
    path(
        "items/<slug:key>.jsonld", RedirectView.as_view(pattern_name="linked-art-item"), name="item-linkedart"
    ),
    path("discovery/activity", RedirectView.as_view(pattern_name="discovery"), name="discovery-short"),
    path(
        "export/items.csv",
        RedirectView.as_view(pattern_name="items-csv", query_string=True),
        name="items-csv-export",
    ),
]
