"""The HTTP door: it takes jobs in, reports on them and hands results out. It never scores."""
