"""Where dates that come out otherwise are compared, and wrong entries corrected."""

from django.urls import path

from caseapp.web.views import review

urlpatterns = [
    path("dates/review/", review.dates_review, name="dates-review"),
    path("deadlines/<uuid:deadline_id>/counted-again/accept/", review.review_accept, name="review-accept"),
    path("deadlines/<uuid:deadline_id>/counted-again/keep/", review.review_keep, name="review-keep"),
    path("events/<uuid:event_id>/correct/", review.event_correct, name="event-correct"),
]
