"""Every table of the office: whoever makes, copies or compares them finds all of them in `metadata`."""

from sync.office.store import (
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

MODULES = (
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
