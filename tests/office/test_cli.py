"""`watchbook-office` as an administrator and other programs meet it: exit codes, sentences, and what it does."""

import asyncio
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import click
import httpx
import msgspec
import pytest

from app.codes import digest, parse, pin_matches
from app.duties.site import ROLES, Credentials, People, decode_plan
from app.logbook.book import Draft, Logbook
from app.logbook.verify import check_lines
from app.settings import SettingsRefused, example
from app.text import cells
from app.words import table
from sync.courier import Courier
from sync.desk import Desk
from sync.enrolment import enrol
from sync.office.cast import SITES
from sync.office.cli import cli, main
from sync.office.command_line import CommandRefused, parse_time
from sync.office.demo import HastyDisk, furnish
from sync.office.keys import OfficeKey
from sync.office.plans import read_people, read_plan
from sync.office.qr import half_blocks, modules
from sync.office.serve import open_store
from sync.office.settings import load
from sync.office.staged import MOST_MS, StagedClock
from sync.office.store import Store
from sync.office.walker import SteppedClock
from tests import postgres
from tests.office.conftest import PASSWORD, PEOPLE, PLAN, ROOT, SITE, Handheld, Office, at, furnished, sign_in
from tests.office.test_fold import take
from tests.pty import Pty

T = TypeVar("T")
COMMAND = [sys.executable, "-m", "sync.office"]


class Done(msgspec.Struct):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """One command in this process, as the console script runs it."""

    def command(*args: str, stdin: str = "") -> Done:
        read, write = os.pipe()
        os.write(write, stdin.encode())
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as given:
            monkeypatch.setattr(sys, "stdin", given)
            with pytest.raises(SystemExit) as end:
                main(list(args))
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        return Done(int(end.value.code or 0), out, err)

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return furnished(tmp_path / "data")


def store(folder: Path, act: Callable[[Store], Awaitable[T]]) -> T:
    async def on_it() -> T:
        store = await open_store(folder / "office.db")
        try:
            return await act(store)
        finally:
            store.close()

    return asyncio.run(on_it())


def page(folder: Path, kind: str, id: str = SITE) -> bytes:
    """What the changes feed holds for the site's handhelds."""
    item = store(folder, lambda it: it.changes.current(SITE, kind, id))
    assert item is not None
    assert item.body is not None
    return item.body


def given(folder: Path) -> Credentials:
    return msgspec.json.decode(page(folder, "credentials"), type=Credentials)


# -- plans ---------------------------------------------------------------------------------------


def test_a_plan_and_its_people_are_taken_and_sent_down(run: Callable[..., Done], tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    done = run("plan", "import", str(PLAN), "--people", str(PEOPLE), "--data-dir", str(data), "--lang", "en")
    assert done.code == 0
    assert "imported as revision 1" in done.out
    plan = decode_plan(page(data, "plan", "1"))
    people = msgspec.json.decode(page(data, "people"), type=People)
    labels = {code for code in given(data).codes.values() if code.startswith("point:")}
    assert plan.revision == 1
    assert len(people.people) > 40
    assert labels == {f"point:{point.id}/01" for point in plan.points if point.label}


def test_the_same_plan_again_is_no_new_revision_and_a_changed_one_is(run: Callable[..., Done], folder: Path) -> None:
    where = ("--data-dir", str(folder), "--json")
    again = json.loads(run("plan", "import", str(PLAN), *where).out)
    assert (again["revision"], again["new"]) == (1, False)
    before = given(folder)
    changed = folder / "changed.yaml"
    changed.write_text(PLAN.read_text(encoding="utf-8").replace("南门岗亭", "南门新岗亭"), encoding="utf-8")
    newer = json.loads(run("plan", "import", str(changed), *where).out)
    assert (newer["revision"], newer["new"], newer["labels"]) == (2, True, 0)
    assert "南门新岗亭".encode() in page(folder, "plan", "2")
    assert given(folder).codes == before.codes  # labels on the walls stay good


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_plan_with_faults_is_refused_whole_and_every_fault_is_named(
    run: Callable[..., Done], folder: Path, lang: str
) -> None:
    broken = folder / "broken.yaml"
    text = PLAN.read_text(encoding="utf-8")
    broken.write_text(text.replace("FREQ=DAILY", "FREQ=DAILY;INTERVAL=0", 1) + "\nnonsense: 1\n", encoding="utf-8")
    done = run("plan", "import", str(broken), "--data-dir", str(folder), "--lang", lang)
    assert done.code == 1
    assert done.out == ""
    assert "INTERVAL" in done.err
    assert "nonsense" in done.err
    assert re.search(r"broken\.yaml:\d+", done.err)
    assert decode_plan(page(folder, "plan", "1")).revision == 1
    checked = run("plan", "check", str(broken), "--data-dir", str(folder), "--json")
    report = json.loads(checked.out)
    assert checked.code == 1
    assert not report["ok"]
    assert len(report["faults"]) >= 2
    assert all(fault["line"] > 0 for fault in report["faults"])


def test_checking_a_good_plan_needs_no_office(run: Callable[..., Done], tmp_path: Path) -> None:
    done = run(
        "plan", "check", str(PLAN), "--people", str(PEOPLE), "--data-dir", str(tmp_path / "none"), "--lang", "en"
    )
    assert done.code == 0
    assert "no faults" in done.out
    assert not (tmp_path / "none").exists()
    elsewhere = ("--db", f"sqlite:///{tmp_path}/none.db")
    assert run("plan", "check", str(PLAN), "--data-dir", str(tmp_path / "none"), *elsewhere).code == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["{}", "sqlite:///{}", "postgresql"])
