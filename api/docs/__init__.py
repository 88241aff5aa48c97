"""The documentation that the API serves: OpenAPI for programs, Swagger UI for people."""
