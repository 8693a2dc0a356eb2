"""What home says that waits beside rounds. A subject is asked, and imported, only when there may be something."""

from screens.names import procedure_name
from screens.page import Page
from screens.posts import waiting_words
from screens.times import since


def waiting(page: Page) -> list[str]:
    """The post's matters, procedures that run, entries and lines that are due, orders, inspections."""
    watch, found = page.gear.watch, waiting_words(page)
    if "runs" in watch.state.shares:
        found += _runs(page)
    if "registers" in watch.state.shares or watch.keeps_log:
        found += _registers(page)
    if "orders" in watch.state.shares:
        found += _orders(page)
    if "violations" in watch.state.shares:
        found += _violations(page)
    if "reviews" in watch.state.shares:
        found += _sent_back(page)
    if "messages" in watch.state.shares:
        found = _messages(page) + found
    if any(asset.inspect_by for asset in watch.plan.assets):
        found += _inspections(page)
    return found


def _runs(page: Page) -> list[str]:
    from app.keeping import Keeping

    watch = page.gear.watch
    names = ((procedure_name(watch.plan, run, page.lang), run.at) for run in Keeping.of(watch).runs())
    return [
        page.say("procedures.home_running", name=name, span=since(page.lang, at, watch.now())) for name, at in names
    ]


def _registers(page: Page) -> list[str]:
    from app.keeping import Keeping

    keeping = Keeping.of(page.gear.watch)
    found = [page.say("registers.home_due", name=each.name.say(page.lang)) for each in keeping.registers_due()]
    return [*found, *([page.say("registers.home_over", n=len(over))] if (over := keeping.overdue()) else [])]


def _orders(page: Page) -> list[str]:
    from app.work import Work

    work, found = Work.of(page.gear.watch), []
    orders, followed = work.waiting_orders(), work.followed_orders()
    if not (orders or followed):
        return []
    from screens.order import followed_words, left_of

    if orders:
        found.append(page.say("orders.home", n=len(orders), words=orders[0].words, left=left_of(page, orders[0])))
    if followed:
        found.append(followed_words(page, followed))
    return [" ".join(said.split()) for said in found]


def _violations(page: Page) -> list[str]:
    """Papers that are to be made next, the first due first (D35)."""
    from app.violations import Violations

    acts = Violations.of(page.gear.watch)
    standings = [each for each in map(acts.standing, acts.open_findings()) if each and each.case and each.due]
    if not standings:
        return []
    first = min(standings, key=lambda each: each.due or 0)
    return [
        page.say(
            "violations.home",
            n=len(standings),
            name=page.say(f"violations.paper_{first.next}"),
            due=page.day_of(first.due or 0),
        )
    ]


def _sent_back(page: Page) -> list[str]:
    """Rounds that were sent back to this crew, and are not answered yet (D60)."""
    from screens.returned import waiting_words

    return waiting_words(page)


def _messages(page: Page) -> list[str]:
    from screens.messages import waiting_words

    return waiting_words(page)


def _inspections(page: Page) -> list[str]:
    """Equipment whose inspection falls due, or should have been."""
    from app.equipment import Equipment

    due = Equipment.of(page.gear.watch).falling_due()
    if not due:
        return []
    over = (due[0].inspect_by or "") < page.gear.watch.now().date().isoformat()
    words = "equipment.home_over" if over else "equipment.home_due"
    return [page.say(words, n=len(due), name=due[0].name.say(page.lang), date=due[0].inspect_by)]
