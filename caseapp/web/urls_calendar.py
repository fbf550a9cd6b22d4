"""Where the calendar is."""

from django.urls import path

from caseapp.web.views import calendar

urlpatterns = [
    path("calendar/", calendar.month, name="calendar"),
    path("calendar/week/", calendar.week, name="calendar-week"),
    path("calendar/agenda/", calendar.agenda, name="calendar-agenda"),
    path("calendar/print/", calendar.printed, name="calendar-print"),
]
