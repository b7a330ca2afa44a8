"""Controlled experiments on group discussions of language models."""

__version__ = "0.1.0"
