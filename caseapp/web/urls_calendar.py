"""Where the calendar is, and each person's link to it."""

from django.urls import path

from caseapp.web.views import calendar, feeds

urlpatterns = [
    path("calendar/", calendar.month, name="calendar"),
    path("calendar/week/", calendar.week, name="calendar-week"),
    path("calendar/agenda/", calendar.agenda, name="calendar-agenda"),
    path("calendar/print/", calendar.printed, name="calendar-print"),
    path("you/calendar-link/", feeds.calendar_link, name="calendar-link"),
    path("you/calendar-link/make/", feeds.calendar_link_make, name="calendar-link-make"),
    path("you/calendar-link/end/", feeds.calendar_link_end, name="calendar-link-end"),
    path("feeds/<str:token>.ics", feeds.feed, name="feed"),
]
