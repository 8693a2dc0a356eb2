"""What Alembic runs: the revisions, on the connection it was handed and inside its transaction."""

from alembic import context

from sync.office.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,
)
context.run_migrations()
