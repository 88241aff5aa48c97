"""Removes multipart uploads to S3 that processes have left unfinished because they died.

They are in no list of objects, and cost money. Google's and Azure's stores remove theirs by a rule
of the bucket, or by themselves after a week.
"""

import errno
import logging
import os
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from shared.config.object_address import ObjectAddress
from shared.storage.object_store import endpoint_of

logger = logging.getLogger(__name__)

#: An upload that has begun before this time is not under way any more, in seconds: the longest
#: upload that the API takes ends sooner.
UNFINISHED_SECONDS = 24 * 3600.0


def remove_unfinished(
    address: ObjectAddress,
    seconds: float = UNFINISHED_SECONDS,
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Abort the multipart uploads below an address that began more than `seconds` ago.

    Returns:
        Their number. Always 0 if the store is not S3, or if botocore is not installed.

    Raises:
        OSError: the store did not answer, or denied it.
    """
    prefix = f"{address.prefix}/" if address.prefix else ""

    def is_left(upload: Any, now: float) -> bool:
        return bool(now - upload["Initiated"].timestamp() > seconds)

    return _abort(address, prefix, is_left, environment)


def abort_uploads(
    address: ObjectAddress, key: str, environment: Mapping[str, str] = os.environ
) -> int:
    """Abort every multipart upload of one object, whose key is below an address.

    Returns:
        As `remove_unfinished`.

    Raises:
        OSError: the store did not answer, or denied it.
    """
    whole = f"{address.prefix}/{key}" if address.prefix else key
    return _abort(address, whole, lambda upload, _: upload["Key"] == whole, environment)


def _abort(
    address: ObjectAddress,
    prefix: str,
    is_left: Callable[[Any, float], bool],
    environment: Mapping[str, str],
) -> int:
    if address.scheme != "s3":
        return 0
    try:
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415
    except ModuleNotFoundError:
        return 0
    endpoint = endpoint_of(environment)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    count = 0
    try:
        # As obstore asks: the bucket is in the path if the address is not Amazon's.
        style = {"addressing_style": "path" if endpoint else "auto"}
        client = Session().create_client(
            "s3", region_name=region, endpoint_url=endpoint or None, config=Config(s3=style)
        )
        pages = client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=address.bucket, Prefix=prefix):
            now = _date_of(page)
            for upload in page.get("Uploads", []):
                if is_left(upload, now):
                    client.abort_multipart_upload(
                        Bucket=address.bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                    )
                    count += 1
    except (BotoCoreError, ClientError) as error:
        raise OSError(errno.EIO, f"{address.place}: {error}") from None
    return count


def _date_of(page: Any) -> float:
    """The time of the store's own clock when it answered, in seconds since the epoch."""
    headers = page["ResponseMetadata"]["HTTPHeaders"]
    return parsedate_to_datetime(headers["date"]).timestamp()
