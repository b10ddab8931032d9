from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalogue", "0002_variant")]

    operations = [
        migrations.AddField(
            model_name="kernel",
            name="config",
            field=models.BinaryField(
                default=b"",
                help_text="what its .config sets, compressed with zstd; empty: not known",
            ),
        ),
    ]
