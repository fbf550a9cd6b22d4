"""Where a person says when they want to be reminded, and that they have seen what they were reminded of."""

from django.urls import path

from caseapp.web.views import reminders

urlpatterns = [
    path("you/reminders/", reminders.my_reminders, name="my-reminders"),
    path("deadlines/<uuid:deadline_id>/seen/", reminders.deadline_seen, name="deadline-seen"),
]
