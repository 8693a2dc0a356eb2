"""A monitoring system is told in its own format how the office stands, and nobody else is."""

from prometheus_client.parser import text_string_to_metric_families

from app.logbook.book import Draft
from tests.office.conftest import SITE, Handheld, Office, command
from tests.office.test_alarms import raise_alarm


def token(office: Office) -> str:
    code, said = command(office, "metrics", "token")
    assert code == 0, said
    return said.splitlines()[-1]


def test_the_figures_are_those_of_the_records(office: Office, handheld: Handheld) -> None:
    handheld.write(Draft("note.of-another-program", {}, ()))
    raise_alarm(handheld)
    handheld.sync()
    office.ask(office.serving.folding.catch_up())
    office.now = handheld.clock.now().at + 90_000
    answer = office.stranger().get("/metrics", headers={"authorization": f"Bearer {token(office)}"})
    assert answer.status_code == 200
    found = {
        each.name: {sample.labels.get("site", ""): sample.value for sample in each.samples}
        for each in text_string_to_metric_families(answer.text)
    }
    assert found["watchbook_records"] == {SITE: handheld.logbook.head.seq}
    assert found["watchbook_alarms"] == {SITE: 1}
    assert (found["watchbook_books"], found["watchbook_waiting"]) == ({SITE: 1}, {SITE: 0})
    assert 85 < found["watchbook_silent_seconds"][SITE] < 95


def test_without_the_token_there_is_no_such_page(office: Office) -> None:
    stranger = office.stranger()
    assert stranger.get("/metrics").status_code == 404
    first = token(office)
    second = token(office)
    answers = [stranger.get("/metrics", headers={"authorization": f"Bearer {each}"}) for each in ("x", first, second)]
    assert [each.status_code for each in answers] == [404, 404, 200]
