"""The one Django app of the house."""

from django.apps import AppConfig

from caseapp import checks

__all__ = ["CaseAppConfig", "checks"]


class CaseAppConfig(AppConfig):
    name = "caseapp"
    verbose_name = "Amparo"
