"""Nets: what scores; training happens elsewhere."""
