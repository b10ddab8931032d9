"""The ASGI application, for uvicorn (`manage.py up`) and gunicorn.

From the outside in: who the client is, what it may send, the request in a thread.
"""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kfmap.settings")
django.setup(set_prefix=False)

from kfmap.server.bodies import Bodies, BodyLimits  # noqa: E402 - they have models
from kfmap.server.handler import ThreadHandler  # noqa: E402
from kfmap.server.proxies import behind_proxies  # noqa: E402
from kfmap.server.request_ids import with_request_id  # noqa: E402
from kfmap.server.senders import find_sender_refusal  # noqa: E402

_LIMITS = BodyLimits(
    settings.KFMAP_MAX_FORM_BYTES,
    settings.KFMAP_MAX_BODY_BYTES,
    settings.KFMAP_MAX_STRANGERS_BYTES,
)
_handler = ThreadHandler()
_bodies = Bodies(_handler, _LIMITS, _handler.ask(find_sender_refusal))
application = with_request_id(behind_proxies(_bodies, settings.KFMAP_TRUSTED_PROXIES))
