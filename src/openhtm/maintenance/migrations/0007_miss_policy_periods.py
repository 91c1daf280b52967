
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from openhtm.core.together import Together


class Migration(migrations.Migration):

    dependencies = [
        ('maintenance', '0006_visit_list_indexes'),
        ('sites', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        Together([
        pgtrigger.migrations.RemoveTrigger(
            model_name='misspolicy',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='misspolicy',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='misspolicy',
            name='delete_delete',
        ),
        migrations.RemoveConstraint(
            model_name='misspolicy',
            name='miss_policy_once',
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='effective_from',
            field=models.DateField(blank=True, help_text='First day it holds, by the clocks of the facility; empty: from the beginning.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='effective_to',
            field=models.DateField(blank=True, help_text='First day it no longer holds; empty: it still does.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='reason',
            field=models.CharField(blank=True, help_text='Why it was set.', max_length=400),
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='set_at',
            field=models.DateTimeField(blank=True, help_text='When it was set; empty: it came with the system.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='set_by',
            field=models.ForeignKey(blank=True, help_text='Who set it; empty: the system.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='misspolicy',
            name='set_by_name',
            field=models.CharField(blank=True, help_text='Their name as it was then.', max_length=120),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='effective_from',
            field=models.DateField(blank=True, help_text='First day it holds, by the clocks of the facility; empty: from the beginning.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='effective_to',
            field=models.DateField(blank=True, help_text='First day it no longer holds; empty: it still does.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='reason',
            field=models.CharField(blank=True, help_text='Why it was set.', max_length=400),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='set_at',
            field=models.DateTimeField(blank=True, help_text='When it was set; empty: it came with the system.', null=True),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='set_by',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, help_text='Who set it; empty: the system.', null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='misspolicyevent',
            name='set_by_name',
            field=models.CharField(blank=True, help_text='Their name as it was then.', max_length=120),
        ),
        migrations.AlterField(
            model_name='misspolicy',
            name='facility',
            field=models.ForeignKey(blank=True, help_text='Empty: everywhere else.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='sites.facility'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='misspolicy',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "maintenance_misspolicyevent" ("confidence", "effective_from", "effective_to", "escalate_after_attempts", "facility_id", "high_risk_steps_earlier", "id", "in_use_retry_days", "missing_after_misses", "missing_after_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recent_share", "search_after_days", "set_at", "set_by_id", "set_by_name", "source") SELECT new_values."confidence", new_values."effective_from", new_values."effective_to", new_values."escalate_after_attempts", new_values."facility_id", new_values."high_risk_steps_earlier", new_values."id", new_values."in_use_retry_days", new_values."missing_after_misses", new_values."missing_after_months", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."reason", new_values."recent_share", new_values."search_after_days", new_values."set_at", new_values."set_by_id", new_values."set_by_name", new_values."source" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='fe9901a032560bb5252c6cd3423e5c50bac9016f', level='STATEMENT', operation='INSERT', pgid='pgtrigger_insert_insert_d240e', referencing='REFERENCING NEW TABLE AS new_values ', table='maintenance_misspolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='misspolicy',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "maintenance_misspolicyevent" ("confidence", "effective_from", "effective_to", "escalate_after_attempts", "facility_id", "high_risk_steps_earlier", "id", "in_use_retry_days", "missing_after_misses", "missing_after_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recent_share", "search_after_days", "set_at", "set_by_id", "set_by_name", "source") SELECT new_values."confidence", new_values."effective_from", new_values."effective_to", new_values."escalate_after_attempts", new_values."facility_id", new_values."high_risk_steps_earlier", new_values."id", new_values."in_use_retry_days", new_values."missing_after_misses", new_values."missing_after_months", _pgh_attached_context.value, NOW(), \'update\', new_values."id", new_values."reason", new_values."recent_share", new_values."search_after_days", new_values."set_at", new_values."set_by_id", new_values."set_by_name", new_values."source" FROM ( SELECT new_values.* FROM old_values JOIN new_values ON (old_values."id") = (new_values."id") WHERE (old_values.* IS DISTINCT FROM new_values.*) ) AS new_values, _pgh_attached_context; RETURN NULL;', hash='294921985502b4de3e7900b5bb7158d9f8945069', level='STATEMENT', operation='UPDATE', pgid='pgtrigger_update_update_4dd50', referencing='REFERENCING OLD TABLE AS old_values  NEW TABLE AS new_values ', table='maintenance_misspolicy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='misspolicy',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "maintenance_misspolicyevent" ("confidence", "effective_from", "effective_to", "escalate_after_attempts", "facility_id", "high_risk_steps_earlier", "id", "in_use_retry_days", "missing_after_misses", "missing_after_months", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recent_share", "search_after_days", "set_at", "set_by_id", "set_by_name", "source") SELECT old_values."confidence", old_values."effective_from", old_values."effective_to", old_values."escalate_after_attempts", old_values."facility_id", old_values."high_risk_steps_earlier", old_values."id", old_values."in_use_retry_days", old_values."missing_after_misses", old_values."missing_after_months", _pgh_attached_context.value, NOW(), \'delete\', old_values."id", old_values."reason", old_values."recent_share", old_values."search_after_days", old_values."set_at", old_values."set_by_id", old_values."set_by_name", old_values."source" FROM ( SELECT old_values.* FROM old_values  ) AS old_values, _pgh_attached_context; RETURN NULL;', hash='760edffbddc884bdb5adaa71fe05ee269315654d', level='STATEMENT', operation='DELETE', pgid='pgtrigger_delete_delete_2b7ef', referencing='REFERENCING OLD TABLE AS old_values ', table='maintenance_misspolicy', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='misspolicy',
            constraint=models.CheckConstraint(condition=models.Q(('effective_from__isnull', True), ('effective_to__isnull', True), ('effective_to__gt', models.F('effective_from')), _connector='OR'), name='miss_policy_period', violation_error_message='The end must come after the start.'),
        ),
        migrations.AddConstraint(
            model_name='misspolicy',
            constraint=models.CheckConstraint(condition=models.Q(('effective_from__isnull', True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='miss_policy_says_why', violation_error_message='Say why the policy changes.'),
        ),
        migrations.AddConstraint(
            model_name='misspolicy',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[(django.db.models.functions.comparison.Coalesce('facility', models.Value(0), output_field=models.BigIntegerField()), '='), (models.Func(models.F('effective_from'), models.F('effective_to'), models.Value('[)'), function='daterange', output_field=django.contrib.postgres.fields.ranges.DateRangeField()), '&&')], name='miss_policy_no_overlap', violation_error_message='Somebody changed this policy at the same time. Load the page again.'),
        ),
        ]),
    ]
