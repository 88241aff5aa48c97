"""Why a model gives a score: the terms or columns that moved it most, and by how much."""
