"""Every column of the data: sealed, or in the clear and why. The place to read before adding one.

A column is in the clear only if a process without a key has to work with it, if it is about staff
doing their work, or if it is about nobody. What kind of case it is, which form, which rule and which
court are sealed with the rest.
"""

from typing import Final

from caseapp.vault.declared import Declared, model, pseudonymous, public, sealed

RANDOM = public("random")
CLINIC = pseudonymous("which clinic's: row-level security holds by it")
MATTER = pseudonymous("which matter: a random id")
PERSON = pseudonymous("which person: a random id")
STAFF_ACT = pseudonymous("which colleague did it: a random id")
WHEN = pseudonymous("when a colleague did it")

ACCESS: Final = [
    model(
        "Clinic",
        1,
        id=RANDOM,
        name=sealed(1, "shown at the top of the page; a clinic's name says whom it helps"),
        time_zone=pseudonymous("the worker, without a key, must know what day it is there"),
        made_at=pseudonymous("when the clinic began"),
        people_seq=public("counts changes, so that rosters in memory keep up"),
    ),
    model(
        "User",
        2,
        id=RANDOM,
        clinic=CLINIC,
        email=pseudonymous("staff: how they sign in, and where the worker, without a key, sends reminders"),
        password=public("a slow hash"),
        last_login=pseudonymous("staff: when they last signed in"),
        name=sealed(1, "how colleagues know them"),
        role=pseudonymous("staff: what they may do, needed before any key is loaded"),
        is_active=pseudonymous("staff: whether they may sign in"),
        joined_at=pseudonymous("staff: since when"),
        sessions_end_before=pseudonymous("staff: when they were locked out or reset"),
    ),
    model(
        "SetupLink",
        id=RANDOM,
        token_hash=public("a hash of a random token"),
        expires_at=public("when the link ends"),
        used_at=public("when it was used"),
    ),
    model(
        "Invitation",
        3,
        id=RANDOM,
        clinic=CLINIC,
        token_hash=public("a hash of a random token"),
        email=sealed(1, "whom the link is for, until they join"),
        role=pseudonymous("staff: what they will be allowed"),
        for_user=pseudonymous("staff: whose signing in it resets"),
        invited_by=STAFF_ACT,
        made_at=WHEN,
        expires_at=public("when the link ends"),
        used_at=pseudonymous("staff: when they joined"),
        withdrawn_at=WHEN,
    ),
]

AUDIT: Final = [
    model(
        "Entry",
        id=RANDOM,
        clinic_id=CLINIC,
        seq=public("counts the clinic's entries"),
        at=pseudonymous("when something was done"),
        actor_id=STAFF_ACT,
        event=pseudonymous("what kind of thing was done, never what it said"),
        matter_id=MATTER,
        person_id=PERSON,
        object_id=pseudonymous("which date, filing, hold or colleague: a random id"),
        digest=public("a hash over references and counts only"),
        previous=public("a hash"),
        link=public("a hash over references only"),
    ),
    model(
        "Anchor",
        id=RANDOM,
        clinic_id=CLINIC,
        day=public("the day of the root"),
        size=public("counts the clinic's entries"),
        root=public("a hash over references only"),
        public_key=public("the public half of the signing key"),
        signature=public("a signature over the root"),
        made_at=public("when the root was signed"),
        mailed_at=public("when the directors got it"),
    ),
]

PEOPLE: Final = [
    model(
        "Person",
        10,
        id=RANDOM,
        clinic=CLINIC,
        given_names=sealed(1, "fill forms, find the client"),
        first_surname=sealed(2, "fill forms, find the client"),
        second_surname=sealed(3, "fill forms, find the client"),
        own_script=sealed(4, "fill forms as passports write it, find the client"),
        other_names=sealed(5, "fill forms, check conflicts, find the client"),
        birth_date=sealed(6, "fill forms, watch ages that end a claim"),
        a_number=sealed(7, "fill forms, read notices, find the client"),
        country=sealed(8, "fill forms, know where leaking is most dangerous"),
        language=sealed(9, "find an interpreter"),
        interpreter=sealed(10, "find an interpreter"),
        search_card=sealed(11, "search, in memory only"),
        card_seq=public("counts changes, so that rosters in memory keep up"),
        recorded_by=STAFF_ACT,
        recorded_at=WHEN,
        changed_at=pseudonymous("when it last changed: the purge of prospects counts from it"),
    ),
    model(
        "SafeContact",
        11,
        id=RANDOM,
        clinic=CLINIC,
        person=PERSON,
        channel=sealed(1, "reach the client safely"),
        address=sealed(2, "reach the client safely"),
        hours=sealed(3, "reach the client safely"),
        instructions=sealed(4, "reach the client safely"),
        recorded_at=WHEN,
    ),
    model(
        "Relation",
        12,
        id=RANDOM,
        clinic=CLINIC,
        person=PERSON,
        relative=PERSON,
        kind=sealed(1, "derivatives and ages that end a claim"),
    ),
]

