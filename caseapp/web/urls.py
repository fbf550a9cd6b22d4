"""Every page of the house, by room; and, in the demo only, the demo's own way in."""

from django.conf import settings
from django.urls import path

from caseapp.web import (
    urls_access,
    urls_calendar,
    urls_cases,
    urls_dates,
    urls_documents,
    urls_health,
    urls_reminders,
    urls_review,
)
from caseapp.web.views import demo

urlpatterns = [
    *urls_access.urlpatterns,
    *urls_cases.urlpatterns,
    *urls_dates.urlpatterns,
    *urls_documents.urlpatterns,
    *urls_health.urlpatterns,
    *urls_review.urlpatterns,
    *urls_calendar.urlpatterns,
    *urls_reminders.urlpatterns,
]

if settings.DEMO:
    urlpatterns += [
        path("demo/", demo.choose, name="demo"),
        path("demo/<slug:key>/", demo.sign_in, name="demo-sign-in"),
    ]
