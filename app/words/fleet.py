"""The office's page of handhelds, and what is told of one that was not heard of."""

TABLE = {
    "title": ("手持机", "Handhelds"),
    "line": (
        "每台手持机最后一次联系时的情况。“还在机上”的记录会在下次联网时上传。",
        "How each handheld stood when it was last heard of. What it still holds comes with its next contact.",
    ),
    "name": ("手持机", "Handheld"),
    "state": ("状态", "State"),
    "heard": ("最后联系", "Last heard of"),
    "records": ("还在机上", "Still on it"),
    "program": ("程序/计划", "Program / plan"),
    "battery": ("电量", "Battery"),
    "trouble": ("要处理的", "To be seen to"),
    "never": ("没有联系过", "never"),
    "holds": ("{n}条", "records: {n}"),
    "plan": ("计划第{n}版", "plan {n}"),
    "charging": ("充电中", "charging"),
    "withdrawn": ("已停用", "withdrawn"),
    "waiting": ("未登记", "not enrolled"),
    "silent": ("{n}小时没有消息", "silent for {n} h"),
    "state_silent": ("没有消息", "silent"),
    "state_holds": ("还有记录没上传", "has records to send"),
    "well": ("正常", "well"),
    "low": ("电量低", "the battery is low"),
    "full": ("存储只剩{n} MB", "only {n} MB of room left"),
    "old_plan": ("还在用第{n}版计划(最新第{newest}版)", "still has plan {n} (newest: {newest})"),
    "clock": ("时钟偏差{n}分钟", "its clock is off by {n} min"),
    "listed": (
        "{device}  {site}  {state}  {name}  {heard}  {holds}",
        "{device}  {site}  {state}  {name}  {heard}  {holds}",
    ),
}
