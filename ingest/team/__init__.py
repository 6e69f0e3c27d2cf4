"""A team's store on PostgreSQL: what machines share, and what everybody shared."""
