"""A list of new handhelds: read as people write it, every fault named with its line."""

from io import BytesIO

import pytest
import xlsxwriter

from app.duties.site import Text
from app.errors import WatchbookError
from sync.office.device_list import MAX_BYTES, MOST, Known, ListRefused, example, read_list
from sync.office.store.devices import Wanted

KNOWN = Known({"cuihu": Text("翠湖花园", "Cuihu Garden"), "donghu": Text("东湖", "Donghu")}, {("cuihu", "东门岗1号")})


def faults(raw: bytes, site: str = "") -> list[str]:
    return [fault.sentence("en") for fault in read_list(raw, KNOWN, site).faults]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_list_is_read_as_table_programs_write_it(coding: str, mark: str) -> None:
    text = "名称,备用,项目\r\n西门岗,,cuihu\r\n\r\n夜班备用,是,东湖\r\n".replace(",", mark)
    read = read_list(text.encode(coding), KNOWN)
    assert read.wanted == (Wanted("cuihu", "西门岗"), Wanted("donghu", "夜班备用", spare=True))
    assert read.faults == ()


def test_a_workbook_is_read_like_the_table_that_it_is() -> None:
    held = BytesIO()
    book = xlsxwriter.Workbook(held, {"in_memory": True})
    sheet = book.add_worksheet("清单")
    for row, cells in enumerate([("名称", "备用"), ("=1+1", ""), ("手持机02", "是")]):
        sheet.write_row(row, 0, cells)
    sheet.write_formula(1, 0, "=1+1", value=101)
    book.close()
    assert read_list(held.getvalue(), KNOWN, "cuihu").wanted == (
        Wanted("cuihu", "101"),
        Wanted("cuihu", "手持机02", spare=True),
    )


def test_every_fault_is_named_with_its_line() -> None:
    text = (
        "name,site,spare,owner\n,cuihu,\nA,nowhere,\nA,,\nB,cuihu,maybe\n" + "东门岗1号,cuihu,\nB,cuihu,\n" + "x" * 41
    )
    assert faults(text.encode()) == [
        'line 1: unknown column "owner"',
        "line 2: no name",
        'line 3: no site "nowhere"',
        "line 4: no site",
        'line 5: spare is "yes" or "no": maybe',
        'line 6: "东门岗1号" is in use at that site',
        'line 7: "B" stands in line 5 already',
        "line 8: the name is too long: 40 characters at most",
        "line 8: no site",
    ]
    assert faults(b"name\nGate 7\n", "cuihu") == [], "lines that name no site are of the one that was given"


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"name\n", b"a,b\n1,2\n", b"\xff\xfe\x00x", b"PK\x03\x04broken", b"x" * (MAX_BYTES + 1), b"name\n\0\n",
        ("name\n" + "\n".join(f"h{n}" for n in range(MOST + 1))).encode(),
    ],
)  # fmt: skip
def test_what_is_no_list_is_refused_in_a_sentence(raw: bytes) -> None:
    with pytest.raises(ListRefused) as no:
        read_list(raw, KNOWN, "cuihu")
    assert isinstance(no.value, WatchbookError)
    assert no.value.say("zh") != no.value.say("en")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_empty_list_that_is_offered_can_be_read(lang: str) -> None:
    read = read_list(example(lang, ["cuihu"]), KNOWN)
    assert ([one.spare for one in read.wanted], read.faults) == ([False, False, True], ())
