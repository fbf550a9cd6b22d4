"""What is over is not kept."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from caseapp import tasks
from tests.conftest import Cast, signed_in


def test_the_worker_removes_the_sessions_that_are_over_and_no_other(cast: Cast) -> None:
    over, live = signed_in(cast.ana).session.session_key, signed_in(cast.ben).session.session_key
    Session.objects.filter(pk=over).update(expire_date=timezone.now() - timedelta(seconds=1))

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE amparo_worker")
        try:
            tasks.forget_sessions()
        finally:
            cursor.execute("RESET ROLE")

    assert set(Session.objects.values_list("pk", flat=True)) == {live}
