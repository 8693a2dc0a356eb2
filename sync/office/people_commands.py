"""The office's commands about people: accounts for its pages, and the PINs and badges that handhelds ask for."""

from pathlib import Path

import click
import msgspec
from sqlalchemy import Connection

from app.words import say
from sync.office import accounts, credentials
from sync.office.accounts import Applicant
from sync.office.command_line import (
    CommandRefused,
    Noted,
    must_know_site,
    now_ms,
    print_json,
    print_qr,
    secret,
    tell,
    with_store,
)
from sync.office.settings import Settings
from sync.office.store import Store
from sync.office.store import accounts as account_table
from sync.office.store import plans as plan_table


def user_add(settings: Settings, who: Applicant, *, from_stdin: bool) -> None:
    """An account. Raises AccountRefused, CredentialRefused for a person nobody knows, CommandRefused without a
    password, for an unknown site, and for a company or district that no plan names.
    """
    password = secret(settings, "password", from_stdin=from_stdin)

    async def act(store: Store) -> str:
        if (person := who.person) is not None:
            await store.read(lambda tx: credentials.must_know(tx, person))
        for site in who.sites:
            await must_know_site(store, site)
        await _must_know_groups(store, who)
        return await accounts.add(store, who, password, now_ms())

    account = with_store(settings, act, Noted("user-added", subject=who.name))
    told = {"account": account, **msgspec.to_builtins(who)}
    del told["name"]
    tell(settings, "office_cli.user_added", told)


async def _must_know_groups(store: Store, who: Applicant) -> None:
    for company in who.companies:
        if not await store.read(lambda tx, one=company: plan_table.sites_in(tx, (one,), ())):  # type: ignore[misc]
            raise CommandRefused("office_cli.no_company", company=company[:64])
    for district in who.districts:
        if not await store.read(lambda tx, one=district: plan_table.sites_in(tx, (), (one,))):  # type: ignore[misc]
            raise CommandRefused("office_cli.no_district", district=district[:64])


def user_list(settings: Settings) -> None:
    """Every account, without anything secret."""
    found = with_store(settings, lambda store: store.read(account_table.every))
    if settings.as_json:
        print_json([{**msgspec.to_builtins(each), "password": None} for each in found])
        return
    for each in found:
        groups = [say(settings.lang, "office_cli.of_company", company=one) for one in each.companies]
        groups += [say(settings.lang, "office_cli.of_district", district=one) for one in each.districts]
        sites = ", ".join([*each.sites, *groups]) or say(settings.lang, "office_cli.every_site")
        click.echo(f"{each.account}  {each.role}  {each.person or '-'}  {sites}")


def user_remove(settings: Settings, name: str) -> None:
    """Take an account away; who is signed in with it is out. Raises CommandRefused."""
    account = accounts.fold_name(name)
    noted = Noted("user-removed", subject=account)
    if not with_store(settings, lambda store: store.write(lambda tx: account_table.remove(tx, account)), noted):
        raise CommandRefused("office_cli.no_account", account=account[:64])
    tell(settings, "office_cli.user_removed", {"account": account})


def user_pin(settings: Settings, person: str, *, from_stdin: bool) -> None:
    stored = credentials.stored_pin(secret(settings, "pin", from_stdin=from_stdin))

    def change(tx: Connection) -> None:
        credentials.set_pin(tx, person, stored, now_ms())

    with_store(settings, lambda store: store.write(change), Noted("pin-set", subject=person))
    tell(settings, "office_cli.pin_set", {"person": person})


def user_badge(settings: Settings, person: str, pdf: Path | None) -> None:
    """A new badge: its code, and with `pdf` the card too. Raises CredentialRefused, LabelsRefused, SheetUnreadable."""
    from sync.office import printing

    if pdf is not None:
        card = with_store(settings, lambda store: store.read(lambda tx: printing.read_card(tx, person, now_ms())))
        printing.draw_card(card, printing.SPECIMEN)  # the old badge stays good when no card can be made

    def change(tx: Connection) -> str:
        return credentials.make_badge(tx, person, now_ms())

    code = with_store(settings, lambda store: store.write(change), Noted("badge-made", subject=person))
    if settings.as_json:
        print_json({"person": person, "code": code})
    else:
        click.echo(say(settings.lang, "office_cli.badge_made", person=person))
        click.echo(code)
        print_qr(code)
    if pdf is None:
        return
    printing.put(pdf, printing.draw_card(card, code))
    if not settings.as_json:
        click.echo(say(settings.lang, "labels.badge_made", path=pdf))
        click.echo(say(settings.lang, "labels.secret"), err=True)
