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
    "GRANT SELECT (retired_at) ON caseapp_subjectkey TO amparo_shredder",
]

GENERATION_REVOKES: Final = [
    "REVOKE ALL ON caseapp_officers FROM amparo_keyring, amparo_shredder",
    "REVOKE UPDATE (wrapped, escrowed, state, destroyed_at), SELECT (retired_at, destroyed_at)"
    " ON caseapp_clinickey FROM amparo_shredder",
    "REVOKE SELECT (retired_at) ON caseapp_subjectkey FROM amparo_shredder",
]

# A key's state goes forward one step at a time, and a generation stays while a subject's key is wrapped by
# it. A new key begins as added or active.
LIFE: Final = """
CREATE FUNCTION amparo_key_life() RETURNS trigger LANGUAGE plpgsql AS $life$
DECLARE
  steps constant text[] := ARRAY['ADDED', 'ACTIVE', 'RETIRING', 'RETIRED', 'DESTROYED'];
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state NOT IN ('ADDED', 'ACTIVE') THEN
      RAISE check_violation USING MESSAGE = 'a key begins as added or active';
    END IF;
    RETURN NEW;
  END IF;
  IF NEW.state <> OLD.state
      AND array_position(steps, NEW.state::text) IS DISTINCT FROM array_position(steps, OLD.state::text) + 1
  THEN
    RAISE check_violation USING MESSAGE = 'a key goes forward one step at a time';
  END IF;
  IF TG_TABLE_NAME = 'caseapp_clinickey' AND NEW.state IN ('RETIRED', 'DESTROYED') AND NEW.state <> OLD.state
  THEN
    IF EXISTS (SELECT FROM caseapp_subjectkey
        WHERE clinic_id = NEW.clinic_id AND generation = NEW.generation) THEN
      RAISE check_violation USING MESSAGE = 'a key of a subject is still wrapped by this generation';
    END IF;
  END IF;
  RETURN NEW;
END $life$;
CREATE TRIGGER key_life BEFORE INSERT OR UPDATE ON caseapp_clinickey
  FOR EACH ROW EXECUTE FUNCTION amparo_key_life();
CREATE TRIGGER key_life BEFORE INSERT OR UPDATE OF state ON caseapp_subjectkey
  FOR EACH ROW EXECUTE FUNCTION amparo_key_life();
"""

NO_LIFE: Final = """
DROP TRIGGER key_life ON caseapp_clinickey;
DROP TRIGGER key_life ON caseapp_subjectkey;
DROP FUNCTION amparo_key_life();
"""
