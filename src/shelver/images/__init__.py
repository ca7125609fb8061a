"""Pictures of products: fetched from their addresses, checked, stored once by content, decoded."""
