"""Files stand in an index of their space, the latest object first: see kfmap/docs/growth.md."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("spaces", "0004_events"),
        ("verifier", "0017_double_uploads"),
    ]

    operations = [
        migrations.AddField(
            model_name="submittedfile",
            name="space",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="files",
                to="spaces.space",
            ),
        ),
        migrations.AddIndex(
            model_name="submittedfile",
            index=models.Index(fields=["space", "-object", "name"], name="latest_in_space"),
        ),
    ]
