"""Papers about one matter that go to somebody else: the three forms of a violation (D35), a rectification notice (D34).

A manager may have to add to them, so they come as DOCX too. What is not known yet stands as a line to be filled in.
"""

from typing import Final

from app.kinds.findings import FindingCorrected, FindingNoticed, FindingRaised, FindingRechecked
from app.kinds.violations import ViolationNoticed, ViolationRecorded, ViolationReported
from app.words import say, table
from sync.office import subjects
from sync.office.papers.paper import Cell, Facts, Paper, Section, Signing, Words
from sync.office.papers.press import PaperRefused
from sync.office.papers.source import Ground, Told
from sync.office.places import role_word
from sync.office.store import cases
from sync.office.store.cases import CaseRow

BLANK: Final = "____________"


def _matter(ground: Ground) -> tuple[CaseRow, list[Told], FindingRaised | None]:
    """The finding that the paper is about, with all its records. Raises PaperRefused."""
    row = cases.find(ground.tx, ground.wish.site, ground.wish.of) if ground.wish.of else None
    if row is None or row.sort not in (cases.FINDING, cases.HAZARD):
        raise PaperRefused("papers.no_matter")
    told = ground.told(subjects.FINDING, (row.case,), ever=True)
    return row, told, next((one.body for one in told if isinstance(one.body, FindingRaised)), None)


def _last(told: list[Told], shape: type) -> Told | None:
    return next((one for one in reversed(told) if isinstance(one.body, shape)), None)


# -- 违规行为三联单 -----------------------------------------------------------------------------------


def violation(ground: Ground) -> Paper:
    """The record, the notice and the report, each on its page; what was not made yet is left to be filled in."""
    row, told, _ = _matter(ground)
    category = ground.plan.find_category(row.category)
    authority = category.violation.authority.say(ground.wish.lang) if category and category.violation else BLANK
    recorded, noticed, reported = (
        _last(told, shape) for shape in (ViolationRecorded, ViolationNoticed, ViolationReported)
    )
    sections = (
        _record_form(ground, row, recorded, noticed, reported, authority),
        _notice_form(ground, row, recorded, noticed),
        _report_form(ground, row, recorded, noticed, reported, authority),
    )
    return ground.paper(sections, span=ground.w("number_is", number=row.seq))


def _what(ground: Ground, row: CaseRow) -> str:
    category = ground.places.category(row.category)
    return ground.w("named", name=category, what=ground.places.phrase(row.category, row.phrase, row.words))


def _where(ground: Ground, row: CaseRow, room: str = "") -> str:
    return " ".join(part for part in (ground.places.point(row.point) if row.point else "", room or row.room) if part)


def _word(ground: Ground, kind: str, said: str) -> str:
    """What a record says with a word of the catalogue; as it stands there, where the catalogue has no such word."""
    name = f"{kind}_{said}"
    return say(ground.wish.lang, f"violations.{name}") if name in table("violations") else said


def _record_form(
    ground: Ground, row: CaseRow, recorded: Told | None, noticed: Told | None, reported: Told | None, authority: str
) -> Section:
    body = recorded.body if recorded and isinstance(recorded.body, ViolationRecorded) else None
    party = _word(ground, "party", body.party) if body else BLANK
    answer = _word(ground, "answer", body.answer) if body else BLANK
    pairs = (
        (ground.w("found_at"), Cell(ground.at(row.opened_at), link=ground.to_record(row.book, row.seq))),
        (ground.w("found_by"), Cell(ground.names((row.responsible,)) if row.responsible else BLANK)),
        (ground.w("where"), Cell(_where(ground, row, body.room if body else "") or BLANK)),
        (ground.w("party"), Cell(party)),
        (ground.w("violation_what"), Cell(_what(ground, row))),
        (ground.w("dissuaded"), ground.cell(answer, recorded) if recorded else Cell(answer)),
        (ground.w("notice_given"), _notice_cell(ground, noticed)),
        (ground.w("report_given"), _report_cell(ground, reported, authority)),
    )
    boxes = ground.signing("sign_patroller", "sign_party", "sign_manager")
    return Section(
        (Facts(pairs, 1), boxes, Words((ground.w("form_1"),), "soft")),
        title=ground.w("violation_record"),
        beside=ground.w("number_is", number=row.seq),
    )


def _notice_cell(ground: Ground, noticed: Told | None) -> Cell:
    if noticed is None or not isinstance(noticed.body, ViolationNoticed):
        return Cell(ground.w("not_yet"), "soft")
    body = noticed.body
    signed = _word(ground, "signed", body.signed)
    return ground.cell(
        ground.w("notice_was", at=ground.at(noticed.record.at), number=body.number, signed=signed), noticed
    )


def _report_cell(ground: Ground, reported: Told | None, authority: str) -> Cell:
    if reported is None or not isinstance(reported.body, ViolationReported):
        return Cell(ground.w("not_yet"), "soft")
    body = reported.body
    handed = _word(ground, "handed", body.handed)
    said = ground.w("report_was", at=ground.at(reported.record.at), to=authority, how=handed, number=body.number)
    return ground.cell(said.strip(), reported)


