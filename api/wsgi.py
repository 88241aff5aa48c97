"""The app that gunicorn serves: `gunicorn --config python:api.gunicorn_conf api.wsgi:app`."""

from api.app import create_app
from shared.config.settings import load_settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.redis.fleet import RedisFleet
from shared.redis.job_store import RedisJobStore
from shared.redis.link import RedisLink
from shared.redis.overview import RedisOverview
from shared.storage.blobs import FolderBlobs
from shared.storage.sealed import SealedBlobs
from shared.telemetry.spans import spans

_settings = load_settings()
spans.start("scorelane-api")
_link = RedisLink(_settings)

app = create_app(
    _settings,
    store=RedisJobStore(_link, _settings),
    blobs=SealedBlobs(FolderBlobs(_settings.blobs_dir)),
    dispatch=CeleryDispatch(make_celery(_settings), _link.now),
    fleet=RedisFleet(_link, _settings),
    overview=RedisOverview(_link),
)
