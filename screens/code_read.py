"""A code was read, wherever the crew is: what it means now, and which page shows it.

Loaded with the first code. Each function records what it means and then shows it on the terminal.
"""

from typing import TYPE_CHECKING

from app import codes, invitation
from app.duties.site import Asset, Point
from app.meaning import Meant
from app.ports import Scan
from app.words import say

if TYPE_CHECKING:
    from screens.terminal import Terminal


async def take(terminal: "Terminal", scan: Scan) -> None:
    """A code always works. Raises WatchbookError, as the acts do."""
    watch = terminal.gear.watch
    if terminal.gear.first and await _tries(terminal, scan):
        return
    if (field := codes.trial_field(scan.text)) is not None:
        _say_trial(terminal, field, scan)
    elif (sheet := invitation.read(scan.text)) is not None:
        from screens.first import offered  # hardly ever: memory

        await offered(terminal, sheet, scan)
    elif watch.meaning(scan.text).kind is Meant.WITNESS:
        await witness(terminal, scan.text)
    elif await terminal.top.scanned(scan):
        return
    elif terminal.locked or watch.state.shift is None:
        await _identify(terminal, scan)
    elif "orders" in watch.state.shares and await _reached_order(terminal, scan):
        return
    elif watch.state.round is not None:
        terminal.arrived(await watch.scan(scan))
    else:
        await _idle(terminal, scan)


async def _tries(terminal: "Terminal", scan: Scan) -> bool:
    """Whether a scanner is being tried, whatever page stands above that. A sheet is more than a try."""
    from screens.scanner_choice import trial_of  # once in a handheld's life

    trial = trial_of(terminal)
    return trial is not None and invitation.read(scan.text) is None and await trial.scanned(scan)


def _say_trial(terminal: "Terminal", field: int, scan: Scan) -> None:
    """A fitter tries the scanner: what reads well is said, and nothing else happens."""
    from screens.trial import trial_words

    words, role = trial_words(terminal.lang, field, scan)
    terminal.signal(role)
    terminal.tell(words, role)


async def witness(terminal: "Terminal", read: str) -> None:
    """Record the head of another's book, and say whose it is."""
    from app.witnessing import Witnessing
    from screens.witness import witnessed_words

    found = await Witnessing.of(terminal.gear.watch).witness(read)
    role = "mark" if found.again else "ok"
    terminal.signal(role)
    terminal.tell(witnessed_words(terminal.lang, found), role)


async def _identify(terminal: "Terminal", scan: Scan) -> None:
    """Nobody is signed in: only a badge means something, whatever page is open."""
    if terminal.gear.watch.meaning(scan.text).kind is not Meant.PERSON:
        terminal.signal("bad")
        terminal.tell(say(terminal.lang, "signin.not_now"), "bad")
        return
    was_locked = terminal.locked
    person = await terminal.gear.watch.sign_in_badge(scan)
    terminal.signed_in(person, unlocked=was_locked)


async def _reached_order(terminal: "Terminal", scan: Scan) -> bool:
    """The label where the crew is awaited for a work order. A stop of the round that is walked is one besides."""
    from app.work import Work

    watch, work = terminal.gear.watch, Work.of(terminal.gear.watch)
    order = work.order_here(scan)
    if order is None:
        return False
    order = await work.arrive_at_order(order.id, scan)
    progress = watch.state.round
    route = watch.plan.find_route(progress.route) if progress else None
    if route is not None and any(stop.point == order.point for stop in route.stops):
        return False
    from screens.home import HomePage
    from screens.order import OrderPage, reached_words

    if progress is None:
        terminal.down_to(HomePage)
    if terminal.down_to(OrderPage):
        terminal.replace(OrderPage(order.id))
    else:
        terminal.open(OrderPage(order.id))
    words, role = reached_words(terminal.top, order)
    terminal.signal(role)
    terminal.tell(words, role)
    return True


async def _idle(terminal: "Terminal", scan: Scan) -> None:
    """On shift, no round: a badge joins, a place is named."""
    watch = terminal.gear.watch
    meaning = watch.meaning(scan.text)
    if meaning.kind is Meant.PERSON:
        terminal.signed_in(await watch.sign_in_badge(scan))
    elif meaning.kind is Meant.POINT and meaning.id:
        if not (watch.tends and await _at_place(terminal, scan, meaning.id)):
            words = "home.scanned_old" if meaning.old else "home.scanned"
            _name_it(terminal, watch.plan.find_point(meaning.id), words)
    elif meaning.kind is Meant.ASSET and meaning.id:
        _show_asset(terminal, watch.plan.find_asset(meaning.id))
    else:
        terminal.arrived(await watch.scan(scan))


async def _at_place(terminal: "Terminal", scan: Scan, point: str) -> bool:
    """Whether something of today is done there by place: then that is being there."""
    from app.tending import Tending

    tending = Tending.of(terminal.gear.watch)
    if all(place.point != point for place in tending.places()):
        return False
    from screens.place import show

    show(terminal, await tending.reach(scan))
    return True


def _show_asset(terminal: "Terminal", asset: Asset | None) -> None:
    """Its page of the equipment ledger."""
    if asset is None:
        _name_it(terminal, None)
        return
    from screens.equipment import AssetPage

    terminal.signal("ok")
    if terminal.down_to(AssetPage):
        terminal.replace(AssetPage(asset))
    else:
        terminal.open(AssetPage(asset))


def _name_it(terminal: "Terminal", found: Point | None, words: str = "home.scanned") -> None:
    name = found.name.say(terminal.lang) if found else say(terminal.lang, "home.scanned_unknown")
    terminal.signal("mark")
    terminal.tell(say(terminal.lang, words, name=name), "mark")
