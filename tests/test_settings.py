"""Settings: flags win over variables, variables over the file, the file over defaults."""

from pathlib import Path

import pytest

from app.settings import SettingsRefused, example, keep, load, strangers


def test_flags_win_over_variables_and_variables_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('office = "https://file"\nlang = "en"\ntheme = "night"\n')
    env = {"WATCHBOOK_DATA_DIR": str(tmp_path), "WATCHBOOK_OFFICE": "https://env"}
    assert load({}, env).office == "https://env"
    assert load({"office": "https://flag"}, env).office == "https://flag"
    assert load({}, env).theme == "night"
    assert load({"data_dir": str(tmp_path)}, {}).office == "https://file"


@pytest.mark.parametrize(
    ("lang", "found"), [("en_GB.UTF-8", "en"), ("zh_CN.UTF-8", "zh"), ("C.UTF-8", "zh"), ("", "zh")]
)
def test_the_language_follows_the_system_and_is_chinese_when_it_says_nothing(
    tmp_path: Path, lang: str, found: str
) -> None:
    assert load({"data_dir": str(tmp_path)}, {"LANG": lang}).lang == found


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ('lang = "fr"', "fr"),
        ("theme = 3", "theme"),
        ("lang = ", "config.toml"),
        ('theme = "pink"', "pink"),
        ('letters = "huge"', "huge"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path: Path, config: str, word: str) -> None:
    (tmp_path / "config.toml").write_text(config)
    with pytest.raises(SettingsRefused) as refused:
        load({"data_dir": str(tmp_path)}, {})
    for lang in ("zh", "en"):
        assert word in refused.value.say(lang)


def test_a_choice_is_kept_for_the_next_start_beside_the_others(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('office = "https://a \\"b\\""\n')
    keep(tmp_path, "theme", "night")
    keep(tmp_path, "lang", "en")
    found = load({"data_dir": str(tmp_path)}, {})
    assert (found.theme, found.lang, found.office) == ("night", "en", 'https://a "b"')


def test_a_choice_leaves_the_file_as_the_fitter_wrote_it(tmp_path: Path) -> None:
    rest = '# of gate 2\n"备注" = "a"\nport = 8060\ntls = true\n[more]\nx = [1, 2]\n'
    path = tmp_path / "config.toml"
    path.write_text(f'theme = "day"\n{rest}', encoding="utf-8")
    keep(tmp_path, "theme", "night")
    assert path.read_text(encoding="utf-8") == f'theme = "night"\n{rest}'


def test_a_choice_whose_name_stands_elsewhere_in_the_file_too_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[mine]\ntheme = "day"\n', encoding="utf-8")
    with pytest.raises(SettingsRefused):
        keep(tmp_path, "theme", "night")
    assert path.read_text(encoding="utf-8") == '[mine]\ntheme = "day"\n'


def test_a_scanner_chosen_on_the_handheld_holds_until_the_office_sets_one(tmp_path: Path) -> None:
    keep(tmp_path, "scanner", "serial:/dev/serial/by-id/usb-A@B-if00@9600")
    assert strangers(tmp_path) == []
    found = load({"data_dir": str(tmp_path)}, {})
    assert found.scanner == "serial:/dev/serial/by-id/usb-A@B-if00@9600"
    assert load({"data_dir": str(tmp_path)}, {}, {"scanner": "wedge"}).scanner == "wedge"


@pytest.mark.parametrize("value", ["serial:/dev/serial/by-id/usb-\U0001f600-if00@9600", 'a\x7fb\x1b"\\', "𠮷"])
def test_whatever_is_kept_is_read_again(tmp_path: Path, value: str) -> None:
    keep(tmp_path, "scanner", value)
    assert load({"data_dir": str(tmp_path)}, {}).scanner == value


def test_what_is_no_text_is_not_kept(tmp_path: Path) -> None:
    keep(tmp_path, "lang", "en")
    with pytest.raises(SettingsRefused):
        keep(tmp_path, "scanner", "serial:/dev/\udcff")
    assert load({"data_dir": str(tmp_path)}, {}).lang == "en"


def test_a_choice_that_cannot_be_kept_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "config.toml.part").mkdir()
    with pytest.raises(SettingsRefused) as refused:
        keep(tmp_path, "lang", "en")
    assert "not saved" in refused.value.say("en")


def test_the_example_travels_with_the_program() -> None:
    assert b"cuihu-garden" in example("cuihu-garden.json")


def test_how_a_scanner_is_joined_and_types_may_stand_in_the_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('scanner = "wedge"\nscan_prefix = "stx"\nscan_gap_ms = 120\n', "utf-8")
    found = load({"data_dir": str(tmp_path)}, {"WATCHBOOK_SCANNER": "serial:/dev/ttyUSB0@115200"})
    assert (found.scanner, found.scan_prefix) == ("serial:/dev/ttyUSB0@115200", "stx")
    assert (found.scan_suffix, found.scan_gap_ms) == (None, "120")
