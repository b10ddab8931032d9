import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("kfmap_api", "0002_token_space"),
    ]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="made_with",
            field=models.ForeignKey(
                blank=True,
                help_text="the token that asked for it over the API",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="made",
                to="kfmap_api.apitoken",
            ),
        ),
    ]
