"""The sheet of a new handheld: what is printed is what is read, and what was not read whole is nothing."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import invitation
from app.codes import ALPHABET
from app.invitation import FROM_MS, HOUR_MS, Invitation
from hardware.scanner import pasted
from tests.screens.plans import label

HOSTS = st.text(string.ascii_lowercase + string.digits + ".-", min_size=1, max_size=40)
INVITATIONS = st.builds(
    lambda scheme, host, port, code, hour: Invitation(
        f"{scheme}://{host}{port}", code, FROM_MS + hour * HOUR_MS if hour else 0
    ),
    st.sampled_from(["https", "http"]),
    HOSTS,
    st.sampled_from(["", ":8060", ":8443/office"]),
    st.text(ALPHABET, min_size=20, max_size=20),
    st.integers(0, 32**4 - 2),
)


@given(INVITATIONS)
def test_what_is_printed_is_what_is_scanned_and_what_is_typed(sheet: Invitation) -> None:
    text = invitation.written(sheet)
    assert pasted(f"]Q1{text}\r") == text, "the gate of the keyboard scanner lets it through, as it is"
    found = invitation.read(text)
    assert found is not None
    assert (found.office, found.code) == (sheet.office, sheet.code)
    assert found.until == 0 if not sheet.until else 0 < found.until - sheet.until <= HOUR_MS
    typed = invitation.groups(sheet)
    assert len(typed) <= invitation.MOST_GROUPS
    assert invitation.from_groups(typed) == Invitation(sheet.office, sheet.code)


@given(INVITATIONS, st.data())
def test_a_sheet_that_was_not_read_whole_is_none(sheet: Invitation, data: st.DataObject) -> None:
    text = invitation.written(sheet)
    cut = data.draw(st.integers(1, len(text) - 1))
    assert invitation.read(text[:cut]) is None
    place = data.draw(st.integers(5, 32))
    other = data.draw(st.sampled_from([char for char in ALPHABET if char != text[place]]))
    assert invitation.read(text[:place] + other + text[place + 1 :]) is None


@given(INVITATIONS, st.data())
def test_a_wrong_digit_is_told_with_its_group(sheet: Invitation, data: st.DataObject) -> None:
    typed = invitation.groups(sheet)
    group, place = data.draw(st.integers(0, len(typed) - 1)), data.draw(st.integers(0, 4))
    digit = data.draw(st.sampled_from([one for one in string.digits if one != typed[group][place]]))
    wrong = typed[group][:place] + digit + typed[group][place + 1 :]
    assert invitation.is_group(typed[group], group)
    assert not invitation.is_group(wrong, group)
    assert invitation.from_groups((*typed[:group], wrong, *typed[group + 1 :])) is None


@pytest.mark.parametrize(
    "text", ["", "WBE1:", "WBE1", label("point:power"), "HTTPS://OFFICE.EXAMPLE", "WBE1:" + "0" * 300]
)
def test_another_code_is_no_sheet(text: str) -> None:
    assert invitation.read(text) is None


@pytest.mark.parametrize(
    "address", ["https://office.example/Path", "https://[::1]:8060", "ftp://office", "https://o f"]
)
def test_an_address_that_a_scanner_may_mistype_is_not_printed(address: str) -> None:
    assert not invitation.fits(address)
    with pytest.raises(ValueError, match="no address"):
        invitation.written(Invitation(address, "0" * 20))
