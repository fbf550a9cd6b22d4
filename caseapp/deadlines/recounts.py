"""Counts made again: kept beside the first count in a date's computation, and in effect once decided.

Each belongs to one decision (a Change of kind MOVE) and follows its fate: asked, done or refused. A
count that was made again and not followed is `kept`: the date stayed, and nobody is asked about the
same count twice. The first count is never overwritten.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

Kept = dict[str, Any]

RECOUNTS = "recounts"
ASKED, DONE, REFUSED = "asked", "done", "refused"


def recount(counted: Kept, *, kept: bool = False) -> Kept:
    """Return a count made again, as services.move takes it. `kept`: it is set aside, the date stays."""
    return {"counted": counted, "kept": kept}


def asked(computation: Kept, change_id: UUID, again: Kept) -> Kept:
    entry = {**again, "change": str(change_id), "state": ASKED}
    return {**computation, RECOUNTS: [*computation.get(RECOUNTS, []), entry]}


def settled(computation: Kept, change_id: UUID, *, agreed: bool) -> Kept | None:
    """Return the computation after the decision, or None when the decision carries no count."""
    entries = computation.get(RECOUNTS, [])
    if not any(entry["change"] == str(change_id) for entry in entries):
        return None
    state = DONE if agreed else REFUSED
    entries = [{**entry, "state": state} if entry["change"] == str(change_id) else entry for entry in entries]
    return {**computation, RECOUNTS: entries}


def in_effect(computation: Kept) -> Kept:
    """Return the count the date stands on: the last one made again and followed, or the first."""
    done = [e for e in computation.get(RECOUNTS, []) if e["state"] == DONE and not e["kept"]]
    return done[-1]["counted"] if done else computation


def latest_decided(computation: Kept) -> Kept | None:
    """Return the count that the latest decision was about, whichever way it went or still waits."""
    decided = [entry for entry in computation.get(RECOUNTS, []) if entry["state"] != REFUSED]
    return decided[-1]["counted"] if decided else None


def of_change(computation: Kept, change_id: UUID) -> Kept | None:
    """Return the count that this decision is about, if any."""
    entries = computation.get(RECOUNTS, [])
    return next((entry for entry in entries if entry["change"] == str(change_id)), None)
