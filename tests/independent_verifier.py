"""A verifier of exported books, written from docs/record-format.md alone. `verify(open(FILE, "rb"))`"""

import json
import re
from hashlib import sha256
from typing import Any

from nacl.signing import VerifyKey

PLACE = rb'\{"hash":"([0-9a-f]{64})","book":"([0-9a-f]{64})",'  # section 1
LINE = re.compile(PLACE + rb'"(?:(record|note)":(\{.*\})|purged":([1-9][0-9]{0,15})|raw":"((?:[0-9a-f]{2})*)")\}')
RECORD = re.compile(  # section 3, of bytes that are canonical
    rb'\{"at":-?\d+,"body":\{.*\},"boot":".*","by":\[(?:"[a-z0-9][a-z0-9-]{0,39}"(?:,(?!\])|(?=\]))){0,20}\],"kind":"'
    rb'(?=[^"]{1,64}")[a-z][a-z0-9]*(?:\.[a-z][a-z0-9-]*){1,3}","off":(?:null|-?\d+),"seq":-?\d+,"up":-?\d+,"v":-?\d+\}'
)


def plain(value: Any, left: int) -> bool:  # section 2: no floats, no number too large, no other names, not too deep
    if isinstance(value, dict):
        value = [*value.values()] if all(re.fullmatch("[ -~]{1,64}", name) for name in value) else [0.5]
    if isinstance(value, list):
        return all(left > 0 and plain(inner, left - 1) for inner in value)
    return value is None or isinstance(value, bool | str) or (type(value) is int and abs(value) <= 2**53)


