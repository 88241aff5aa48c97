"""Which models a worker serves, and how its scoring processes load and measure them."""
