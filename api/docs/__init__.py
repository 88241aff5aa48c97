"""The pages about the API: OpenAPI for programs, Swagger UI for people."""
