"""The scoring program: Celery processes with the models preloaded."""
