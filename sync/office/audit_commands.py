"""The audit on the command line."""

import click

from app.errors import ChainBroken
from app.text import clean
from app.words import say
from sync.office.audit import act_words
from sync.office.command_line import print_json, with_store
from sync.office.places import Places
from sync.office.settings import Settings
from sync.office.store import audit as table
from sync.office.store.plans import newest_plans

MOST = 10_000
SHOWN = ("number", "at", "account", "act", "site", "subject")


def show(settings: Settings) -> int:
    """Print the rows, oldest first. Raises ChainBroken when one is missing or changed."""
    notes, plans, fault = with_store(
        settings,
        lambda store: store.read(lambda tx: (table.listed(tx, most=MOST), newest_plans(tx), table.first_fault(tx))),
    )
    for each in () if settings.as_json else reversed(notes):
        places = Places(settings.lang, plans.get(each.site) or next(iter(plans.values()), None), {})
        act = act_words(each.act, settings.lang)
        fields = {"number": each.number, "time": places.moment(each.at), "who": clean(each.account), "act": act}
        click.echo(say(settings.lang, "audit.listed", **fields, site=each.site, subject=clean(each.subject, 300)))
    if settings.as_json:
        rows = [{name: getattr(each, name) for name in SHOWN} for each in reversed(notes)]
        print_json({"whole": fault is None, "rows": rows})
    if fault is not None:
        raise ChainBroken("audit.broken", number=fault)
    return 0
