"""What the office tells whoever is on shift here (通知), and that it was read."""

from app.kinds.messages import MESSAGES, Message, MessageRead
from app.posting import Posting
from app.session import act


class Reading(Posting):
    """Messages for this crew."""

    def messages(self) -> tuple[tuple[str, Message], ...]:
        """What nobody of the crew has read yet, by the record that sent it: urgent ones first, then the oldest."""
        crew = {member.person for member in self.state.shift.crew} if self.state.shift else set()
        waiting = [(id, each) for id, each in self.state.share(MESSAGES).items() if self._is_for(each, crew)]
        return tuple(sorted(waiting, key=lambda pair: (not pair[1].urgent, pair[1].at, pair[0])))

    def _is_for(self, message: Message, crew: set[str]) -> bool:
        if message.until <= self._at():
            return False
        if message.person is not None:
            return message.person in crew and message.person not in message.read
        here = self.post() if message.post is not None else None
        if message.post is not None and (here is None or here.id != message.post):
            return False
        return bool(crew) and crew.isdisjoint(message.read)

    @act
    async def read(self, id: str, message: Message) -> None:
        """Whom it is for, else who holds the handheld, has read it. Raises NotAllowed without a shift."""
        self._shift()
        person = message.person or self.holder
        await self._write(MessageRead(id), by=(person,) if person else ())
