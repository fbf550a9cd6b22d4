"""Who is signed in: the person, their clinic and whether they have a second step, in one query."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, Q

from caseapp.access.models import User


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]
    """Signs people in as allauth does; on later requests it brings what every page asks about them."""

    def get_user(self, user_id: Any) -> User | None:
        theirs = Authenticator.objects.filter(user=OuterRef("pk"))
        codes = theirs.filter(type=Authenticator.Type.RECOVERY_CODES)
        never_seen = Q(data__viewed_at__isnull=True) | Q(data__viewed_at=None)
        found = User.objects.select_related("clinic").annotate(
            has_second_step=Exists(theirs.exclude(type=Authenticator.Type.RECOVERY_CODES)),
            codes_unseen=Exists(codes.filter(never_seen)),
        )
        user: User | None = found.filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
