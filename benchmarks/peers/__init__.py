"""Peers: other ways to score a CSV or to serve a model, each in an environment of its own."""

from benchmarks.peers.contest import run

__all__ = ["run"]
