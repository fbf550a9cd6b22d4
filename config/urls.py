"""Where every page is, and the door that the supervisor knocks on."""

from django.urls import include, path

from config.health import healthz

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("", include("caseapp.web.urls")),
]