def test_a_check_knows_the_people_of_an_office_at_any_address(
    run: Callable[..., Done], tmp_path: Path, address: str
) -> None:
    db = postgres.server().database() if address == "postgresql" else address.format(tmp_path / "office.db")
    where = ("--data-dir", str(tmp_path), "--db", db, "--lang", "en")
    assert run("plan", "import", str(PLAN), "--people", str(PEOPLE), *where).code == 0
    stranger = tmp_path / "stranger.yaml"
    stranger.write_text(PLAN.read_text(encoding="utf-8").replace("zhang-wei", "nobody-here"), encoding="utf-8")
    checked = run("plan", "check", str(stranger), *where)
    assert (checked.code, "nobody-here" in checked.err) == (1, True)
    assert run("plan", "import", str(stranger), *where).code == 1
    assert run("plan", "check", str(PLAN), *where).code == 0


# -- handhelds -----------------------------------------------------------------------------------


def test_a_handheld_is_added_listed_and_withdrawn(run: Callable[..., Done], folder: Path) -> None:
    where = ("--data-dir", str(folder))
    made = json.loads(run("device", "add", "Gate 1", "--site", SITE, "--json", *where).out)
    assert re.fullmatch(r"([0-9A-Z]{5}-){3}[0-9A-Z]{5}", made["code"])
    (listed,) = json.loads(run("device", "list", "--json", *where).out)
    assert (listed["device"], listed["name"], listed["state"]) == (made["device"], "Gate 1", "waiting")
    assert run("device", "revoke", "Gate 1", *where).code == 0
    (listed,) = json.loads(run("device", "list", "--json", *where).out)
    assert listed["state"] == "withdrawn"
    assert run("device", "revoke", "Gate 1", *where).code == 1
    assert run("device", "add", "x", "--site", "nowhere", *where).code == 1


def test_a_name_in_use_at_the_site_is_refused_until_that_handheld_is_withdrawn(
    run: Callable[..., Done], folder: Path
) -> None:
    where = ("--data-dir", str(folder), "--lang", "en")
    first = json.loads(run("device", "add", "Gate", "--site", SITE, "--json", *where).out)["device"]
    again = run("device", "add", " Gate ", "--site", SITE, "--json", *where)
    assert again.code == 1
    assert again.out == ""
    assert f"device revoke {first}" in again.err
    assert len(json.loads(run("device", "list", "--json", *where).out)) == 1
    assert run("device", "revoke", first, *where).code == 0
    assert run("device", "add", "Gate", "--site", SITE, "--json", *where).code == 0


def test_a_name_that_two_handhelds_have_needs_the_id(run: Callable[..., Done], folder: Path) -> None:
    """Two sites may each have their gate."""
    where = ("--data-dir", str(folder), "--lang", "en")

    async def add(it: Store) -> list[str]:
        return [(await it.devices.add(site, "Gate", 0)).device for site in (SITE, "elsewhere")]

    ids = store(folder, add)
    done = run("device", "revoke", "Gate", *where)
    assert done.code == 1
    assert all(each in done.err for each in ids)
    assert run("device", "revoke", ids[0], *where).code == 0


