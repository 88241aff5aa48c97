"""Compiled ways through tables: cells into typed columns, and result rows into CSV."""
