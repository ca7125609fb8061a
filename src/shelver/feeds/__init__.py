"""Read any feed file, clean its rows, and hand them on as products and rejects; nothing is silently lost."""