@pytest.mark.parametrize("name", ["", "  ", "\u3000"])
def test_what_has_an_empty_name_is_not_kept(run: Callable[..., Done], folder: Path, name: str) -> None:
    where = ("--data-dir", str(folder), "--lang", "en")
    span = ("--from", "2026-11-20T00:00:00+08:00", "--to", "2026-11-22T00:00:00+08:00")
    for words in (
        ("device", "add", name, "--site", SITE),
        ("hold", "add", SITE, name, *span, "--reason", "theft"),
        ("hold", "add", SITE, "case 7", *span, "--reason", name),
        ("webhook", "add", SITE, name, "--form", "wecom", "--url", "https://hook.example/x"),
        ("user", "add", name, "--role", "manager", "--password-stdin"),
        ("user", "add", "chief", "--role", "manager", "--person", name, "--password-stdin"),
    ):
        done = run(*words, *where, stdin=PASSWORD + "\n")
        assert (done.code, done.out) == (1, ""), words
        assert len(done.err.splitlines()) == 1, words
    for kept in (("device", "list"), ("hold", "list", SITE), ("webhook", "list"), ("user", "list")):
        assert json.loads(run(*kept, *where, "--json").out) == [], kept


def test_an_empty_name_of_a_handheld_is_not_its_whole_site(run: Callable[..., Done], folder: Path) -> None:
    where = ("--data-dir", str(folder), "--lang", "en")
    for words in (("set", SITE, "letters=large"), ("unset", SITE, "letters"), ("show", SITE)):
        done = run("settings", *words, "--device", "", *where)
        assert (done.code, "no handheld" in done.err) == (1, True), words
    assert run("settings", "set", SITE, "letters=large", *where).code == 0


# -- people --------------------------------------------------------------------------------------


def test_a_new_pin_and_a_new_badge_reach_the_handhelds_as_hashes(run: Callable[..., Done], folder: Path) -> None:
    where = ("--data-dir", str(folder))
    assert run("user", "pin", "li-jun", "--pin-stdin", *where, stdin="47114711\n").code == 0
    first = json.loads(run("user", "badge", "li-jun", "--json", *where).out)["code"]
    second = json.loads(run("user", "badge", "li-jun", "--json", *where).out)["code"]
    known = given(folder)
    old, new = parse(first), parse(second)
    assert old is not None
    assert new is not None
    assert pin_matches(known.pins["li-jun"], "47114711")
    assert known.codes[digest(known.salt, new.token)] == "person:li-jun/02"
    assert digest(known.salt, old.token) not in known.codes  # a lost badge opens nothing any more
    assert b"47114711" not in page(folder, "credentials")
    assert new.token.hex().encode() not in page(folder, "credentials")


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "", "１２３４"])
def test_a_pin_nobody_should_have_is_refused(run: Callable[..., Done], folder: Path, pin: str) -> None:
    done = run("user", "pin", "li-jun", "--pin-stdin", "--data-dir", str(folder), stdin=pin + "\n")
    assert done.code == 1
    assert given(folder).pins == {}


def test_people_nobody_knows_get_nothing(run: Callable[..., Done], folder: Path) -> None:
    where = ("--data-dir", str(folder), "--lang", "en")
    assert "no nobody in the people file" in run("user", "badge", "nobody", *where).err
    assert run("user", "pin", "nobody", "--pin-stdin", *where, stdin="4711\n").code == 1
    made = run("user", "add", "x", "--role", "manager", "--person", "nobody", "--password-stdin", *where,
               stdin=PASSWORD + "\n")  # fmt: skip
    assert made.code == 1
    assert "king" in run("user", "add", "x", "--role", "king", "--password-stdin", *where, stdin=PASSWORD).err


@pytest.mark.parametrize(("lang", "said"), [("zh", "从标准输入读取"), ("en", "reading it from standard input")])
@pytest.mark.parametrize("what", [("user", "pin", "li-jun"), ("user", "add", "x", "--role", "manager")])
def test_without_a_terminal_a_secret_is_read_from_standard_input_and_that_is_said_once(
    run: Callable[..., Done], folder: Path, what: tuple[str, ...], lang: str, said: str
) -> None:
    where = ("--data-dir", str(folder), "--lang", lang)
    done = run(*what, *where, stdin="47114711\n" if what[1] == "pin" else PASSWORD + "\n")
    assert done.code == 0
    assert len(done.err.splitlines()) == 1
    assert said in done.err
    assert run(*what, *where, stdin="").code == 1


