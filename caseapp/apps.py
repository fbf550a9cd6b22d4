"""The one Django app of the house."""

from django.apps import AppConfig


class CaseAppConfig(AppConfig):
    name = "caseapp"
    verbose_name = "Amparo"
