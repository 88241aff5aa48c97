"""A service with keys, and a job, for the tests of signed addresses."""

import pytest
from pydantic import SecretStr
from support.in_memory import Service, make_service
from support.links import done
from support.owners import ALICE, BOB, READER, ROOT, SENDER

from shared.config.settings import Settings


@pytest.fixture(scope="module")
def keyed() -> Service:
    """The service in memory, which needs keys."""
    lines = ";".join(one.line for one in (ALICE, BOB, ROOT, READER, SENDER))
    return make_service(Settings(api_keys=SecretStr(lines), small_rows=5))


@pytest.fixture(scope="module")
def url(keyed: Service) -> str:
    """A job of Alice's that has succeeded."""
    return done(keyed)
