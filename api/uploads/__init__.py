"""The formats of uploads: recognising them, and checking them as they are received."""
