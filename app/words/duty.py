"""When and how something is due: rules, standing, timing and nearness."""

TABLE = {
    # a recurrence rule that is refused
    "rule_begins": (
        "起始日期{date}不在{first}至{last}年之间,请改正",
        "the first date {date} is not between {first} and {last}: correct it",
    ),
    "rule_empty": ("没有写重复规则,例如FREQ=DAILY", "the rule is empty: write for example FREQ=DAILY"),
    "rule_long": ("规则超过{limit}个字符,请写短", "the rule is longer than {limit} characters: shorten it"),
    "rule_piece": (
        "规则中“{piece}”不是“名称=值”的写法",
        "{piece!r} in the rule is not of the form NAME=VALUE",
    ),
    "rule_twice": ("规则中{name}写了两次,只留一个", "{name} stands twice in the rule: keep one"),
    "rule_finer": (
        "FREQ={value}太密:最细到DAILY,一天几次请分成几个班次",
        "FREQ={value} is too fine: use DAILY, and one schedule for each time of day",
    ),
    "rule_freq": (
        "FREQ只能是DAILY、WEEKLY、MONTHLY或YEARLY,现为{value}",
        "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY, not {value}",
    ),
    "rule_number": (
        "{name}={value}不对,应在{low}到{high}之间",
        "{name}={value} is wrong: {low} to {high} is possible",
    ),
    "rule_weekday": (
        "“{value}”不是星期:用MO TU WE TH FR SA SU,每月第几个写成1MO到5MO或-1MO",
        "{value!r} is no weekday: use MO TU WE TH FR SA SU, in a month 1MO to 5MO or -1MO",
    ),
    "rule_ordinal": (
        "“{value}”带序号只能用于每月规则,或写明BYMONTH的每年规则",
        "{value!r}: a numbered weekday needs FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH",
    ),
    "rule_until": (
        "UNTIL={value}不是日期,请写成20261231",
        "UNTIL={value} is not a date: write it as 20261231",
    ),
    "rule_count": ("不用COUNT,请用UNTIL写明最后一天", "COUNT is not used: write the last day as UNTIL"),
    "rule_part": (
        "规则中不用{name},可用FREQ INTERVAL BYDAY BYMONTHDAY BYMONTH UNTIL WKST",
        "{name} is not used in rules: FREQ INTERVAL BYDAY BYMONTHDAY BYMONTH UNTIL WKST are",
    ),
    "rule_weekly_monthday": (
        "每周规则不能写BYMONTHDAY,请用FREQ=MONTHLY",
        "a weekly rule cannot have BYMONTHDAY: use FREQ=MONTHLY",
    ),
    "rule_unreal": (
        "{months}月没有{day}日,请改正BYMONTHDAY",
        "day {day} does not exist in month {months}: correct BYMONTHDAY",
    ),
    "rule_never": (
        "规则{rule}从{date}起12年内一次也轮不到,请改正",
        "the rule {rule} is never due in the 12 years from {date}: correct it",
    ),
    # how a slot stands
    "coming": ("还没开始", "later"),
    "open": ("现在该巡", "due now"),
    "running": ("进行中", "under way"),
    "done": ("已完成", "done"),
    "missed": ("漏检", "missed"),
    # the whole round against its window
    "timing_early": ("早到", "early"),
    "timing_on-time": ("准时", "on time"),
    "timing_late": ("迟到", "late"),
    "timing_missed": ("未到", "missed"),
    # how near a tag is
    "near_far": ("再走近一点", "come closer"),
    "near_ambiguous": ("两个点太近,请贴近或扫码", "two points at once: step closer or scan"),
}
