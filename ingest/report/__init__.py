"""The report of a period: throughput, typical values, coverage and disk usage."""
