"""Posts and their handover: where the crew stands, what it gives to the next shift, and what it takes (D6, D40)."""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from app import kinds, witness
from app.duties import posts, registers, rounds, schedule
from app.duties.days import local_time, millis
from app.duties.orders import Stage
from app.duties.posts import Sheet
from app.duties.provisions import Item
from app.duties.rounds import Confirmation
from app.duties.site import Person, Post
from app.errors import NotAllowed
from app.kinds.orders import ORDERS
from app.kinds.posts import (
    HandoverGiven,
    HandoverTaken,
    PostManned,
    PostStoodIn,
    ReliefAsked,
    ReliefMissing,
    sheet_of,
)
from app.logbook.lines import encode_json
from app.posting import Posting
from app.record import Record
from app.session import act, has, people
from app.text import clean
from app.words import say


class Given(Struct, frozen=True):
    sheet: Sheet
    code: str
    """Sixteen digits by which another handheld names it."""


class Handing(Posting):
    """Acts on posts."""

    # -- where the crew stands ----------------------------------------------------------------
    @act
    async def man(self, post: str) -> Post:
        """The crew stands there. Raises NotAllowed for a post that does not fit its roles."""
        shift, found = self._shift(), self._fitting(post)
        since = millis(self.now()) if self.post() else shift.opened
        await self._write(PostManned(found.id, since))
        return found

    @act
    async def stand_in(self, person: str, instead: str) -> None:
        """顶班: one of the crew has taken the turn of `instead`, who is not here."""
        shift, post = self._shift(), self._my_post()
        if not has(shift, person) or all(each.id != instead for each in self.absent()):
            raise NotAllowed("handover.no_colleague")
        await self._write(PostStoodIn(post.id, person, instead))

    def absent(self) -> tuple[Person, ...]:
        """Whose turn somebody else may take: people who fit the crew's post and are not of the crew."""
        post, crew = self.post(), self.state.shift.crew if self.state.shift else ()
        here = {member.person for member in crew}
        roles = post.roles if post else ()
        ids = [grant.person for grant in self._in_force.grants if set(grant.roles) & set(roles)]
        return tuple(found for id in ids if id not in here and (found := self.person(id)) is not None)

    @act
    async def relief_missing(self) -> None:
        """接班人未到: said once, it stands until somebody comes."""
        self._shift()
        post = self._my_post()
        if self.state.posts.of(post.id).relief_missing is None:
            await self._write(ReliefMissing(post.id))

    @act
    async def ask_relief(self) -> int | None:
        """请人接班: said once, it stands until somebody comes. When it was said before, UTC ms, else None."""
        self._shift()
        post = self._my_post()
        if (before := self.state.posts.of(post.id).relief_asked) is not None:
            return before
        longest = self.hours()[0]
        await self._write(ReliefAsked(post.id, longest.person, posts.minutes_on(post, longest), post.hours))
        return None

    # -- giving -------------------------------------------------------------------------------
    def may_give(self) -> bool:
        """The crew has a post, and nobody of it has left a sheet for the next shift yet."""
        shift, post = self.state.shift, self.post()
        if shift is None or post is None:
            return False
        sheet = self.state.posts.of(post.id).sheet
        return sheet is None or sheet.at < shift.opened

    def sheet(self, counts: Mapping[str, int], notes: Collection[str] = ()) -> Sheet:
        """What would be given now, not yet recorded: what was counted, what is open, what was late, the notes.

        Raises NotAllowed while nobody said at which post the crew stands.
        """
        shift, post, plan = self._shift(), self._my_post(), self._in_force
        roles = {role for member in shift.crew for role in plan.roles_of(member.person)}
        progress, since = self.state.round, local_time(shift.opened, self.zone)
        running = rounds.slot_id(progress.round) if progress else None
        duties = schedule.today(plan, self.state.rounds, running, roles, self.now(), since, plan.by_place)
        late = (*posts.behind(duties, self.state.rounds, shift.opened), *self._behind_by_place())
        return Sheet(
            id="",
            post=post.id,
            at=millis(self.now()),
            by=people(shift.crew),
            counts={item.id: counts[item.id] for item in post.items if item.id in counts},
            open=(*self.state.findings, *self._open_orders(), *self._emergencies())[-posts.MOST :],
            late=late[-posts.MOST :],
            notes=tuple(self._notes(notes).values()),
        )

    @act
    async def give(self, counts: Mapping[str, int], notes: Collection[str] = ()) -> Given:
        """Leave the sheet for the next shift. Raises NotAllowed while an item is not counted, or a round is open."""
        sheet, items = self.sheet(counts, notes), self._my_post().items
        if self.state.round is not None:
            raise NotAllowed("watch.round_open")
        if posts.uncounted(items, counts) or not all(0 <= each <= registers.MOST for each in counts.values()):
            raise NotAllowed("handover.uncounted")
        body = HandoverGiven(
            post=sheet.post,
            crew=self._signed(sheet_hash(sheet)),
            counts=sheet.counts,
            differences=posts.differences(items, counts),
            open=sheet.open,
            late=sheet.late,
            notes=self._notes(notes),
            words=self.sheet_words(sheet),
        )
        (entry,) = await self._write(body)
        code = witness.code(witness.Head(self._logbook.book, entry.record.seq, entry.hash))
        self._shown.add(code)
        return Given(replace(sheet, id=f"{self._logbook.book_id}:{entry.record.seq}", at=entry.record.at), code)

    def _behind_by_place(self) -> tuple[str, ...]:
        if not self.tends:
            return ()
        from app.tending import Tending  # only crews that work by place need it: memory

        return Tending.of(self).behind()

    def _open_orders(self) -> tuple[str, ...]:
        """Those that no open finding stands for."""
        found = (order for order in self.state.share(ORDERS).values() if order.finding not in self.state.findings)
        return tuple(order.id for order in found if order.stage is not Stage.CLOSED)

    def _emergencies(self) -> tuple[str, ...]:
        """Emergencies and drills that nobody has ended."""
        if "runs" not in self.state.shares:
            return ()
        from app.kinds.procedures import RUNS

        runs = self.state.share(RUNS)
        return tuple(runs)

    def _notes(self, notes: Collection[str]) -> dict[str, str]:
        return {note: say(self.lang, f"handover.note_{note}") for note in posts.NOTES if note in notes}

    def sheet_words(self, sheet: Sheet) -> str:
        """A sheet in one line."""
        post = self.find_post(sheet.post)
        found = [self._item_words(item, sheet.counts[item.id]) for item in short(post, sheet)]
        found += [say(self.lang, "handover.all_there")] if sheet.counts and not found else []
        found += [say(self.lang, "handover.open_n", n=len(sheet.open))] if sheet.open else []
        found += [say(self.lang, "handover.late_n", n=len(sheet.late))] if sheet.late else []
        return clean("; ".join([*found, *sheet.notes]), 300)

    def _item_words(self, item: Item, count: int) -> str:
        return say(self.lang, "handover.item", name=item.text.say(self.lang), n=count, of=item.count)

    # -- taking -------------------------------------------------------------------------------
    @act
    async def take(self, sheet: Sheet, counts: Mapping[str, int] | None = None) -> None:
        """The crew has read `sheet` and takes the post over, with what it counted itself where that is otherwise.

        Raises NotAllowed when the sheet does not wait any more, or a count is none.
        """
        self._waits(sheet)
        post, counted = self.find_post(sheet.post), counts if counts is not None else {}
        if not all(0 <= each <= registers.MOST for each in counted.values()):
            raise NotAllowed("handover.uncounted")
        differences = posts.differences(post.items if post else (), counted)
        body = HandoverTaken(sheet.post, sheet.id, self._signed(sheet_hash(sheet), besides=sheet.by))
        if counts is not None:
            words = self.sheet_words(Sheet("", sheet.post, 0, (), counts))
            body = replace(body, words=words, counts=counts, differences=differences)
        await self._write(body)
        self._brought = None

    @act
    async def take_unread(self, sheet: Sheet, reason: str) -> None:
        """The crew goes on without reading it. Raises NotAllowed without a reason of posts.OVERRIDES."""
        self._waits(sheet)
        if reason not in posts.OVERRIDES:
            raise NotAllowed("watch.unknown_reason")
        crew = self._signed(None, besides=sheet.by)
        words = say(self.lang, f"handover.why_{reason}")
        await self._write(HandoverTaken(sheet.post, sheet.id, crew, reason, words))
        self._brought = None

    @act
    async def take_by_code(self, typed: str) -> None:
        """The crew has read the sheet of its post on another handheld, and types that one's sixteen digits.

        Raises NotAllowed for digits that are none, or of a sheet that this handheld gave itself.
        """
        self._shift()
        post, code = self._my_post(), witness.read_code(typed)
        if code in self._shown:
            raise NotAllowed("handover.own_code")
        await self._write(HandoverTaken(post.id, None, self._signed(None), code=code))

    def brought(self, records: Iterable[tuple[str, Record]]) -> Sheet:
        """The newest sheet of the crew's post among what a stick holds, (book, record) each; it may be taken like one
        that was given here. Raises NotAllowed when there is none."""
        self._shift()
        post, found = self._my_post(), list[Sheet]()
        for book, record in records:
            body = kinds.read(record)
            if isinstance(body, HandoverGiven) and body.post == post.id and record.at <= self._at():
                found.append(sheet_of(record, body, book))
        if not found:
            raise NotAllowed("handover.stick_none", post=post.name.say(self.lang))
        self._brought = max(found, key=lambda sheet: sheet.at)
        return self._brought

    def _waits(self, sheet: Sheet) -> None:
        self._shift()
        if sheet != self._brought and self.waiting(sheet.post) != sheet:
            raise NotAllowed("handover.taken_already")

    def _signed(self, shown: str | None, besides: Collection[str] = ()) -> tuple[Confirmation, ...]:
        """The crew's confirmation by the badge or PIN that each has shown, but for `besides`."""
        crew = tuple(member for member in self._shift().crew if member.person not in besides)
        return tuple(replace(member, shown=shown) for member in crew) if shown else crew

    def _my_post(self) -> Post:
        post = self.post()
        if post is None:
            raise NotAllowed("handover.no_post")
        return post

    def _fitting(self, id: str) -> Post:
        found = next((post for post in self.posts_to_choose() if post.id == id), None)
        if found is None:
            raise NotAllowed("handover.not_your_post")
        return found


def short(post: Post | None, sheet: Sheet) -> tuple[Item, ...]:
    """Items of `post` that were counted otherwise than they should be."""
    items = post.items if post else ()
    return tuple(item for item in items if item.id in posts.differences(items, sheet.counts))


def sheet_hash(sheet: Sheet) -> str:
    """SHA-256, hex, of what a sheet says: what both shifts sign, wherever and whenever it was given."""
    said = {
        "counts": dict(sheet.counts),
        "late": sheet.late,
        "notes": sheet.notes,
        "open": sheet.open,
        "post": sheet.post,
    }
    return sha256(encode_json(said)).hexdigest()
