"""Descriptions of views, and types of rows: `api.docs.openapi` makes its document of them."""
