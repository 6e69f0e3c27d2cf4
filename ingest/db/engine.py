"""The database engine as we use it: its compiled module alone.

`import duckdb` also loads the relational API, package metadata and type helpers that nothing here
needs; that doubles the time until a command answers. What is exported here is all that is used.
"""

from _duckdb import (
    BinderException,
    CatalogException,
    DataError,
    Error,
    FatalException,
    IntegrityError,
    InvalidInputException,
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
    "StatementType",
    "TransactionException",
    "connect",
    "extract_statements",
]
