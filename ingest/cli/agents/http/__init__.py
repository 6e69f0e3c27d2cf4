"""`tailboard serve`: the HTTP API and MCP over HTTP, for programs that have a key."""
