"""Run by Alembic: migrates over the connection that `shelver.catalogue.migrate` hands over."""

from alembic import context

from shelver.catalogue.migrate import VERSION_TABLE
from shelver.catalogue.tables import metadata

# The caller has opened a transaction, so all steps and the version are committed together or not at all.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
