"""Where Today, dates, filings and retention are."""

from django.urls import path

from caseapp.web.views import deadlines, filings, notices, retention, today

urlpatterns = [
    path("", today.today, name="today"),
    path("matters/<uuid:matter_id>/events/new/", deadlines.event_new, name="event-new"),
    path("matters/<uuid:matter_id>/printed-dates/new/", deadlines.printed_date_new, name="printed-date-new"),
    path("matters/<uuid:matter_id>/notices/new/", notices.notice_new, name="notice-new"),
    path("notices/<uuid:notice_id>/no-date/", notices.notice_no_date, name="notice-no-date"),
    path("events/<uuid:event_id>/", deadlines.event, name="event"),
    path("deadlines/<uuid:deadline_id>/", deadlines.deadline, name="deadline"),
    path("deadlines/<uuid:deadline_id>/print/", deadlines.deadline_print, name="deadline-print"),
    path("deadlines/<uuid:deadline_id>/confirm/", deadlines.deadline_confirm, name="deadline-confirm"),
    path("deadlines/<uuid:deadline_id>/met/", deadlines.deadline_met, name="deadline-met"),
    path("deadlines/<uuid:deadline_id>/move/", deadlines.deadline_move, name="deadline-move"),
    path("deadlines/<uuid:deadline_id>/drop/", deadlines.deadline_drop, name="deadline-drop"),
    path("deadlines/<uuid:deadline_id>/reopen/", deadlines.deadline_reopen, name="deadline-reopen"),
    path("changes/<uuid:change_id>/agree/", deadlines.change_second, name="change-second"),
    path("changes/<uuid:change_id>/refuse/", deadlines.change_refuse, name="change-refuse"),
    path("filings/", filings.filings, name="filings"),
    path("matters/<uuid:matter_id>/filings/new/", filings.filing_new, name="filing-new"),
    path("filings/<uuid:filing_id>/", filings.filing, name="filing"),
    path("filings/<uuid:filing_id>/outcome/", filings.filing_outcome, name="filing-outcome"),
    path("retention/", retention.retention, name="retention"),
    path("retention/holds/new/", retention.hold_new, name="hold-new"),
    path("retention/holds/<uuid:hold_id>/ask/", retention.hold_lift_ask, name="hold-lift-ask"),
    path("retention/holds/<uuid:hold_id>/lift/", retention.hold_lift, name="hold-lift"),
    path("retention/matters/<uuid:matter_id>/propose/", retention.purge_propose, name="purge-propose"),
    path("retention/purges/<uuid:purge_id>/", retention.purge_approve, name="purge-approve"),
    path(
        "retention/purges/<uuid:purge_id>/certificate/", retention.purge_certificate, name="purge-certificate"
    ),
    path(
        "retention/purges/<uuid:purge_id>/certificate.json",
        retention.purge_certificate_file,
        name="purge-certificate-file",
    ),
    path("retention/purges/<uuid:purge_id>/refuse/", retention.purge_refuse, name="purge-refuse"),
]
