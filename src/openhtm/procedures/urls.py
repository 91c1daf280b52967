"""Addresses of procedures."""

from django.urls import URLPattern, URLResolver, path

from openhtm.procedures.views import editor, listing, packs, pages

app_name = "procedures"
urlpatterns: list[URLPattern | URLResolver] = [
    path("procedures", listing.procedure_list, name="procedure-list"),
    path("procedure-add", pages.add, name="add"),
    path("procedure-packs", packs.packs, name="packs"),
    path("procedure-packs/file", packs.pack_file, name="pack-file"),
    path("procedures/<slug:code>", pages.procedure_page, name="procedure"),
    path("procedures/<slug:code>/settings", pages.settings, name="settings"),
    path("procedures/<slug:code>/move", pages.move, name="move"),
    path("procedures/<slug:code>/draft", editor.draft, name="draft"),
    path("procedures/<slug:code>/draft/preview", editor.live_preview, name="preview"),
    path("procedures/<slug:code>/v/<int:number>", pages.version_page, name="version"),
    path("procedures/<slug:code>/v/<int:number>/print", pages.version_pdf, name="print"),
    path("procedures/<slug:code>/pictures/<slug:sha256>", pages.picture, name="picture"),
]
