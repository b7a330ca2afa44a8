"""Results → tables as data."""

from mascope.tables.table import Column, Table

__all__ = ["Column", "Table"]