def _notice_form(ground: Ground, row: CaseRow, recorded: Told | None, noticed: Told | None) -> Section:
    room = recorded.body.room if recorded and isinstance(recorded.body, ViolationRecorded) else ""
    body = noticed.body if noticed and isinstance(noticed.body, ViolationNoticed) else None
    until = ground.said_at(body.comply) if body else BLANK
    lines = (
        ground.w("notice_to", room=room or BLANK),
        ground.w(
            "notice_found",
            at=ground.said_at(row.opened_at),
            where=_where(ground, row, room) or BLANK,
            what=_what(ground, row),
        ),
        ground.w("notice_demand", demand=body.words if body else BLANK, by=until),
        ground.w("notice_else"),
    )
    number = ground.w("number_is", number=body.number if body else BLANK)
    boxes = Signing(
        (ground.w("sign_receiver"), ground.w("seal_date", company=ground.plan.site.company.say(ground.wish.lang))),
        tall=True,
    )
    return Section(
        (Words(lines, "letter"), boxes, Words((ground.w("form_2"),), "soft")),
        new_page=True,
        title=ground.w("violation_notice"),
        beside=number,
    )


def _report_form(
    ground: Ground, row: CaseRow, recorded: Told | None, noticed: Told | None, reported: Told | None, authority: str
) -> Section:
    recorded_body = recorded.body if recorded and isinstance(recorded.body, ViolationRecorded) else None
    body = noticed.body if noticed and isinstance(noticed.body, ViolationNoticed) else None
    lang = ground.wish.lang
    answer = _word(ground, "answer", recorded_body.answer) if recorded_body else BLANK
    signed = _word(ground, "signed", body.signed) if body else BLANK
    room = recorded_body.room if recorded_body else ""
    lines = (
        ground.w("report_to", to=authority),
        ground.w(
            "report_found",
            at=ground.said_at(row.opened_at),
            site=ground.places.site(row.site),
            where=_where(ground, row, room) or BLANK,
            what=_what(ground, row),
        ),
        ground.w(
            "report_did",
            answer=answer,
            at=ground.said_at(noticed.record.at) if noticed else BLANK,
            number=body.number if body else BLANK,
            signed=signed,
        ),
        ground.w("report_asks"),
    )
    made = _report_cell(ground, reported, authority)
    boxes = Signing(
        (ground.w("sign_authority"), ground.w("seal_date", company=ground.plan.site.company.say(lang))), tall=True
    )
    facts = Facts(((ground.w("report_given"), made),), 1)
    return Section(
        (Words(lines, "letter"), facts, boxes, Words((ground.w("form_3"),), "soft")),
        new_page=True,
        title=ground.w("violation_report"),
        beside=ground.w("number_is", number=row.seq),
    )


# -- 整改通知单 ---------------------------------------------------------------------------------------


def notice(ground: Ground) -> Paper:
    """The newest notice of a finding, with the part that comes back: corrected, re-checked, closed."""
    row, told, _ = _matter(ground)
    given, corrected, rechecked = (_last(told, shape) for shape in (FindingNoticed, FindingCorrected, FindingRechecked))
    body = given.body if given and isinstance(given.body, FindingNoticed) else None
    to = body.to if body else row.role
    firm = (body.firm if body else "") or (role_word(ground.wish.lang, to) if to else BLANK)
    number = given.row.seq if given else row.seq
    asked = Facts(
        (
            (ground.w("notice_for"), Cell(firm)),
            (ground.w("noticed_at"), ground.cell(ground.at(given.record.at), given) if given else Cell(BLANK)),
            (ground.w("where"), Cell(_where(ground, row) or BLANK)),
            (ground.w("limit"), Cell(ground.at(body.due if body else row.due_at) or BLANK)),
        )
    )
    found = Facts(
        (
            (ground.w("found_at"), Cell(ground.at(row.opened_at), link=ground.to_record(row.book, row.seq))),
            (ground.w("problem"), Cell(_what(ground, row))),
            (ground.w("demand"), Cell(body.demand if body else BLANK)),
        ),
        1,
    )
    back = Facts(
        (
            (ground.w("correction"), _correction(ground, corrected)),
            (ground.w("recheck"), _recheck(ground, rechecked)),
        ),
        1,
    )
    sections = (
        Section((asked, found, ground.signing("sign_issuer", "sign_receiver", "seal"))),
        Section(
            (back, ground.signing("sign_corrector", "sign_rechecker", "sign_manager")),
            heading=ground.w("receipt_part"),
        ),
    )
    return ground.paper(sections, span=ground.w("number_is", number=number))


def _correction(ground: Ground, told: Told | None) -> Cell:
    if told is None or not isinstance(told.body, FindingCorrected):
        return Cell(ground.w("not_yet"), "soft")
    by = ground.names(told.record.by)
    return ground.cell(f"{ground.at(told.record.at)} {by} {told.body.words}", told)


def _recheck(ground: Ground, told: Told | None) -> Cell:
    if told is None or not isinstance(told.body, FindingRechecked):
        return Cell(ground.w("not_yet"), "soft")
    said = ground.w("recheck_ok" if told.body.ok else "recheck_bad")
    proved = ground.w("recheck_on_site") if told.body.proved else ground.w("recheck_unproved")
    by = ground.names(told.record.by)
    return ground.cell(
        f"{ground.at(told.record.at)} {by} {said} {proved} {told.body.words}", told, "" if told.body.ok else "bad"
    )
