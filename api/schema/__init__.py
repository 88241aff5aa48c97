"""Descriptions of views, and the types of rows, from which OpenAPI is made."""
