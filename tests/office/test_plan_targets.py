"""Whose a site is, what its month is to reach, and what an answer counts for, as a manager writes it into the plan."""

from typing import Final

import pytest

from app.duties.site import Named, Target
from tests.office.test_plans import PLAN, good, only

TARGETS: Final = PLAN + "targets:\n  missed: {value: 2.5, source: 考核办法}\n  arrival-min: {value: 120}\n"
COMPANY: Final = PLAN.replace("  zone:", "  company: {id: cuihu, zh: 翠湖物业}\n  district: 东城\n  zone:", 1)


def test_a_site_names_its_company_and_district_with_an_id_or_without() -> None:
    site = good(COMPANY).site
    assert site.company == Named("翠湖物业", "", "cuihu")
    assert site.district == Named("东城")
    assert good(PLAN).site.company == Named()


def test_targets_stand_under_their_indicators() -> None:
    assert good(TARGETS).targets == (Target("missed", "2.5", "考核办法"), Target("arrival-min", "120"))


def test_a_check_says_what_its_answer_counts_for() -> None:
    plan = good(PLAN.replace("      lamps:\n", "      lamps:\n        rate: lamps\n"))
    check = plan.find_check("water", "lamps")
    assert check is not None
    assert check.rate == "lamps"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        (TARGETS.replace("missed:", "mised:"), "no_indicator", "mised"),
        (TARGETS.replace("2.5", "101"), "bad_target", "101"),
        (TARGETS.replace("2.5", "-1"), "bad_target", "-1"),
        (TARGETS.replace("2.5", "many"), "bad_decimal", "many"),
        (COMPANY.replace("id: cuihu", "id: Cui Hu"), "bad_id", "Cui Hu"),
        (COMPANY.replace("{id: cuihu, zh: 翠湖物业}", "{id: cuihu}"), "no_text", "company"),
        (PLAN.replace("      lamps:\n", "      lamps:\n        rate: lights\n"), "not_one_of", "lights"),
    ],
)
def test_what_makes_no_sense_is_told(text: str, key: str, says: str) -> None:
    fault = only(text)
    assert fault.key.removeprefix("plans.").removesuffix("_near") == key
    assert says in fault.say("en")
