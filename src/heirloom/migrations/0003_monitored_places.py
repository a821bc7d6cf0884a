"""Monitored places. Observations are kept so that a row is its key and a number.

On SQLite ``WITHOUT ROWID`` makes the table its own index (half the size, and a span of a sensor lies together); Django cannot ask
for it. A later migration that alters Observation there makes an ordinary table of it unless it does the same.
"""

import django.db.models.deletion
import django.utils.timezone
import heirloom.catalogue.fields
import heirloom.keys
import heirloom.text.translated
from django.conf import settings
from django.db import migrations, models


OBSERVATION = """
CREATE TABLE heirloom_observation (
    sensor_id bigint NOT NULL REFERENCES heirloom_sensor (id) DEFERRABLE INITIALLY DEFERRED,
    time bigint NOT NULL,
    value {real} NOT NULL,
    PRIMARY KEY (sensor_id, time)
){more}
"""
VENDORS = {
    "sqlite": OBSERVATION.format(real="real", more=" WITHOUT ROWID"),
    "postgresql": OBSERVATION.format(real="double precision", more=""),
}


def up(apps, schema_editor):
    schema_editor.execute(VENDORS[schema_editor.connection.vendor], params=None)


def down(apps, schema_editor):
    schema_editor.execute("DROP TABLE heirloom_observation", params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('heirloom', '0002_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='MonitoredPlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=heirloom.keys.new_key, editable=False, max_length=26, unique=True)),
                ('name', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('description', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('state', models.CharField(choices=[('private', 'only for those who look after it'), ('shown', 'shown, as its protocol allows')], default='private', max_length=10)),
                ('withhold_position', models.BooleanField(default=True)),
                ('revision', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('communities', models.ManyToManyField(blank=True, related_name='monitored_places', to='heirloom.community')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='monitored_places', to=settings.AUTH_USER_MODEL)),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='monitored', to='heirloom.place')),
                ('protocol', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='monitored_places', to='heirloom.protocol')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Panel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=heirloom.keys.new_key, editable=False, max_length=26, unique=True)),
                ('name', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('description', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('items', models.ManyToManyField(blank=True, related_name='panels', to='heirloom.item')),
                ('monitored', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='panels', to='heirloom.monitoredplace')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Sensor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=heirloom.keys.new_key, editable=False, max_length=26, unique=True)),
                ('name', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('kind', models.CharField(choices=[('air-temperature', 'air temperature'), ('surface-temperature', 'surface temperature'), ('humidity', 'relative humidity'), ('illuminance', 'illuminance'), ('carbon-dioxide', 'carbon dioxide'), ('rain', 'rain'), ('wind', 'wind speed'), ('crack-width', 'crack width'), ('vibration', 'vibration')], max_length=20)),
                ('unit', models.CharField(max_length=10)),
                ('instrument', models.CharField(blank=True, max_length=200)),
                ('longitude', models.FloatField(blank=True, null=True)),
                ('latitude', models.FloatField(blank=True, null=True)),
                ('monitored', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sensors', to='heirloom.monitoredplace')),
                ('panel', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='sensors', to='heirloom.panel')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Observation',
                    fields=[
                        ('pk', models.CompositePrimaryKey('sensor', 'time', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('time', models.BigIntegerField()),
                        ('value', models.FloatField()),
                        ('sensor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='observations', to='heirloom.sensor')),
                    ],
                ),
            ],
            database_operations=[migrations.RunPython(up, down)],
        ),
        migrations.CreateModel(
            name='AlertRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('direction', models.CharField(choices=[('above', 'above'), ('below', 'below')], max_length=5)),
                ('threshold', models.FloatField()),
                ('release', models.FloatField()),
                ('hold', models.PositiveIntegerField(default=0)),
                ('sensor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rules', to='heirloom.sensor')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=heirloom.keys.new_key, editable=False, max_length=26, unique=True)),
                ('date', models.DateField()),
                ('people', models.CharField(blank=True, max_length=300)),
                ('done', heirloom.catalogue.fields.TranslatedField(blank=True, default=heirloom.text.translated.Translated)),
                ('note', models.TextField(blank=True)),
                ('monitored', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visits', to='heirloom.monitoredplace')),
            ],
            options={
                'ordering': ['-date', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Epoch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('repeat', models.BooleanField(default=False)),
                ('items', models.ManyToManyField(blank=True, related_name='epochs', to='heirloom.item')),
                ('panel', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='epochs', to='heirloom.panel')),
                ('visit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='epochs', to='heirloom.visit')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='AlertWindow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started', models.BigIntegerField()),
                ('ended', models.BigIntegerField(blank=True, null=True)),
                ('extreme', models.FloatField()),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='windows', to='heirloom.alertrule')),
            ],
            options={
                'ordering': ['-started'],
                'constraints': [models.UniqueConstraint(fields=('rule', 'started'), name='one_alert_a_start')],
            },
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('direction', 'above'), ('release__lte', models.F('threshold'))), models.Q(('direction', 'below'), ('release__gte', models.F('threshold'))), _connector='OR'), name='alert_release_behind_threshold'),
        ),
        migrations.AddConstraint(
            model_name='epoch',
            constraint=models.UniqueConstraint(fields=('visit', 'panel', 'repeat'), name='one_epoch_a_visit_and_panel'),
        ),
    ]
