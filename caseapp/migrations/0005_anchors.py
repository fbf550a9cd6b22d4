"""Anchors of the audit trail, and what an entry may vouch for."""

import uuid

from django.db import migrations, models

# The worker signs and mails; the web only reads. Nobody changes a root or takes one away.
GRANTS = """
ALTER TABLE caseapp_anchor ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_clinic ON caseapp_anchor TO amparo_web
  USING (clinic_id = nullif(current_setting('amparo.clinic', true), '')::uuid)
  WITH CHECK (clinic_id = nullif(current_setting('amparo.clinic', true), '')::uuid);
CREATE POLICY every_clinic ON caseapp_anchor TO amparo_worker USING (true) WITH CHECK (true);
GRANT SELECT ON caseapp_anchor TO amparo_web;
GRANT SELECT, INSERT, UPDATE (mailed_at) ON caseapp_anchor TO amparo_worker;
"""
NO_GRANTS = """
REVOKE ALL ON caseapp_anchor FROM amparo_web, amparo_worker;
DROP POLICY own_clinic ON caseapp_anchor;
DROP POLICY every_clinic ON caseapp_anchor;
ALTER TABLE caseapp_anchor DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('caseapp', '0004_safekeeping'),
    ]

    operations = [
        migrations.AddField(
            model_name='entry',
            name='digest',
            field=models.BinaryField(max_length=32, null=True),
        ),
        migrations.CreateModel(
            name='Anchor',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('clinic_id', models.UUIDField()),
                ('day', models.DateField()),
                ('size', models.BigIntegerField()),
                ('root', models.BinaryField(max_length=32)),
                ('public_key', models.BinaryField(max_length=32)),
                ('signature', models.BinaryField(max_length=64)),
                ('made_at', models.DateTimeField()),
                ('mailed_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('clinic_id', 'day'), name='one_anchor_a_day')],
            },
        ),
        migrations.RunSQL(GRANTS, NO_GRANTS),
    ]
