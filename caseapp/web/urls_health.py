"""Where it is said whether what protects the clinic still works, and where its recovery kit is made."""

from django.urls import path

from caseapp.web.views import health, kit

urlpatterns = [
    path("clinic/health/", health.health, name="health"),
    path("clinic/recovery-kit/", kit.recovery_kit, name="recovery-kit"),
    path("clinic/recovery-kit/new/", kit.recovery_kit_new, name="recovery-kit-new"),
    path("clinic/recovery-kit/confirm/", kit.recovery_kit_confirm, name="recovery-kit-confirm"),
]
