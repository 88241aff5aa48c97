"""Settings, their validation, and how a program reads them when it starts."""
