"""Row-level security by clinic, what each process may do with each table, and the cache's table.

The web process sees the rows of the clinic it has entered, and while someone signs in the tables that
signing in needs. The worker sees every clinic, and holds no key. Neither may change or remove an entry
of the audit trail. Nobody here is the owner of a table.
"""

from django.db import migrations

from caseapp.access.wall_sql import OWN_CLINIC, no_wall, wall
from caseapp.vault.grants import KEYRING_GRANTS, KEYRING_REVOKES

AT_THE_DOOR = "current_setting('amparo.door', true) = 'sign-in'"

# Tables with a clinic, which the web reads and writes and the worker reads.
OF_A_CLINIC = [
    "assignment",
    "caseevent",
    "change",
    "deadline",
    "entry",
    "filing",
    "hold",
    "invitation",
    "matter",
    "note",
    "party",
    "person",
    "purge",
    "relation",
    "reminder",
    "safecontact",
    "screen",
]
# Signing in, setting up and joining happen before anyone's clinic is known.
AT_SIGN_IN = ["user", "invitation"]
OF_A_USER = ["account_emailaddress", "account_emailconfirmation", "mfa_authenticator"]

# What purging, reminding and the sweeps of the worker change.
WORKER = """
GRANT SELECT ON caseapp_clinic, caseapp_user TO amparo_worker;
GRANT UPDATE (people_seq) ON caseapp_clinic TO amparo_worker;
GRANT INSERT ON caseapp_entry TO amparo_worker;
GRANT INSERT, UPDATE, DELETE ON caseapp_reminder TO amparo_worker;
GRANT INSERT, UPDATE ON caseapp_purge TO amparo_worker;
GRANT UPDATE (ended_at) ON caseapp_assignment TO amparo_worker;
GRANT DELETE ON caseapp_matter, caseapp_person, caseapp_assignment, caseapp_caseevent, caseapp_change,
  caseapp_deadline, caseapp_filing, caseapp_note, caseapp_party, caseapp_relation, caseapp_safecontact,
  caseapp_screen TO amparo_worker;
"""
# What the operator's commands setup_link and recover change.
OPERATOR = """
GRANT SELECT, INSERT ON caseapp_setuplink TO amparo_worker;
GRANT INSERT, UPDATE (withdrawn_at) ON caseapp_invitation TO amparo_worker;
GRANT UPDATE (sessions_end_before, password) ON caseapp_user TO amparo_worker;
GRANT SELECT, DELETE ON mfa_authenticator TO amparo_worker;
"""


def walls() -> dict[str, str]:
    """Return each walled table with what makes a row the web's own."""
    mine = {f"caseapp_{name}": f"clinic_id = {OWN_CLINIC}" for name in OF_A_CLINIC}
    mine["caseapp_clinic"] = f"id = {OWN_CLINIC}"
    for name in AT_SIGN_IN:
        mine[f"caseapp_{name}"] = f"clinic_id = {OWN_CLINIC} OR {AT_THE_DOOR}"
    for table in OF_A_USER:
        # The sub-select is itself behind the wall of the user table.
        mine[table] = "user_id IN (SELECT id FROM caseapp_user)"
    mine["account_emailconfirmation"] = "email_address_id IN (SELECT id FROM account_emailaddress)"
    return mine


def grants() -> str:
    web = [f"caseapp_{name}" for name in OF_A_CLINIC if name != "entry"]
    web += ["caseapp_clinic", "caseapp_user", "caseapp_setuplink", *OF_A_USER, "django_session", "amparo_cache"]
    read = [f"caseapp_{name}" for name in OF_A_CLINIC]
    return f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON {", ".join(web)} TO amparo_web;
GRANT SELECT, INSERT ON caseapp_entry TO amparo_web;
GRANT SELECT ON django_content_type, auth_permission TO amparo_web;
GRANT SELECT ON django_migrations TO amparo_web, amparo_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO amparo_web;
GRANT SELECT ON {", ".join(read)} TO amparo_worker;
GRANT SELECT, DELETE ON django_session, amparo_cache TO amparo_worker;
{WORKER}
{OPERATOR}
"""


CACHE = """
CREATE TABLE amparo_cache (
  cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX amparo_cache_expires ON amparo_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("caseapp", "0001_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunSQL(CACHE, "DROP TABLE amparo_cache"),
        *[migrations.RunSQL(wall(table, mine), no_wall(table)) for table, mine in walls().items()],
        migrations.RunSQL(grants(), "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM amparo_web, amparo_worker"),
        migrations.RunSQL(
            ";\n".join(KEYRING_GRANTS), ";\n".join(KEYRING_REVOKES), hints={"database": "keyring"}
        ),
    ]