def canonical(raw: bytes, names: str = "") -> Any:  # section 2: the object in `raw`, a record if it shall have `names`
    try:
        again = json.dumps(value := json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    sound = again == raw and len(raw) <= 65536 and isinstance(value, dict) and plain(value, 9 if names else 8)
    return value if sound and (not names or (names == " ".join(value) and RECORD.fullmatch(raw))) else None


def unhex(text: Any) -> bytes:
    return bytes.fromhex(text) if isinstance(text, str) and re.fullmatch("([0-9a-f]{2})*", text) else b""


def good(key: bytes, sig: Any, *message: bytes) -> bool:
    try:
        return bool(VerifyKey(key).verify(b"".join(message), unhex(sig)))
    except Exception:  # whatever is wrong with it, it is no good signature
        return False


class Book:
    def __init__(self, name: str) -> None:
        self.name, self.id, self.seq, self.agreeing, self.stopped = name, unhex(name), 0, 0, False
        self.hash, self.wrong, self.keys = {0: self.id}, list[int](), list[tuple[int, bytes]]()
        self.records, self.notes, self.gaps, self.holes, self.purged = [list[Any]() for _ in range(5)]

    def need(self, holds: object, number: int) -> bool:
        self.wrong += [] if holds else [max(1, min(number, self.seq + 1))]
        return bool(holds)

    def take(self, link: bytes, member: bytes, value: bytes, purged: bytes, aside: bytes) -> None:  # section 7, step 2
        if member == b"note":
            note: Any = canonical(value) if sha256(b"watchbook note 1\n" + value).digest() == link else None
            signs = note is not None and note.get("note") in ("head", "receipt")
            kinds = [type(note.get(name)) for name in ("book", "hash", "key", "seq", "sig")] if signs else []
            sound = self.need(note is not None and kinds in ([], [str, str, str, int, str]), self.seq + 1)
            self.notes += [note] if signs and sound else []
        elif not self.stopped:
            raw, blank = value or unhex((aside or b"").decode()), {"seq": int(purged or self.seq + 1)}
            found = canonical(raw, "at body boot by kind off seq up v") if member else blank
            n, after = (found or blank)["seq"], sha256((here := self.hash[self.seq]) + raw).digest()
            self.stopped = not self.need(found and n > self.seq and (purged or n > self.seq + 1 or after == link), n)
            if not self.stopped:
                self.purged += [(self.seq + 1, n)] if purged else []
                self.gaps += [(self.seq + 1, n - 1, here.hex(), raw, link)] if member and n > self.seq + 1 else []
                self.records += [found] if member else []
                self.seq, self.hash[n] = n, link

    def of(self, kind: str) -> list[tuple[int, Any]]:
        return [(r["seq"], r["body"]) for r in self.records if r["kind"] == kind]

    def check(self) -> int:  # section 7, steps 3 to 6: the first number that is wrong
        for *gap, raw, link in self.gaps:
            said = [b for _, b in self.of("damage.declared") if [b.get(x) for x in ("from", "to", "last_good")] == gap]
            fits = [x for x in (unhex(b.get("next")) for b in said) if sha256(x + raw).digest() == link]
            if self.need(fits, gap[0]):
                known = {gap[1]: fits[0]} if fits[0].hex() != gap[2] else {}
                self.holes, self.hash = [*self.holes, (gap[0], gap[1])], {**self.hash, **known}
        runs = [(n, b) for n, b in self.of("book.pruned") if type(b.get("from")) is type(b.get("to")) is int]
        for n, ends in [(n, ((b["from"] - 1, b.get("before")), (b["to"], b.get("hash")))) for n, b in runs]:
            self.need(all(self.hash[at].hex() == link for at, link in ends if at in self.hash), n)
        for first, last in self.purged:
            self.need(first == last or any(b["from"] <= first and last <= b["to"] for _, b in runs), first)
        self.wrong += [r["seq"] for n, _ in self.of("book.closed")[:1] for r in self.records if r["seq"] > n]
        self.need(self.records and self.records[0]["seq"] == 1, 1)
        for n, kind, b in [(r["seq"], r["kind"], r["body"]) for r in self.records]:
            if (n == 1 or kind in ("book.opened", "key.certified")) and self.need(self.certified(n, kind, b), n):
                self.keys.append((n, unhex(b["key"])))
        for note in self.notes:
            self.need(self.stands(note), note["seq"])
        return min(self.wrong, default=self.seq + 1)

    def certified(self, n: int, kind: str, body: Any) -> bool:  # section 4
        key, cert = unhex(body.get("key")), body.get("cert")
        if kind == "book.opened" and n == 1 and sha256(key).digest() == self.id:
            return good(key, cert, b"watchbook identity 1\n", unhex(body.get("identity")))
        old = self.keys[-1][1] if self.keys and kind == "key.certified" else b""
        signed = good(old, body.get("head"), b"watchbook head 1\n", self.head(n - 1))
        return signed and good(old, cert, b"watchbook shift key 1\n", self.id, key)

    def head(self, seq: int, lost: Any = "") -> bytes:
        return self.id + seq.to_bytes(8, "big") + self.hash.get(seq, unhex(lost))

    def stands(self, note: Any) -> bool:  # section 5
        n, key, said = note["seq"], unhex(note["key"]), self.head(abs(note["seq"]), note["hash"])
        gone = any(first <= n <= last for first, last in self.holes + self.purged)
        same = n > 0 and note["book"] == self.name and (self.hash[n].hex() == note["hash"] if n in self.hash else gone)
        if note["note"] == "head" or not same:
            active = [shift for since, shift in self.keys if since <= n][-1:] == [key] and same
            return active and good(key, note["sig"], b"watchbook head 1\n", said)
        offices = {b.get("server_key") for _, b in self.of("book.enrolled")} or {note["key"]}
        at = note["at"].to_bytes(8, "big") if type(note.get("at")) is int and note["at"] >= 0 else b""
        return note["key"] in offices and good(key, note["sig"], b"watchbook receipt 1\n", said, at)

    def shows(self, seen: Any) -> bool:  # section 6: whether it names a head of ours; a fault when it names another
        n, link = seen.get("seq"), seen.get("hash")
        formed = type(n) is int and n > 0 and isinstance(link, str) and len(link) >= 56
        told = formed and (n in self.hash or n > self.seq)
        return told and self.need(self.hash.get(n, b"").hex().startswith(link), n)

    def code(self, seq: int) -> str:  # section 6
        number = int.from_bytes(sha256(b"watchbook witness 1\n" + self.head(seq)).digest()[:8], "big") % 10**15
        doubled = [int(d) * (2 - place % 2) for place, d in enumerate(f"{number:015}"[::-1])]
        return f"{number:015}{-sum(n // 10 + n % 10 for n in doubled) % 10}"


def verify(lines: list[bytes]) -> dict[str, Book]:
    books, here = dict[str, Book](), ""
    for line in filter(None, map(bytes.strip, lines)):
        here = place[2].decode() if (place := LINE.fullmatch(line)) else here
        book = books.setdefault(here, Book(here))
        if book.need(place, book.seq + 1) and place:
            book.take(unhex(place[1].decode()), *place.groups()[2:])
    sound = {name: book.check() for name, book in books.items()}
    for name, book in books.items():  # step 7
        for seen, other in [(b, o) for n, b in book.of("witness.seen") if n < sound[name] for o in books.values()]:
            if other is not book and seen.get("how") == "qr" and seen.get("book") == other.name[:16]:
                book.agreeing += other.shows(seen)
            elif other is not book and seen.get("how") == "code":
                book.agreeing += seen.get("code") in map(other.code, filter(None, other.hash))
        for after in (b.get("after") for n, b in book.of("book.opened") if n == 1 < sound[name]):
            before = books.get(str(after.get("book"))) if isinstance(after, dict) else None
            if before and before.shows(after) and before.of("book.closed"):
                before.need(after["seq"] >= before.seq, after["seq"] + 1)
    return books
