"""The office's page of a month of rounds, schedule by schedule and day by day."""

TABLE = {
    "title": ("巡更月表", "Rounds of the month"),
    "line": (
        "每格：走了几次/应走几次，颜色取最差的一次。点进去看那一天。",
        "Each cell: walked of those due, in the colour of the worst. It leads to that day.",
    ),
    "day_page": ("当日", "One day"),
    "month_page": ("月表", "The month"),
    "month": ("月份", "Month"),
    "schedule": ("计划", "Schedule"),
    "total": ("合计", "Total"),
    "rate": ("到点率", "Points reached"),
    "before": ("上个月", "Month before"),
    "after": ("下个月", "Month after"),
    "show_red": ("有漏检的", "with something missed"),
    "key_ok": ("正常", "well"),
    "key_amber": ("有标记或暂无记录", "marked, or no record yet"),
    "key_red": ("漏检", "missed"),
    "key_dim": ("未到时", "to come"),
    "behind": ("还有{n}天正在统计，请稍后刷新。", "Still being counted: {n} (days). Look again soon."),
    "nothing": ("这个月没有巡更。", "No rounds in this month."),
}
