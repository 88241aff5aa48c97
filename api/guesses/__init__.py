"""Guesses of how a file is to be read, each compared with the beginning of the file."""
