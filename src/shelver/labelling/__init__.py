"""More from every label: what to ask next, how good we are, which labels are wrong; no web code here."""