MATTERS: Final = [
    model(
        "Matter",
        20,
        id=RANDOM,
        clinic=CLINIC,
        code=pseudonymous("a random word and number: the only name a reminder may use"),
        kind=sealed(1, "which law applies"),
        stage=sealed(2, "what comes next"),
        detained=sealed(3, "reminders come sooner"),
        outcome=sealed(4, "what came of it"),
        opened_on=pseudonymous("when work began"),
        closed_on=pseudonymous("the keyless purge counts from it"),
        kept_as=pseudonymous("how long it is kept"),
        keep_until=pseudonymous(
            "the keyless purge review reads it; put off to the year's end where a child's age moves it"
        ),
        opened_by=STAFF_ACT,
        changed_at=WHEN,
    ),
    model(
        "Party",
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        person=PERSON,
        role=pseudonymous("whose case it is: the purge asks who is on no other"),
    ),
    model(
        "Assignment",
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        user=STAFF_ACT,
        role=pseudonymous("staff: what they do on it"),
        until=pseudonymous("staff: the worker ends it on that day"),
        ended_at=WHEN,
    ),
    model("Screen", id=RANDOM, clinic=CLINIC, matter=MATTER, user=STAFF_ACT),
    model(
        "Note",
        21,
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        author=STAFF_ACT,
        text=sealed(1, "remember what was said and done"),
        minutes=pseudonymous("staff: hours, counted for grants without a key"),
        written_at=WHEN,
    ),
]

DEADLINES: Final = [
    model(
        "CaseEvent",
        30,
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        kind=sealed(1, "which dates it makes"),
        on=sealed(2, "the day the count begins"),
        service=sealed(3, "whether days are added"),
        outcome=sealed(4, "which dates it makes"),
        note=sealed(5, "remember what the paper said"),
        recorded_by=STAFF_ACT,
        recorded_at=WHEN,
    ),
    model(
        "Deadline",
        31,
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        event=pseudonymous("which event: a random id"),
        title=sealed(1, "what is due"),
        computation=sealed(2, "the rule and each step of the count"),
        severity=pseudonymous("the keyless worker reminds more often of fatal dates"),
        protective=pseudonymous("whether it stands beside the date that counts"),
        nominal=pseudonymous("a day, without what it is"),
        legal=pseudonymous("a day, without what it is"),
        safe=pseudonymous("the keyless worker reminds by it"),
        ladder=pseudonymous("the keyless worker reminds on these days"),
        state=pseudonymous("the keyless worker reminds of what is open"),
        met_on=pseudonymous("a day, without what was done"),
    ),
    model(
        "Change",
        32,
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        deadline=pseudonymous("which date: a random id"),
        kind=pseudonymous("what was decided, without why"),
        state=pseudonymous("whether a second person has decided"),
        by=STAFF_ACT,
        at=WHEN,
        second_by=STAFF_ACT,
        second_at=WHEN,
        reason=sealed(1, "why, and on what authority"),
        on=pseudonymous("a day, without what was done"),
        filing_id=pseudonymous("which filing: a random id"),
        legal=pseudonymous("a day, without what it is"),
        safe=pseudonymous("a day, without what it is"),
    ),
]

FILINGS: Final = [
    model(
        "Filing",
        40,
        id=RANDOM,
        clinic=CLINIC,
        matter=MATTER,
        form=sealed(1, "what was filed"),
        how=sealed(2, "how it went"),
        proof=sealed(3, "prove that it was filed"),
        tracking_number=sealed(4, "prove that it arrived"),
        receipt_number=sealed(5, "follow it at the agency, find the matter"),
        outcome_note=sealed(6, "what the agency said"),
        filed_on=pseudonymous("a day, without what was filed: lists are in its order"),
        state=pseudonymous("whether it was taken, without what it is"),
        state_on=pseudonymous("a day, without what it is"),
        recorded_by=STAFF_ACT,
        recorded_at=WHEN,
    ),
]

