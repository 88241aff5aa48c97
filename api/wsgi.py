"""The app that gunicorn serves: `gunicorn --config python:api.gunicorn_conf api.wsgi:app`."""

from api.app import create_app
from shared.config.settings import load_settings
from shared.dispatch import CeleryDispatch, make_celery
from shared.redis.aliases import RedisAliases
from shared.redis.archiving import ArchivingJobStore
from shared.redis.fleet import RedisFleet
from shared.redis.link import RedisLink
from shared.redis.monitor import RedisMonitor
from shared.redis.overview import RedisOverview
from shared.storage.opening import open_blobs, open_direct_files
from shared.storage.sealed import SealedBlobs
from shared.telemetry.spans import spans

_settings = load_settings()
spans.start("scorelane-api")
_link = RedisLink(_settings)
_blobs = open_blobs(_settings)

app = create_app(
    _settings,
    store=ArchivingJobStore(_link, _settings, _blobs),
    blobs=SealedBlobs(_blobs),
    dispatch=CeleryDispatch(make_celery(_settings), _link.now),
    fleet=RedisFleet(_link, _settings),
    aliases=RedisAliases(_link, SealedBlobs(_blobs)),
    overview=RedisOverview(_link),
    monitor=RedisMonitor(_link),
    direct_files=open_direct_files(_settings),
)
