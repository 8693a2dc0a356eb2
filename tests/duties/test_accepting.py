"""Reviews: which one counts, what changed since, and that the order in which they come tells nothing."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.duties.accepting import SIGNERS, Review, Shown, State, changes, is_own, signatures, standing, state_of
from app.duties.site import FORMS

SHOWN = st.builds(
    Shown,
    round=st.just("night-1@2026-11-20T22:00#ab-1"),
    hash=st.sampled_from(["", "aa", "bb"]),
    verdict=st.sampled_from(["", "all_well", "marked", "missed_points"]),
    said=st.integers(0, 2),
    excused=st.integers(0, 2),
    others=st.integers(0, 1),
)
REVIEW = st.builds(
    Review,
    id=st.text("abc", min_size=1, max_size=2),
    verdict=st.sampled_from(["accepted", "returned", "withdrawn"]),
    at=st.integers(0, 5),
    by=st.just(("boss",)),
    shown=SHOWN,
    valid=st.booleans(),
)
REVIEWS = st.lists(REVIEW, max_size=6, unique_by=lambda each: each.id)


@given(REVIEWS, st.randoms(use_true_random=False))
def test_what_counts_does_not_hang_on_the_way_it_came(reviews: list[Review], chance: object) -> None:
    mixed = list(reviews)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # a random.Random
    assert standing(mixed) == standing(reviews)


@given(REVIEWS)
def test_the_newest_valid_word_counts_and_a_withdrawal_is_as_if_nothing_had_been_said(reviews: list[Review]) -> None:
    valid = sorted((each for each in reviews if each.valid), key=lambda each: (each.at, each.id))
    wanted = valid[-1] if valid and valid[-1].verdict != "withdrawn" else None
    assert standing(reviews) == wanted


@given(REVIEWS, REVIEW)
def test_who_may_not_changes_nothing(reviews: list[Review], one: Review) -> None:
    other = replace(one, id="zzz", at=99, valid=False)
    assert standing([*reviews, other]) == standing(reviews)


@given(SHOWN, SHOWN)
def test_what_is_as_it_was_shown_has_not_changed_and_what_is_not_has(before: Shown, now: Shown) -> None:
    assert changes(before, before) == ()
    told = before if before.verdict else replace(before, verdict=now.verdict)
    assert (changes(before, now) == ()) == (told == now)


@given(REVIEW, SHOWN, st.booleans(), st.booleans())
def test_an_accepted_round_asks_again_only_for_what_may_alter_the_verdict(
    review: Review, now: Shown, answered: bool, clean: bool
) -> None:
    accepted = replace(review, verdict="accepted")
    state = state_of(accepted, now, answered=answered, clean=clean)
    calm = replace(accepted.shown, said=now.said, excused=now.excused)
    assert state_of(accepted, calm, answered=answered, clean=clean) is State.ACCEPTED
    if state is State.CHANGED:
        assert not clean
        assert {"records", "verdict", "others"} & set(changes(accepted.shown, now))
    else:
        assert state is State.ACCEPTED


@given(REVIEW, SHOWN, st.booleans())
def test_a_round_that_was_sent_back_waits_until_it_is_answered(review: Review, now: Shown, clean: bool) -> None:
    returned = replace(review, verdict="returned")
    assert state_of(returned, now, answered=False, clean=clean) is State.RETURNED
    assert state_of(returned, now, answered=True, clean=clean) is State.ANSWERED
    assert state_of(None, now, answered=False, clean=clean) is State.OPEN


def test_nobody_vouches_for_themselves() -> None:
    assert is_own(["zhang", "li"], ["li"])
    assert not is_own(["zhang", "li"], ["wang"])
    assert not is_own([], ["wang"])


def test_each_official_form_says_who_signs_it_and_any_other_asks_nobody() -> None:
    assert set(SIGNERS) == set(FORMS)
    assert signatures("fire-patrol") == ("patroller", "rechecker", "supervisor")
    assert signatures("") == ()
