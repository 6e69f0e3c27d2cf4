"""Imports DuckDB's compiled module directly.

`import duckdb` also loads the relational API, package metadata and type helpers that are not used
here, which doubles the start-up time of a command.
"""

from _duckdb import (
    BinderException,
    CatalogException,
    DataError,
    Error,
    FatalException,
    IntegrityError,
    InvalidInputException,
    OutOfMemoryException,
    Statement,
    StatementType,
    TransactionException,
    connect,
    extract_statements,
)
from _duckdb import (
    DuckDBPyConnection as Connection,
)

__all__ = [
    "BinderException",
    "CatalogException",
    "Connection",
    "DataError",
    "Error",
    "FatalException",
    "IntegrityError",
    "InvalidInputException",
    "OutOfMemoryException",
    "Statement",
    "StatementType",
    "TransactionException",
    "connect",
    "extract_statements",
]
