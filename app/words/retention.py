"""How long records are kept, and how they are let go: the office's commands and the day's page."""

TABLE = {
    "no_plan": (
        "没有小区 {site} 的计划，不知道要保存多久",
        "{site} has no plan: nothing says how long to keep its records",
    ),
    "bad_span": ("保留的结束时间要晚于开始时间", "a hold ends after it begins"),
    "no_reason": ("请写明为什么要保留", "say why it is held: a reason is needed"),
    "no_hold": ("{site} 没有保留“{name}”", "{site} has no hold `{name}`"),
    "would": (
        "{site}：到期的有{records}条记录（{rounds}次巡更）；另有{held}条因保留不清除",
        "{site}: past their time: records {records}, rounds {rounds}; on hold besides: {held}",
    ),
    "done": (
        "{site}：已清除{records}条记录（{rounds}次巡更，{blobs}个附件），{held}条因保留未清除",
        "{site}: purged: records {records}, rounds {rounds}, pictures and texts {blobs}; on hold: {held}",
    ),
    "held": (
        "{site}：“{name}”已保留 {first} 到 {last} 的记录",
        "{site}: `{name}` holds the records from {first} to {last}",
    ),
    "released": ("{site}：已取消保留“{name}”", "{site}: hold `{name}` released"),
    "none": ("没有保留", "nothing is on hold"),
    "listed": ("{site}  {name}  {first} - {last}  {reason}", "{site}  {name}  {first} - {last}  {reason}"),
    "day_purged": (
        "这一天有{n}次巡更已过保存期，记录已清除。",
        "rounds of this day past their time: {n}; their records were purged.",
    ),
}
