"""Alembic environment of the control database; `shelver.catalogue.migrate` runs it, no alembic.ini is needed."""
