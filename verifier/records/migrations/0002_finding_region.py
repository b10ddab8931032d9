from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="check",
            name="engine_version",
            field=models.PositiveIntegerField(),
        ),
        migrations.AlterField(
            model_name="finding",
            name="kind",
            field=models.CharField(
                choices=[
                    ("not_allowed", "not_allowed"),
                    ("not_sleepable", "not_sleepable"),
                    ("region", "region"),
                    ("missing", "missing"),
                    ("prototype", "prototype"),
                    ("run_time", "run_time"),
                    ("struct_ops", "struct_ops"),
                    ("malformed_kernel", "malformed_kernel"),
                    ("device_bound", "device_bound"),
                    ("load", "load"),
                    ("dead", "dead"),
                    ("unknown", "unknown"),
                ],
                max_length=20,
            ),
        ),
    ]
