"""Targets, the loop, metrics, prediction."""
