"""Write an entry of the audit trail in one step, so that a page waits for it once and not four times."""

from django.db import migrations

# Each statement of a volatile function sees what was committed before that statement, so the last entry
# is read after the lock is held. The entry is linked as audit/chain.py says; verify_audit checks the one
# against the other. It runs with the caller's rights: grants and row-level security hold as before.
RECORD = """
CREATE FUNCTION amparo_record(
  of_clinic uuid, moment timestamptz, actor uuid, what text, matter uuid, person uuid, thing uuid, vouched bytea
) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  place bigint := 1;
  before bytea := decode(repeat('00', 32), 'hex');
  said text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('audit ' || of_clinic::text, 0));
  SELECT seq + 1, link INTO place, before FROM caseapp_entry WHERE clinic_id = of_clinic ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    place := 1;
    before := decode(repeat('00', 32), 'hex');
  END IF;
  said := '{"actor":' || coalesce(to_json(actor::text)::text, 'null')
    || ',"at":"' || to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00"'
    || ',"clinic":' || to_json(of_clinic::text)::text
    || CASE WHEN vouched IS NULL THEN '' ELSE ',"digest":"' || encode(vouched, 'hex') || '"' END
    || ',"event":' || to_json(what)::text
    || ',"matter":' || coalesce(to_json(matter::text)::text, 'null')
    || ',"object":' || coalesce(to_json(thing::text)::text, 'null')
    || ',"person":' || coalesce(to_json(person::text)::text, 'null')
    || ',"seq":' || place::text || '}';
  INSERT INTO caseapp_entry
    (id, clinic_id, seq, at, actor_id, event, matter_id, person_id, object_id, digest, previous, link)
  VALUES (gen_random_uuid(), of_clinic, place, moment, actor, what, matter, person, thing, vouched, before,
    sha256('\\x01'::bytea || before || convert_to(said, 'UTF8')));
  RETURN place;
END $$;
"""
SIGNATURE = "amparo_record(uuid, timestamptz, uuid, text, uuid, uuid, uuid, bytea)"


class Migration(migrations.Migration):
    dependencies = [
        ("caseapp", "0006_feeds"),
    ]

    operations = [
        migrations.RunSQL(RECORD, f"DROP FUNCTION {SIGNATURE}"),
    ]
