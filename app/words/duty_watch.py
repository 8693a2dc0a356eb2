"""The duty watch of a post: who is on and for how long, what entry is due, asking to be relieved."""

TABLE = {
    "menu": ("在岗和值班记录", "who is on duty, entries"),
    "title": ("当值 {post}", "On duty {post}"),
    "on_fine": ("{name} {time}起 已{span} (限{hours}小时)", "{name} since {time}, {span} (limit {hours} h)"),
    "on_soon": ("{name} {time}起 已{span} 快到{hours}小时", "{name} since {time}, {span}: {hours} h are nearly over"),
    "on_over": ("{name} {time}起 已{span} 超过{hours}小时", "{name} since {time}, {span}: OVER {hours}h"),
    "stands_in": ("替{name}顶班", "stands in for {name}"),
    "asked_at": ("{time}已请人接班", "Relief asked for at {time}"),
    "no_entries": ("这个岗不用定时写记录", "No entries are due at this post"),
    "key_entry": ("写值班记录", "write the entry"),
    "key_relief": ("请人接班", "ask for relief"),
    "key_home": ("当值", "duty"),
    "asked": ("已记: 请人接班。再用对讲机告诉领班", "Recorded: relief asked for. Radio your leader too"),
    "asked_before": ("{time}已请过。再用对讲机催一下", "Asked at {time} already. Radio your leader again"),
}