DESKS: Final = [
    model(
        "Reminder",
        id=RANDOM,
        clinic=CLINIC,
        deadline=pseudonymous("which date: a random id"),
        to=pseudonymous("staff: who is reminded"),
        rung=public("days before the date"),
        counted_to=pseudonymous("a day, without what it is"),
        for_date=pseudonymous("the day it was owed"),
        state=public("owed or sent"),
        claimed_at=public("when sending began"),
        sent_at=public("when it was sent"),
    ),
    model(
        "Feed",
        id=RANDOM,
        clinic=CLINIC,
        user=STAFF_ACT,
        token_hash=public("a hash of a random token"),
        made_at=WHEN,
    ),
    model(
        "Hold",
        50,
        id=RANDOM,
        clinic=CLINIC,
        matter_id=MATTER,
        reason=sealed(1, "why nothing may go"),
        authority=sealed(2, "on what authority"),
        review_on=pseudonymous("when the hold is looked at again"),
        placed_by=STAFF_ACT,
        placed_at=WHEN,
        lift_asked_by=STAFF_ACT,
        lift_asked_at=WHEN,
        lifted_by=STAFF_ACT,
        lifted_at=WHEN,
    ),
    model(
        "Purge",
        id=RANDOM,
        clinic=CLINIC,
        matter_id=MATTER,
        person_id=PERSON,
        code=pseudonymous("the random code of a matter that is gone"),
        state=public("how far it has come"),
        proposed_by=STAFF_ACT,
        proposed_at=WHEN,
        approved_by=STAFF_ACT,
        approved_at=WHEN,
        done_at=WHEN,
        keys_destroyed=public("a count"),
        rows_removed=public("a count"),
    ),
]

OTHER_APPS: Final = [
    model(
        "account.EmailAddress",
        id=public("counts"),
        user=STAFF_ACT,
        email=pseudonymous("staff: the same address as in User.email, where allauth looks for it"),
        verified=public("always true: an invitation reached it"),
        primary=public("always true"),
    ),
    model(
        "account.EmailConfirmation",
        id=public("counts"),
        email_address=pseudonymous("unused: nobody confirms an address, invitations reach it"),
        created=public("unused"),
        sent=public("unused"),
        key=public("unused"),
    ),
    model(
        "mfa.Authenticator",
        id=public("counts"),
        user=STAFF_ACT,
        type=public("passkey, app or recovery codes"),
        data=pseudonymous(
            "a passkey's public half; secrets of apps and codes are sealed inside it by access/mfa.py"
        ),
        created_at=WHEN,
        last_used_at=pseudonymous("staff: when they last signed in with it"),
    ),
    model(
        "sessions.Session",
        session_key=public("random"),
        session_data=pseudonymous("staff: who is signed in, by random id"),
        expire_date=public("when it ends"),
    ),
    model(
        "auth.Permission",
        id=public("counts"),
        name=public("Django's own"),
        content_type=public("Django's own"),
        codename=public("Django's own"),
    ),
    model("auth.Group", id=public("counts"), name=public("unused: roles are in access/rules.py")),
    model(
        "auth.Group_permissions",
        id=public("counts"),
        group=public("unused: roles are in access/rules.py"),
        permission=public("unused: roles are in access/rules.py"),
    ),
    model(
        "contenttypes.ContentType",
        id=public("counts"),
        app_label=public("Django's own"),
        model=public("Django's own"),
    ),
]

SAFEKEEPING: Final = [
    model(
        "Check",
        id=RANDOM,
        kind=public("what was tried: a backup, a drill, a sweep"),
        at=public("when it was tried"),
        ok=public("whether it went well"),
        code=public("a word for what went wrong"),
    ),
]

OF_THE_DATA: Final[list[dict[str, Declared]]] = [
    *ACCESS,
    *AUDIT,
    *PEOPLE,
    *MATTERS,
    *DEADLINES,
    *FILINGS,
    *DESKS,
    *SAFEKEEPING,
    *OTHER_APPS,
]
