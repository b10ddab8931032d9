"""How every form writes its fields: as Django does, but with no colon after a label."""

from django.forms.renderers import TemplatesSetting


class FormFields(TemplatesSetting):
    """Django's templates of forms, with one of ours for a field and its label."""

    field_template_name = "parts/field.html"
