"""The ASGI application, for uvicorn (`manage.py up`) and gunicorn (`-k asgi`)."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application

from kfmap.server.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
application = BodyLimit(get_asgi_application(), settings.KFMAP_MAX_BODY_BYTES)
