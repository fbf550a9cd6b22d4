"""Row-level security by clinic as SQL, for migrations: the wall that wall.py walks behind.

Migrations that have run are not run again, so what is here changes only together with a migration.
"""

OWN_CLINIC = "nullif(current_setting('amparo.clinic', true), '')::uuid"


def wall(table: str, mine: str = f"clinic_id = {OWN_CLINIC}") -> str:
    """Show the web process of a table what is `mine`, and the worker, which holds no key, every clinic's."""
    return f"""
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_clinic ON {table} TO amparo_web USING ({mine}) WITH CHECK ({mine});
CREATE POLICY every_clinic ON {table} TO amparo_worker USING (true) WITH CHECK (true);
"""


def no_wall(table: str) -> str:
    """Undo `wall`, and whatever was granted on the table."""
    return f"""
REVOKE ALL ON {table} FROM amparo_web, amparo_worker;
DROP POLICY own_clinic ON {table};
DROP POLICY every_clinic ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""
