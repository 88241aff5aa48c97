"""Everything that speaks Redis; README.md has the table of keys."""
