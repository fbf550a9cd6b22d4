"""Where the pages about clients and their matters are, and the search."""

from django.urls import path

from caseapp.web.views import expiring, matters, papers, people, search

urlpatterns = [
    path("clients/", people.clients, name="clients"),
    path("clients/new/", people.client_new, name="client-new"),
    path("clients/<uuid:person_id>/", people.client, name="client"),
    path("clients/<uuid:person_id>/edit/", people.client_edit, name="client-edit"),
    path("clients/<uuid:person_id>/a-number/", people.client_a_number, name="client-a-number"),
    path("clients/<uuid:person_id>/contacts/new/", people.client_contact_new, name="client-contact-new"),
    path("clients/<uuid:person_id>/family/new/", people.relative_new, name="relative-new"),
    path("clients/<uuid:person_id>/trail/", people.client_trail, name="client-trail"),
    path("clients/<uuid:person_id>/matters/new/", matters.matter_new, name="matter-new"),
    path("contacts/<uuid:contact_id>/show/", people.contact_show, name="contact-show"),
    path("contacts/<uuid:contact_id>/remove/", people.contact_remove, name="contact-remove"),
    path("clients/<uuid:person_id>/papers/new/", papers.paper_new, name="paper-new"),
    path("papers/<uuid:paper_id>/edit/", papers.paper_edit, name="paper-edit"),
    path("papers/<uuid:paper_id>/show/", papers.paper_show, name="paper-show"),
    path("papers/<uuid:paper_id>/remove/", papers.paper_remove, name="paper-remove"),
    path("expiring/", expiring.expiring, name="expiring"),
    path("matters/", matters.matters, name="matters"),
    path("matters/<uuid:matter_id>/", matters.matter, name="matter"),
    path("matters/<uuid:matter_id>/stage/", matters.matter_stage, name="matter-stage"),
    path("matters/<uuid:matter_id>/include/", matters.matter_include, name="matter-include"),
    path("matters/<uuid:matter_id>/assign/", matters.matter_assign, name="matter-assign"),
    path(
        "matters/<uuid:matter_id>/team/<uuid:user_id>/off/", matters.matter_take_off, name="matter-take-off"
    ),
    path("matters/<uuid:matter_id>/screen/", matters.matter_screen, name="matter-screen"),
    path(
        "matters/<uuid:matter_id>/screen/<uuid:user_id>/lift/",
        matters.matter_screen_lift,
        name="matter-screen-lift",
    ),
    path("matters/<uuid:matter_id>/notes/new/", matters.note_new, name="note-new"),
    path("matters/<uuid:matter_id>/close/", matters.matter_close, name="matter-close"),
    path("matters/<uuid:matter_id>/reopen/", matters.matter_reopen, name="matter-reopen"),
    path("matters/<uuid:matter_id>/trail/", matters.matter_trail, name="matter-trail"),
    path("matters/<uuid:matter_id>/print/", matters.matter_print, name="matter-print"),
    path("search/", search.search, name="search"),
]
