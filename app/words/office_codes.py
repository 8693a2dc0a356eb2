"""Sentences of `watchbook-office code`: labels made anew, makers' codes bound. Then the page behind a label.

That page shows both languages at once: whoever scans a label has chosen none.
"""

TABLE = {
    "ask": ("请扫码，或输入后按回车", "Scan the code, or type it and press Enter"),
    "no_thing": ("计划里没有点位或设备 {thing}", "the plan has no point or asset {thing}"),
    "two_things": (
        "点位和设备都有 {thing}：请写 point:{thing} 或 asset:{thing}",
        "{thing} is a point and an asset: write point:{thing} or asset:{thing}",
    ),
    "no_label": (
        "{thing} 没有标签。计划里写上 label: true 再导入",
        "{thing} has no label. Say `label: true` in the plan and import it",
    ),
    "no_issue_left": ("{thing} 的标签号已用完", "no label numbers are left for {thing}"),
    "ours": ("这是本系统自己的码，不能绑定", "that is a code of our own: it cannot be bound"),
    "too_short": ("码太短，至少 {least} 个字符", "too short a code: at least {least} characters"),
    "too_long": ("码太长，最多 {most} 个字符", "too long a code: at most {most} characters"),
    "unprintable": (
        "码里有显示不出的字符，不能绑定",
        "the code has characters that cannot be shown: it cannot be bound",
    ),
    "bound_already": ("这个码已绑定到 {thing}（{issue}）", "that code is bound to {thing} already ({issue})"),
    "not_bound": ("没有绑定这个码：{text}", "no such code is bound: {text}"),
    "reissued": (
        "{thing} 的标签换成第 {issue} 版。旧标签现在起扫到会记“旧标签”。打印：labels {site}",
        "{thing} has label number {issue} now. Scans of the one before are marked from now on. Print it: labels {site}",
    ),
    "bound": (
        "已绑定到 {thing}，记作 {issue}。谁都能复制它，只算普通标签",
        "bound to {thing} as {issue}. Anybody can copy it: it counts as a plain label",
    ),
    "unbound": ("{thing} 的 {issue} 已解除绑定", "{issue} of {thing} is let go"),
    "none": ("没有标签，也没有绑定的码", "no labels and no bound codes"),
    "bad_phone": (
        "电话只能有数字、空格和 + - ( ) * #，不能是 {phone}",
        "a telephone number has digits, spaces and + - ( ) * #, not {phone}",
    ),
    "kind_point": ("点位", "point"),
    "kind_asset": ("设备", "asset"),
    # for a resident who scans a label
    "page_title": ("物业巡查标签", "Property inspection label"),
    "page_what": (
        "物业工作人员每次巡查到这里，都会扫这个标签，记下来过。您不用登录，也不用做什么。",
        "Staff scan this label on their rounds, to record that they were here. There is nothing you need to do.",
    ),
    "page_call": (
        "发现设备损坏、漏水或有危险，请打物业服务电话：",
        "If something is broken, leaking or dangerous, please call the property service:",
    ),
    "page_call_unknown": (
        "发现设备损坏、漏水或有危险，请打物业服务电话（见楼道公示牌）。",
        "If something is broken, leaking or dangerous, please call the property service (number on the notice board).",
    ),
    "page_fire": ("着火请先打119。", "In case of fire call 119 first."),
    "page_report": ("不急的，也可以在这里告诉物业", "If it is not urgent, you can tell us here"),
    "page_words": ("什么事？", "What is it?"),
    "page_room": ("房号（没有就空着）", "Room or flat, if any"),
    "page_phone": ("电话后四位（要回电才填）", "Last four digits of your telephone, if you want a call"),
    "page_names": ("不用写姓名。物业知道您扫的是哪里的标签。", "No names, please. We know which label you scanned."),
    "page_send": ("发给物业", "Send"),
    "page_sent": ("已收到，客服会处理。", "Thank you. The desk has it and will see to it."),
    "page_empty": ("请写一下是什么事。", "Please say what it is."),
    "page_bad": (
        "房号只用数字和 - ，电话只填后四位。",
        "A room is digits and -, of your telephone only the last four digits.",
    ),
    "page_full": (
        "这里刚收到很多留言，暂时不再收。请打电话。",
        "Many messages came from here just now. Please call instead.",
    ),
    "page_old": ("这个标签已停用，收不了留言。请打电话。", "This label is out of use: please call instead."),
}
