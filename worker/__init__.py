"""The worker: Celery processes that load the models and score."""
