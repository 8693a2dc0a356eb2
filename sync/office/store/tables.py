"""Every table of the office: whoever makes, copies or compares them finds all of them in `metadata`."""

from sync.office.store import (  # noqa: F401 - each brings its tables into the metadata
    accounts,
    alarms,
    audit,
    blobs,
    bound,
    conditions,
    drafts,
    hooks,
    papers,
    plans,
    releases,
    retention,
    rounds,
    schema,
    seen,
    settings,
    tags,
    visits,
)

metadata = schema.metadata