def test_in_chinese_a_pin_is_called_as_the_handheld_calls_it() -> None:
    from app.words import table

    for subject in ("office", "office_cli", "office_usage", "book"):
        for name, words in table(subject).items():
            zh, en = words
            assert "PIN" not in zh, f"{subject}.{name}"
            assert "途中复核" not in zh, f"{subject}.{name}"
            assert "call IT" not in en, f"{subject}.{name}"


def test_a_password_is_typed_unseen(folder: Path) -> None:
    """In a real terminal: asked twice, shown never."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover - the child becomes the command
        os.chdir(ROOT)
        os.execv(sys.executable, [*COMMAND, "user", "add", "chief", "--role", "manager", "--data-dir", str(folder),
                                  "--lang", "en"])  # fmt: skip
    shown = b""
    for prompt in (b"Password: ", b"The same password again: "):
        while not shown.endswith(prompt):
            shown += os.read(terminal, 1000)
        os.write(terminal, PASSWORD.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    shown += os.read(terminal, 1000)
    assert os.waitstatus_to_exitcode(status) == 0
    assert PASSWORD.encode() not in shown
    assert b"may sign in" in shown


# -- labels, records -----------------------------------------------------------------------------


def test_the_code_of_every_label_is_listed_for_other_programs(run: Callable[..., Done], folder: Path) -> None:
    rows = [json.loads(row) for row in run("labels", SITE, "--json", "--data-dir", str(folder)).out.splitlines()]
    known = given(folder)
    assert len(rows) > 30
    for row in rows:
        code = parse(row["code"])
        assert code is not None
        assert known.codes[digest(known.salt, code.token)] == f"point:{row['point']}/01"
    nothing_asked = run("labels", SITE, "--data-dir", str(folder), "--lang", "en")
    assert nothing_asked.code == 1
    assert "-o LABELS.pdf" in nothing_asked.err


def test_what_is_exported_verifies_with_signatures_and_receipt(run: Callable[..., Done], tmp_path: Path) -> None:
    office = Office(furnished(tmp_path / "data"))
    handheld = Handheld(office, tmp_path / "handheld")
    handheld.walk()
    handheld.sync()
    handheld.walk("night-2")
    handheld.sync()
    kept = [entry.raw for entry in handheld.logbook.entries()]
    done = run("export", "--jsonl", "--data-dir", str(tmp_path / "data"))  # beside the running office
    handheld.close()
    office.close()
    lines = done.out.encode().splitlines(keepends=True)
    (report,) = check_lines(lines, trust=handheld.logbook.book_id, office_key=office.key.public.hex()).books
    assert report.whole
    assert report.records == report.signed == report.acked == len(kept)
    assert [line for line in lines if b'"record":' in line] == [
        b'{"hash":"%s","book":"%s","record":%s}\n' % (entry.hash.hex().encode(), report.book.encode(), entry.raw)
        for entry in handheld.logbook.entries()
    ]


@pytest.mark.proof
def test_a_head_that_a_later_shift_signed_does_not_spoil_the_export(run: Callable[..., Done], tmp_path: Path) -> None:
    """A handheld long offline sends old records after its key was replaced: that signature proves nothing there."""
    data = tmp_path / "data"
    office = Office(furnished(data))
    handheld = Handheld(office, tmp_path / "handheld")
    handheld.walk()
    handheld.walk("night-2")
    take(office, handheld, 10)
    handheld.sync()
    handheld.close()
    office.close()
    lines = run("export", "--jsonl", "--data-dir", str(data)).out.encode().splitlines(keepends=True)
    (report,) = check_lines(lines).books
    assert report.whole
    assert report.signed == report.head


def test_an_altered_export_does_not_verify(run: Callable[..., Done], tmp_path: Path) -> None:
    data = tmp_path / "data"
    office = Office(furnished(data))
    handheld = Handheld(office, tmp_path / "handheld")
    handheld.walk()
    handheld.sync()
    handheld.close()
    office.close()
    lines = run("export", "--jsonl", "--data-dir", str(data)).out.replace('"grade":"near"', '"grade":"label"', 1)
    (report,) = check_lines(lines.encode().splitlines(keepends=True)).books
    assert not report.whole


# -- options, languages, exit codes --------------------------------------------------------------


@pytest.mark.parametrize("before", [True, False])
def test_options_stand_before_or_after_the_command(run: Callable[..., Done], folder: Path, before: bool) -> None:
    options = ["--data-dir", str(folder), "--json"]
    command = ["device", "list"]
    done = run(*options, *command) if before else run(*command, *options)
    assert (done.code, json.loads(done.out)) == (0, [])
    assert json.loads(run("--data-dir", "/nowhere/at/all", "device", "--json", "list", *options[:2]).out) == []


def test_settings_come_from_the_environment_and_the_file_too(
    run: Callable[..., Done], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHBOOK_DATA_DIR", str(folder))
    (folder / "config.toml").write_text('lang = "en"\n', encoding="utf-8")
    assert run("device", "list").out == "no handhelds yet\n"
    monkeypatch.setenv("WATCHBOOK_LANG", "zh")
    assert run("device", "list").out == "还没有手持机\n"
    assert run("device", "list", "--lang", "en").out == "no handhelds yet\n"
    (folder / "config.toml").write_text("lang = ", encoding="utf-8")
    assert run("device", "list").code == 1
    (folder / "config.toml").write_text("port = 70000\n", encoding="utf-8")
    assert "70000" in run("serve").err


@pytest.mark.parametrize(
    ("config", "workers", "tls"),
    [
        ("workers = 4\ntls = true", 4, True),
        ('workers = "4"\ntls = "true"', 4, True),
        ('tls = "yes"', 1, True),
        ("tls = false", 1, False),
        ('tls = "false"', 1, False),
    ],
)
def test_a_number_and_a_yes_may_stand_in_the_file_as_such_or_as_text(
    tmp_path: Path, config: str, workers: int, tls: bool
) -> None:
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    found = load({"data_dir": str(tmp_path)}, {})
    assert (found.workers, found.tls) == (workers, tls)


@pytest.mark.parametrize(
    "config", ["workers = 0", "workers = true", "workers = 1.5", "tls = 1", 'tls = "ture"', "port = true"]
)
def test_what_is_no_such_number_or_no_yes_is_refused(tmp_path: Path, config: str) -> None:
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    with pytest.raises(SettingsRefused):
        load({"data_dir": str(tmp_path)}, {})


def every_command(command: click.Command = cli, *names: str) -> Iterator[tuple[click.Command, tuple[str, ...]]]:
    yield command, names
    for name, sub in getattr(command, "commands", {}).items():
        yield from every_command(sub, *names, name)


@pytest.mark.parametrize(("lang", "column"), [("zh", 0), ("en", 1)])
@pytest.mark.parametrize(("command", "names"), list(every_command()))
def test_help_speaks_the_readers_language(
    run: Callable[..., Done], command: click.Command, names: tuple[str, ...], lang: str, column: int
) -> None:
    done = run("--lang", lang, *names, "--help")
    assert done.code == 0
    sentences = {row[column].format(roles=", ".join(ROLES)) for row in table("office_usage").values()}
    told = [command.help, *(option.help for option in command.params if isinstance(option, click.Option))]
    assert set(told) <= sentences
    assert all(sentence and sentence[:5] in done.out for sentence in told)
    assert all(cells(sign) == 1 for sign in done.out) or lang == "zh"


def test_help_follows_the_environment_when_no_language_is_asked_for(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHBOOK_LANG", "en")
    assert "Handhelds." in run("--help").out
    monkeypatch.setenv("WATCHBOOK_LANG", "zh")
    assert "手持机。" in run("--help").out
    assert "guard, fire-control" in run("user", "add", "--help").out
    assert "它属于哪个小区" in run("device", "add", "--help").out
    assert "只要这个小区的" in run("device", "list", "--help").out


@pytest.mark.parametrize(
    "args",
    [["nonsense"], ["device", "add"], ["plan", "check"], ["plan", "check", "/no/such/file"], ["serve", "--port", "x"],
     ["user", "add", "x"], ["--lang", "fr", "device", "list"]],
)  # fmt: skip
def test_wrong_usage_is_exit_two(run: Callable[..., Done], args: list[str]) -> None:
    assert run(*args).code == 2


@pytest.mark.parametrize(
    "args",
    ["serve --port 70000", "serve --workers 0", "serve --workers 65", "demo --days 32", "demo --port -1",
     "plan export x -o x.yaml --revision 0", "device sheets x.csv -o x.pdf --hours 0",
     "tag key x y --eid - --counter -1", "tag key x y --eid - --k 7", "tag key x y --eid - --k 40"],
)  # fmt: skip
def test_a_number_out_of_its_range_is_wrong_usage(
    run: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").touch()
    done = run(*args.split(), "--data-dir", str(tmp_path / "data"), "--lang", "en")
    assert (done.code, " is a number" in done.err) == (2, True)
    assert not (tmp_path / "data").exists()


SPAN = ("--from", "2026-11-20T00:00:00+08:00", "--to", "2026-11-22T00:00:00+08:00", "--reason", "theft")
SITED = {
    "plan export": ("{}", "-o", "x.yaml"),
    "device add": ("Gate", "--site", "{}"),
    "device list": ("--site", "{}"),
    "device revoke": ("Gate", "--site", "{}"),
    "device sheets": ("{list}", "-o", "x.pdf", "--office", "https://office.example", "--site", "{}"),
    "device waiting": ("--site", "{}"),
    "device confirm": ("Gate", "--site", "{}"),
    "device replaced": ("Gate", "--by", "Spare", "--site", "{}"),
    "settings show": ("{}",),
    "settings set": ("{}", "letters=large"),
    "settings unset": ("{}", "letters"),
    "user add": ("chief", "--role", "manager", "--password-stdin", "--site", "{}"),
    "webhook add": ("{}", "boss", "--form", "wecom", "--url", "https://hook.example/x"),
    "webhook list": ("{}",),
    "webhook remove": ("{}", "boss"),
    "webhook test": ("{}", "boss"),
    "tag key": ("{}", "gate", "--eid", "00" * 16),
    "tag list": ("{}",),
    "code reissue": ("{}", "gate"),
    "code bind": ("{}", "gate", "ABCDEF123456"),
    "code unbind": ("{}", "ABCDEF123456"),
    "code list": ("{}",),
    "purge": ("{}",),
    "hold add": ("{}", "case 7", *SPAN),
    "hold list": ("{}",),
    "hold remove": ("{}", "case 7"),
    "labels": ("{}", "-o", "x.pdf"),
    "report": ("2026-11", "--site", "{}", "-o", "x.pdf"),
    "paper": ("lift", "--site", "{}", "--from", "2026-11-20", "-o", "x.pdf"),
    "export": ("--jsonl", "--site", "{}"),
}
"""What each command that takes a site is given besides."""


def test_every_command_that_takes_a_site_is_among_them() -> None:
    takes = {
        " ".join(names)
        for command, names in every_command()
        if any(each.name in ("site", "sites") for each in command.params)
    }
    assert takes == set(SITED)


@pytest.mark.parametrize("site", ["nosuch", ""])
@pytest.mark.parametrize("command", SITED)
def test_a_site_that_nobody_knows_is_refused_and_not_found_empty(
    run: Callable[..., Done], folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, site: str
) -> None:
    monkeypatch.chdir(folder)
    Path("list.csv").write_text("name,site\nGate,\n", encoding="utf-8")
    args = [each.format(site, list="list.csv") for each in SITED[command]]
    done = run(*command.split(), *args, "--data-dir", str(folder), "--lang", "en", stdin=PASSWORD + "\n")
    assert (done.code, done.out) == (1, "")
    if (command, site) != ("device sheets", ""):  # there it is the same as none
        assert done.err == f"no site {site}. Import its plan first\n"
    assert not list(folder.glob("x.*"))


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2200-01-01", "9999-12-31", "2026-02-30", "today", ""])
def test_a_day_that_no_record_can_be_of_is_refused(run: Callable[..., Done], folder: Path, day: str) -> None:
    out = folder / "paper.pdf"
    where = ("--site", SITE, "-o", str(out), "--data-dir", str(folder), "--lang", "en")
    for words in (
        ("paper", "fire-patrol", "--from", day),
        ("paper", "month", "--from", day),
        ("paper", "fire-patrol", "--from", "2026-11-20", "--to", day or "x"),
        ("paper", "fire-patrol", "--from", day, "--check", "00"),
        ("report", day[:7]),
    ):
        if words != ("report", "2026-02"):
            done = run(*words, *where)
            assert (done.code, done.out, len(done.err.splitlines())) == (1, "", 1), words
    assert not out.exists()


def test_a_database_that_is_none_is_one_sentence(run: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "office.db").write_bytes(b"this is no database at all" * 100)
    done = run("device", "list", "--data-dir", str(tmp_path), "--lang", "en")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert run("device", "list", "--data-dir", str(tmp_path / "file" / "below"), "--lang", "en").code == 1
    assert run("device", "list", "--data-dir", str(tmp_path), "--db", "mysql://x").code == 1
    nowhere = run("serve", "--data-dir", str(tmp_path), "--db", f"sqlite:///{tmp_path}/no/office.db", "--lang", "zh")
    assert (nowhere.code, f"目录 {tmp_path}/no 不存在" in nowhere.err) == (1, True)


# -- serving -------------------------------------------------------------------------------------


@contextmanager
def serving(*args: str, stdin: int | None = None) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A served office of its own process, and its first line."""
    child = subprocess.Popen(
        [*COMMAND, *args], stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        yield child, child.stdout.readline()
    finally:
        child.kill()
        child.wait(10)


@pytest.mark.proof
def test_an_office_is_served_commands_work_beside_it_and_sigterm_ends_it(
    run: Callable[..., Done], folder: Path
) -> None:
    where = ("--data-dir", str(folder))
    with serving("serve", *where, "--port", "0", "--now", "2026-11-20T22:00:00+08:00") as (child, line):
        url = line.removeprefix("listening ").strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        health = httpx.get(f"{url}/v1/health").json()
        assert abs(health["server_time"] - 1_795_183_200_000) < 60_000
        assert run("user", "add", "chief", "--role", "manager", "--password-stdin", *where, stdin=PASSWORD).code == 0
        browser = httpx.Client(base_url=url)
        assert sign_in(browser, "chief", PASSWORD).headers["location"] == "/now"
        assert 'value="2026-11-20"' in browser.get("/rounds").text
        second = run("serve", *where, "--port", "0", "--lang", "en")
        assert second.code == 3
        assert "already" in second.err
        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
        assert time.monotonic() - began < 20
        assert child.stderr is not None
        log = child.stderr.read()
        assert PASSWORD not in log
        assert "chief" not in log
        assert all(json.loads(row) for row in log.splitlines())


@pytest.mark.proof
def test_a_staged_handheld_takes_the_staged_office_along(
    run: Callable[..., Done], folder: Path, tmp_path: Path
) -> None:
    """It skips most of the way between two points: what it recorded shall not lie in the pages' future."""
    where = ("--data-dir", str(folder))
    with serving("serve", *where, "--port", "0", "--now", "2026-11-20T22:00:00+08:00") as (_, line):
        url = line.removeprefix("listening ").strip()
        assert run("user", "add", "chief", "--role", "manager", "--password-stdin", *where, stdin=PASSWORD).code == 0
        code = json.loads(run("device", "add", "Gate", "--site", SITE, "--json", *where).out)["code"]
        clock = SteppedClock(at("2026-11-20 22:00"))
        logbook = Logbook.open(tmp_path / "handheld", clock, HastyDisk())
        enrol(logbook, url, code, "Gate", clock)
        for _ in range(3):
            clock.wait(20 * 60)
            logbook.append(Draft("note.made", {}))
            Courier(logbook, clock).exchange()
        assert logbook.unsent == 0
        logbook.close()
        browser = httpx.Client(base_url=url)
        assert sign_in(browser, "chief", PASSWORD).status_code == 303
        for _ in range(200):
            page = browser.get("/rounds", params={"lang": "en"}).text
            if "Demonstration clock: 2026-11-20 23:0" in page:
                break
            time.sleep(0.1)
        assert "Demonstration clock: 2026-11-20 23:0" in page
        assert "2026-11-20 23:00:00" in page  # the record's time, no later than the clock above it


def test_a_staged_clock_goes_along_but_not_to_absurd_times() -> None:
    clock = StagedClock(1_000_000_000_000)
    clock.go_along(clock() + 3_600_000)
    assert abs(clock() - 1_000_003_600_000) < 1000
    for absurd in (0, clock() - 5000, clock() + MOST_MS + 60_000, 2**53):
        clock.go_along(absurd)
    assert abs(clock() - 1_000_003_600_000) < 2000


def test_a_port_that_is_taken_and_a_time_that_is_none_are_said(
    run: Callable[..., Done], office: Office, folder: Path
) -> None:
    port = office.url.rpartition(":")[2]
    taken = run("serve", "--data-dir", str(folder), "--port", port, "--lang", "en")
    assert taken.code == 1
    assert port in taken.err
    for wrong in ("yesterday", "2026-11-20T22:00:00"):
        assert run("serve", "--data-dir", str(folder), "--port", "0", "--now", wrong).code == 1


@pytest.mark.proof
def test_on_a_terminal_the_office_says_where_its_pages_are_in_the_readers_language(tmp_path: Path) -> None:
    argv = [*COMMAND, "serve", "--port", "0", "--data-dir", str(tmp_path), "--lang", "zh"]
    with Pty(argv, cols=80, rows=24, cwd=ROOT) as pty:
        pty.wait_for("办公室页面 http://127.0.0.1:", 30)


@pytest.mark.proof
def test_the_example_ends_with_whoever_started_it(tmp_path: Path) -> None:
    args = ("--json", "--port", "0", "--days", "1", "--data-dir", str(tmp_path), "--until-eof")
    with serving("demo", *args, stdin=subprocess.PIPE) as (child, line):
        desk = msgspec.json.decode(line, type=Desk)
        assert httpx.get(f"{desk.url}/v1/health").status_code == 200
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(20) == 0


@pytest.mark.proof
def test_the_example_opens_with_rounds_to_look_at_and_opens_again(tmp_path: Path) -> None:
    """The second time nothing is invented twice, and the labels on its walls stay."""
    args = ("--json", "--port", "0", "--days", "1", "--data-dir", str(tmp_path), "--now", "2026-11-21T12:00:00+08:00")
    with serving("demo", *args) as (_, line):
        desk = msgspec.json.decode(line, type=Desk)
        browser = httpx.Client(base_url=desk.url, timeout=30)
        assert sign_in(browser, desk.user, desk.password).status_code == 303
        until, page = time.monotonic() + 20, ""
        while "/rounds/night-1%402026-11-20" not in page and time.monotonic() < until:  # a busy machine folds slowly
            page = browser.get("/rounds", params={"day": "2026-11-20", "lang": "en"}).text
        assert page.count("/rounds/night-1%402026-11-20") == 1
        assert "partner not seen again" in page
        night_3 = page.partition("Night round 3")[2].partition("</tr>")[0]
        assert '<span class="badge red">missed</span>' in night_3  # the plan holds from the first day that was walked

    async def of_first_site(it: Store) -> list[bytes]:
        return [book for site, book, _ in await it.records.books() if site == SITE]

    books = store(tmp_path, of_first_site)
    again = store(tmp_path, lambda it: furnish(it, OfficeKey.open(tmp_path), 1_795_276_800_000, 1))
    assert store(tmp_path, of_first_site) == books  # the other sites may still be filled in beside
    assert again.labels == desk.labels
    assert again.pins == desk.pins
    assert again.code != desk.code


@pytest.mark.parametrize("site", SITES)
def test_the_examples_stories_happen_at_places_that_exist(site: str) -> None:
    people = read_people(example(f"{site}.people.yaml")).people
    plan, faults = read_plan(example(f"{site}.yaml"), people=people)
    assert faults == ()
    assert plan is not None
    assert people is not None
    known = {person.id for person in people.people}
    for beat in (beat for _, beats in SITES[site] for beat in beats):
        route = plan.route(plan.schedule(beat.schedule).route)
        stops, reasons = {stop.id for stop in route.stops}, {reason.id for reason in plan.skip_reasons}
        checks = {check.id for stop in route.stops if stop.checklist for check in plan.checklist(stop.checklist).checks}
        assert set(beat.crew) <= known, beat.schedule
        for tricks in filter(None, beat.tricks.values()):
            assert {*tricks.skip, *tricks.miss, *tricks.rush, *tricks.report} <= stops, beat.schedule
            assert set(tricks.skip.values()) <= reasons
            assert tricks.alone is None or tricks.alone in {reason.id for reason in plan.why_alone}
            assert set(tricks.readings) <= checks
            assert all(plan.category(category).phrases for category, _ in tricks.report.values())


def test_a_qr_code_in_the_terminal_is_what_it_says(tmp_path: Path) -> None:
    """Drawn as half blocks, read back by a decoder."""
    import zxingcpp
    from PIL import Image

    text = "WB1:01ABCDEFGHJKMNPQRSTVWX"
    rows = modules(text)
    lines = half_blocks(rows)
    signs = {" ": (255, 255), "\u2580": (0, 255), "\u2584": (255, 0), "\u2588": (0, 0)}
    picture = Image.new("L", (len(lines[0]), 2 * len(lines)), 255)
    for y, line in enumerate(lines):
        for x, sign in enumerate(line):
            picture.putpixel((x, 2 * y), signs[sign][0])
            picture.putpixel((x, 2 * y + 1), signs[sign][1])
    (found,) = zxingcpp.read_barcodes(picture.resize((picture.width * 8, picture.height * 8), Image.Resampling.NEAREST))
    assert found.text == text


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_that_no_clock_shows_is_refused_in_a_sentence(at: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        parse_time(at)
    assert at in refused.value.say("en")
