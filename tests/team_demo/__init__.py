"""A team of two made-up members on a PostgreSQL server of its own: `make team-demo`."""
