"""The checks of one stop."""

TABLE = {
    "ok": ("正常", "OK"),
    "not_ok": ("不正常", "not OK"),
    "all_ok": ("剩下的都正常", "all OK"),
    "next": ("下一项", "next"),
    "noted_not_ok": ("已记不正常: {check}", "Noted as not OK: {check}"),
    "all_noted": ("{n}项都记正常", "Noted as OK: {n}"),
    "normal": ("正常 {low}-{high}{unit}", "normal {low}-{high}{unit}"),
    "normal_low": ("正常 >= {low}{unit}", "normal >= {low}{unit}"),
    "normal_high": ("正常 <= {high}{unit}", "normal <= {high}{unit}"),
    "last": ("上次 {values}", "last {values}"),
    "said": ("也说: {words}", "also said: {words}"),
    "decimals": ("按{keys}就是{value}", "{keys} means {value}"),
    "repeat": (
        "{value}{unit} 超出范围。再看一次,再输一遍",
        "{value}{unit} is out of limits. Read it again and type it again",
    ),
    "kept": ("{value}{unit} 超出范围,已记", "{value}{unit} is out of limits; it is recorded"),
    "type_number": ("先输数字", "Type the number first"),
    "count": ("好的有几个? 一共{total}个", "How many of {total} are good?"),
    "count_of": ("/ {total}", "of {total}"),
    "choose": ("选一个", "Choose one"),
}
