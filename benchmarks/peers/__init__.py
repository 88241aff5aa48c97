"""Peers: other tools that score a CSV or serve a model, each in its own environment."""

from benchmarks.peers.contest import run

__all__ = ["run"]
