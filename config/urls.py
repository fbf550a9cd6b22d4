"""Where every page is, and the door that the supervisor knocks on."""

from django.urls import include, path

from config.health import healthz, reminders

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("healthz/reminders", reminders, name="healthz-reminders"),
    path("", include("caseapp.web.urls")),
]
