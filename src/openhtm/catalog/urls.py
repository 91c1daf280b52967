from django.urls import URLPattern, URLResolver, path

from openhtm.catalog.views import home, manufacturers, models, reference, types

app_name = "catalog"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("types/", types.type_list, name="type-list"),
    path("types/add", types.add_type, name="type-add"),
    path("types/<slug:code>", types.type_page, name="type"),
    path("types/<slug:code>/edit", types.edit_type, name="type-edit"),
    path("models/", models.model_list, name="model-list"),
    path("models/add", models.add_model, name="model-add"),
    path("models/<int:model_id>", models.model_page, name="model"),
    path("models/<int:model_id>/edit", models.edit_model, name="model-edit"),
    path("models/<int:model_id>/identifiers/add", models.add_identifier, name="identifier-add"),
    path("models/<int:model_id>/identifiers/<int:identifier_id>/remove", models.remove_identifier, name="identifier-remove"),
    path("models/<int:model_id>/documents/add", models.add_document, name="document-add"),
    path("models/<int:model_id>/documents/<int:document_id>", models.document_file, name="document-file"),
    path("models/<int:model_id>/documents/<int:document_id>/edit", models.edit_document, name="document-edit"),
    path("manufacturers/", manufacturers.manufacturer_list, name="manufacturer-list"),
    path("manufacturers/add", manufacturers.add_manufacturer, name="manufacturer-add"),
    path("manufacturers/<int:manufacturer_id>", manufacturers.manufacturer_page, name="manufacturer"),
    path("manufacturers/<int:manufacturer_id>/edit", manufacturers.edit_manufacturer, name="manufacturer-edit"),
    path("manufacturers/<int:manufacturer_id>/names/add", manufacturers.add_alias, name="alias-add"),
    path("manufacturers/<int:manufacturer_id>/names/<int:alias_id>/remove", manufacturers.remove_alias, name="alias-remove"),
    path("manufacturers/<int:manufacturer_id>/merge", manufacturers.merge, name="manufacturer-merge"),
    path("product-codes/", reference.product_code_list, name="product-code-list"),
    path("emdn/", reference.emdn, name="emdn"),
    path("gmdn/", reference.gmdn_list, name="gmdn-list"),
    path("gudid/", reference.gudid_list, name="gudid-list"),
    path("gudid/<int:record_id>", reference.gudid_page, name="gudid"),
    path("gudid/<int:record_id>/add-model", reference.gudid_to_model, name="gudid-to-model"),
]
