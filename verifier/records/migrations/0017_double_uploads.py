from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("verifier", "0016_fill_growth"),
    ]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="of what was sent, by which the same sent twice is known",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="is_whole",
            field=models.BooleanField(
                db_default=True, default=True, help_text="all of its files are taken in"
            ),
        ),
        migrations.AddIndex(
            model_name="submission",
            index=models.Index(
                condition=models.Q(("digest", ""), _negated=True),
                fields=["digest"],
                name="submissions_by_digest",
            ),
        ),
    ]
