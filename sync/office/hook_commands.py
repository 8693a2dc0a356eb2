"""The office's commands about hooks: who is told of alarms and missed rounds, and whether it arrives."""

import click
from msgspec import Struct

from app.text import clean
from app.words import say
from sync.office import telling
from sync.office.command_line import CommandRefused, Noted, now_ms, print_json, secret, tell, with_store
from sync.office.hook_forms import checked_fields, checked_url, host_of
from sync.office.places import Places
from sync.office.settings import Settings
from sync.office.store import Store, hooks
from sync.office.store.hooks import Hook, Notice
from sync.office.store.plans import site_plan

STDIN = "-"
LONGEST_NAME = 64


class Wanted(Struct, frozen=True):
    """A hook as the command line names it."""

    form: str
    url: str
    fields: str
    about: str
    secret: bool


def hook_add(settings: Settings, site: str, name: str, wanted: Wanted) -> None:
    """Raises CommandRefused, HookRefused."""
    called = clean(name, LONGEST_NAME + 1).strip()
    if called != name or not 0 < len(name) <= LONGEST_NAME:
        raise CommandRefused("hooks.bad_name")
    about = [each.strip() for each in wanted.about.split(",") if each.strip()]
    for each in about:
        if each not in telling.ABOUT:
            raise CommandRefused("hooks.bad_about", about=each[:20], known=", ".join(telling.ABOUT))
    url = secret(settings, "url", from_stdin=True) if wanted.url == STDIN else wanted.url
    hook = Hook(
        site,
        name,
        wanted.form,
        checked_url(url),
        secret(settings, "secret", from_stdin=False) if wanted.secret else "",
        checked_fields(wanted.form, wanted.fields),
        ",".join(about or telling.ABOUT),
        settings.lang,
        now_ms(),
    )

    noted = Noted("webhook-added", site, name)
    with_store(settings, lambda store: store.write(lambda tx: hooks.add(tx, hook)), noted, site=site)
    tell(settings, "hooks.added", {"site": site, "name": name}, form=hook.form, host=host_of(hook))


def hook_list(settings: Settings, site: str | None) -> None:
    """Every hook, without its key, and whether what it was told arrived."""
    found = with_store(
        settings,
        lambda store: store.read(
            lambda tx: [(hook, hooks.standing_of(tx, hook), site_plan(tx, hook.site)) for hook in hooks.every(tx, site)]
        ),
        site=site,
    )
    if settings.as_json:
        print_json([
            {
                "site": hook.site, "name": hook.name, "form": hook.form, "host": host_of(hook),
                "about": hook.about.split(","), "waiting": told.waiting, "last_at": told.last_at, "why": told.why,
            }
            for hook, told, _ in found
        ])  # fmt: skip
        return
    if not found:
        click.echo(say(settings.lang, "hooks.none"))
    for hook, told, plan in found:
        last = Places(settings.lang, plan, {}).day_and_minute(told.last_at) if told.last_at else ""
        fields = {"site": hook.site, "name": hook.name, "form": hook.form, "host": host_of(hook), "about": hook.about}
        last = last or say(settings.lang, "hooks.never")
        click.echo(say(settings.lang, "hooks.listed", **fields, waiting=told.waiting, last=last))
        if told.why:
            click.echo(say(settings.lang, "hooks.trouble", why=told.why))


def hook_remove(settings: Settings, site: str, name: str) -> None:
    """Raises CommandRefused."""
    noted = Noted("webhook-removed", site, name)
    if not with_store(settings, lambda store: store.write(lambda tx: hooks.remove(tx, site, name)), noted, site=site):
        raise CommandRefused("hooks.unknown", site=site[:64], name=name[:80])
    tell(settings, "hooks.removed", {"site": site, "name": name})


def hook_test(settings: Settings, site: str, name: str) -> None:
    """Post a trial message now. Raises CommandRefused when it was not taken."""
    import httpx

    from sync.office.teller import TIMEOUT_S, send

    async def act(store: Store) -> tuple[Hook, str]:
        found = next((hook for hook in await store.read(lambda tx: hooks.every(tx, site)) if hook.name == name), None)
        if found is None:
            raise CommandRefused("hooks.unknown", site=site[:64], name=name[:80])
        plan = await store.read(lambda tx: site_plan(tx, site))
        text = say(found.lang, "hooks.trial", site=Places(found.lang, plan, {}).site(site), name=name)
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            notice = Notice(site, name, f"trial/{now_ms()}", "trial", text, now_ms(), None)
            return found, await send(client, found, [notice], now_ms())

    hook, why = with_store(settings, act, site=site)
    if why:
        raise CommandRefused("hooks.not_tried", host=host_of(hook), why=why)
    click.echo(say(settings.lang, "hooks.tried", host=host_of(hook)))
