"""Settings, their checks, and what a program does with them at its start."""
