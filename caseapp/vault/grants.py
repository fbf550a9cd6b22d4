"""What each process may do in the keyring database, as SQL for a migration to run there.

The web process (amparo_keyring) makes, loads and destroys keys. The worker (amparo_shredder)
destroys them without being able to read one: it has no SELECT on a wrapped key. Nobody but the
owner can alter or remove a tombstone.
"""

from typing import Final

KEYRING_GRANTS: Final = [
    "REVOKE ALL ON caseapp_clinickey, caseapp_subjectkey, caseapp_tombstone, caseapp_epoch FROM PUBLIC",
    "GRANT USAGE ON SCHEMA public TO amparo_keyring, amparo_shredder",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON caseapp_clinickey, caseapp_subjectkey TO amparo_keyring",
    "GRANT SELECT, INSERT ON caseapp_tombstone TO amparo_keyring",
    "GRANT SELECT, INSERT, UPDATE ON caseapp_epoch TO amparo_keyring",
    "GRANT SELECT (id, clinic_id, generation, state, made_at) ON caseapp_clinickey TO amparo_shredder",
    "GRANT SELECT (id, key_id, clinic_id, subject_id, salt, generation, state, made_at)"
    " ON caseapp_subjectkey TO amparo_shredder",
    "GRANT DELETE ON caseapp_subjectkey TO amparo_shredder",
    "GRANT SELECT, INSERT ON caseapp_tombstone TO amparo_shredder",
    "GRANT SELECT, UPDATE (number) ON caseapp_epoch TO amparo_shredder",
]

KEYRING_REVOKES: Final = [
    "REVOKE ALL ON caseapp_clinickey, caseapp_subjectkey, caseapp_tombstone, caseapp_epoch"
    " FROM amparo_keyring, amparo_shredder",
]

# Key generations and the officers' recipient, since 0003.
GENERATION_GRANTS: Final = [
    "REVOKE ALL ON caseapp_officers FROM PUBLIC",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON caseapp_officers TO amparo_keyring",
    "GRANT SELECT ON caseapp_officers TO amparo_shredder",
    # The worker ends a generation after its horizon: it may empty a key, and still reads none.
    "GRANT SELECT (retired_at, destroyed_at), UPDATE (wrapped, escrowed, state, destroyed_at)"
    " ON caseapp_clinickey TO amparo_shredder",
]

GENERATION_REVOKES: Final = [
    "REVOKE ALL ON caseapp_officers FROM amparo_keyring, amparo_shredder",
    "REVOKE UPDATE ON caseapp_clinickey FROM amparo_shredder",
]
