"""Models of many kinds, each fitted, saved and asked by its own library.

These modules also run under other versions of the libraries, in environments without this project,
so they import nothing of it.
"""
