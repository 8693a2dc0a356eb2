"""What the office tells people by their hooks (D66), and its commands about them."""

TABLE = {
    # notices
    "alarm": (
        "【报警】{site} {place}：{what}。{people}，{time}。还没有人接，请马上处理。",
        "ALARM {site}, {place}: {what}. {people}, {time}. Nobody has taken it yet: act now.",
    ),
    "alarm_again": (
        "【报警·{minutes}分钟无人接】{site} {place}：{what}。{people}，{time}。",
        "ALARM, NOT TAKEN FOR {minutes} MIN: {site}, {place}: {what}. {people}, {time}.",
    ),
    "alarm_moved": (
        "【报警】{site} {place}：{what}（{time}）：{act}。",
        "Alarm {site}, {place}: {what} ({time}): {act}.",
    ),
    "missed_points": (
        "【漏检】{site} {round}（{window}）：{planned}个点位漏了{missed}个。{people}。",
        "MISSED {site}, {round} ({window}): {missed} of {planned} points. {people}.",
    ),
    "missed_round": (
        "【漏检】{site} {round}（{window}）：没有人巡。",
        "MISSED {site}, {round} ({window}): nobody walked it.",
    ),
    "overdue": (
        "【超期】{site} {place}：{what}，应在{time}前完成。负责人{people}。",
        "OVERDUE {site}, {place}: {what}, to be done by {time}. {people} is responsible.",
    ),
    "asked": (
        "【报事】{site} {place}：{what}，{time}前要有人处理，客服还没有处理。",
        "REQUEST {site}, {place}: {what}. Somebody was to see to it by {time}; the desk has not yet.",
    ),
    "escalation": (
        "【升级·超期{days}天】{site} {place}：{what}，应在{time}前完成，仍未关闭。负责人{people}。",
        "ESCALATED, {days} d LATE: {site}, {place}: {what}, to be done by {time}, is open. {people} is responsible.",
    ),
    "silent": (
        "【手持机】{site} {name}：{time}以后没有消息，机上还有{holds}条记录没上传。请找一找。",
        "HANDHELD {site}, {name}: not heard of since {time}. Records still on it: {holds}. Look for it.",
    ),
    "trial": (
        "【巡更簿】{site}：这是试发，收到就说明“{name}”能用。",
        "Watchbook, {site}: this is a trial. That you read it says that `{name}` works.",
    ),
    # commands
    "bad_url": (
        "地址要写成 https://主机/…，最长1000个字符",
        "an address is written https://HOST/..., at most 1000 characters",
    ),
    "bad_fields": (
        "短信接口的字段写成 mobile=13900000000&content={text} 这样，{text} 只出现一次，是消息放的地方",
        "fields of a gateway are written mobile=13900000000&content={text}, with {text} once, where the words go",
    ),
    "no_fields": (
        "--fields 只给短信接口（sms）用，不给{form}",
        "--fields is for sms, not for {form}",
    ),
    "bad_about": (
        "没有“{about}”这类通知。可用：{known}",
        "nothing is told about {about}. There are: {known}",
    ),
    "bad_name": (
        "名称要1到64个字符，不能有控制字符",
        "a name has 1 to 64 characters, none of them a control",
    ),
    "added": (
        "{site}：已加通知“{name}”（{form}，{host}）。用 webhook test {site} {name} 试发",
        "{site}: `{name}` is told from now on ({form}, {host}). Try it with `webhook test {site} {name}`",
    ),
    "removed": ("{site}：已删除通知“{name}”", "{site}: `{name}` is told no more"),
    "unknown": ("{site} 没有通知“{name}”", "{site} has no webhook `{name}`"),
    "none": ("没有设通知", "nobody is told"),
    "listed": (
        "{site}  {name}  {form}  {host}  {about}  待发{waiting}  上次{last}",
        "{site}  {name}  {form}  {host}  {about}  waiting {waiting}  last {last}",
    ),
    "never": ("没有发过", "never"),
    "trouble": ("    没发出去：{why}", "    not told: {why}"),
    "tried": ("{host} 收到了试发的消息", "{host} took the trial message"),
    "not_tried": ("{host} 没有收：{why}", "{host} did not take it: {why}"),
}
