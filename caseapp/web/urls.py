"""Every page of the house, by room."""

from caseapp.web import urls_access, urls_cases, urls_dates

urlpatterns = [*urls_access.urlpatterns, *urls_cases.urlpatterns, *urls_dates.urlpatterns]
