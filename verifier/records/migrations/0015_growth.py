"""What pages of many objects read by an index instead of counting: see kfmap/docs/growth.md."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0014_latest_objects"),
    ]

    operations = [
        migrations.CreateModel(
            name="Removal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("count", models.PositiveBigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="bpfobject",
            name="checked_by",
            field=models.PositiveIntegerField(
                db_default=0,
                db_index=True,
                default=0,
                help_text="the version of the engine whose verdicts it has, 0 for none",
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="object",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="verifier.bpfobject",
            ),
        ),
        migrations.AlterField(
            model_name="call",
            name="kfunc",
            field=models.CharField(max_length=255),
        ),
        migrations.AddIndex(
            model_name="call",
            index=models.Index(fields=["kfunc", "-object"], name="latest_callers"),
        ),
        migrations.AlterField(
            model_name="submittedfile",
            name="name",
            field=models.CharField(db_index=True, max_length=255),
        ),
        migrations.AlterField(
            model_name="job",
            name="finished_at",
            field=models.DateTimeField(db_index=True, null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="heartbeat",
            field=models.DateTimeField(db_index=True, null=True),
        ),
    ]
