"""Data sets with known categories, and the studies made on them."""
