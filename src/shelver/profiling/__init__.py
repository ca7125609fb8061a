"""What is in the columns: statistics in one pass and bounded memory, suggested features, drift, and one page of it."""
