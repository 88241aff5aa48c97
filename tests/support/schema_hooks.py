"""What schemathesis does not know by itself: how to send the formats that rows come in."""

import schemathesis

schemathesis.serializer.alias(
    ["application/x-ndjson", "application/vnd.apache.parquet"], "text/plain"
)
