"""What agents and other programs ask: the tools of MCP, HTTP, keys, and how they are set up."""
