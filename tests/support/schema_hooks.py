"""Tells schemathesis how to send NDJSON and Parquet, which it does not know."""

import schemathesis

schemathesis.serializer.alias(
    ["application/x-ndjson", "application/vnd.apache.parquet"], "text/plain"
)
