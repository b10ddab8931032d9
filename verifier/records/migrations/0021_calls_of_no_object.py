"""Find the calls that a worker of an earlier release wrote at each tick, without reading all."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0020_names_by_trigram"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="call",
            index=models.Index(
                condition=models.Q(("object", None)),
                fields=["program"],
                name="calls_of_no_object",
            ),
        ),
    ]
