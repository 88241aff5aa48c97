"""Tells schemathesis how to send NDJSON, Parquet and tar files, which it does not know."""

import schemathesis

schemathesis.serializer.alias(
    ["application/x-ndjson", "application/vnd.apache.parquet", "application/x-tar"], "text/plain"
)
