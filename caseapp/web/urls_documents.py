"""Where documents are."""

from django.urls import path

from caseapp.web.views import documents

urlpatterns = [
    path("matters/<uuid:matter_id>/documents/new/", documents.document_new, name="document-new"),
    path("documents/<uuid:document_id>/", documents.document, name="document"),
    path("documents/<uuid:document_id>/edit/", documents.document_edit, name="document-edit"),
    path("documents/<uuid:document_id>/versions/new/", documents.document_version, name="document-version"),
    path("documents/<uuid:document_id>/remove/", documents.document_remove, name="document-remove"),
    path("documents/files/<uuid:version_id>/", documents.document_file, name="document-file"),
]
