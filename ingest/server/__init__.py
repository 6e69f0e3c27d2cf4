"""The socket through which other processes use the open database: server, protocol, client."""
