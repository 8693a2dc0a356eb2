"""What the office sets on handhelds: whose value counts, and what is none."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties.site import decode_plan
from app.duties.tuning import (
    CHOICES,
    NAMES,
    NEAR,
    OF_PLAN,
    OWN,
    RANGES,
    TIMES,
    Sent,
    Tuning,
    in_use,
    is_sound,
    judged_by,
    replaces,
    tuned,
)
from app.settings import LETTERS, LOOKS, example
from app.words import LANGS

PLAN = decode_plan(example("cuihu-garden.json"))
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)


def sound(name: str) -> st.SearchStrategy[str | int]:
    if name in RANGES:
        return st.integers(*RANGES[name])
    if name in TIMES:
        return st.times().map(lambda time: f"{time:%H:%M}")
    return st.sampled_from(CHOICES[name]) if name in CHOICES else TEXTS


VALUES = st.fixed_dictionaries({}, optional={name: sound(name) for name in NAMES})
ANYTHING = st.dictionaries(
    st.sampled_from((*NAMES, "keep_days", "camera", "feed")), st.one_of(st.integers(), st.text(max_size=300), TEXTS)
)
REVISIONS = st.builds(Sent, st.integers(1, 1000), st.integers(0, 2**50), st.one_of(VALUES, ANYTHING))
SENT = st.one_of(st.none(), REVISIONS)


@given(SENT, SENT)
def test_a_handhelds_own_value_stands_before_its_sites_and_nothing_unsound_counts(
    site: Sent | None, own: Sent | None
) -> None:
    found = in_use(site, own)
    assert all(is_sound(name, value) for name, value in found.values.items())
    for name in NAMES:
        words = [each.values[name] for each in (own, site) if each and name in each.values]
        counts = [value for value in words if is_sound(name, value)]
        assert found.values.get(name) == next(iter(counts), None)
    assert found.revision == max([each.revision for each in (site, own) if each], default=0)


@given(SENT)
def test_set_for_the_site_or_for_every_handheld_it_comes_to_the_same(sent: Sent | None) -> None:
    assert in_use(sent, None) == in_use(None, sent) == in_use(sent, sent)


@given(REVISIONS, REVISIONS)
def test_of_two_pages_one_at_most_takes_the_others_place(one: Sent, other: Sent) -> None:
    assert not (replaces(one, other) and replaces(other, one))
    assert not replaces(one, one)
    assert replaces(one, None)


@given(VALUES, VALUES)
def test_a_plan_that_is_tuned_is_the_same_revision_with_other_numbers(
    first: dict[str, str | int], then: dict[str, str | int]
) -> None:
    plan = replace(PLAN)
    named, points = plan.sha256, plan.find_point("p-east-gate")
    once = tuned(plan, Tuning(4, first))
    assert (once.sha256, once.revision, once.find_point("p-east-gate")) == (named, plan.revision, points)
    for name in OF_PLAN:
        assert getattr(once.settings, name) == first.get(name, getattr(plan.settings, name))
    assert judged_by(once) == (4 if NEAR & first.keys() else 0)
    again = tuned(once, Tuning(5, then))
    assert again.settings == tuned(plan, Tuning(5, then)).settings, "nothing is left of what it was tuned to before"
    assert tuned(again, Tuning()) is plan


def test_the_hash_of_the_bytes_a_plan_came_in_survives_being_tuned() -> None:
    """A newer office's plan, written again by this program, would lack what that office put in."""
    plan = decode_plan(example("cuihu-garden.json").replace(b'"revision":', b'"of_a_newer_office":1,"revision":', 1))
    assert tuned(plan, Tuning(1, {"margin_db": 3})).sha256 == plan.sha256 != replace(plan).sha256


def test_what_the_crew_may_choose_is_what_the_handheld_knows() -> None:
    assert (CHOICES["lang"], CHOICES["theme"], CHOICES["letters"]) == (LANGS, LOOKS, LETTERS)
    assert not {"office", "feed", "camera", "photo", "data_dir"} & set(NAMES), "these lead elsewhere or start programs"
    assert Tuning(1, {"lang": "en", "margin_db": 3, "scan_gap_ms": "60"}).own() == {"lang": "en", "scan_gap_ms": "60"}
    assert set(OWN).isdisjoint(OF_PLAN)
