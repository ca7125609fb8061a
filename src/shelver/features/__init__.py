"""Columns → numbers, by kind: text, categorical, number, vector."""
