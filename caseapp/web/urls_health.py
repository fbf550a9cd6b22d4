"""Where it is said whether what protects the clinic still works."""

from django.urls import path

from caseapp.web.views import health

urlpatterns = [path("clinic/health/", health.health, name="health")]
