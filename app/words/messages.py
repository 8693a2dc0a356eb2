"""What the office tells the crew, on the handheld."""

TABLE = {
    "home": ("办公室通知{n}条: {words} 按*0", "{n} from the office: {words}, press *0"),
    "home_urgent": ("紧急通知: {words} 按*0", "Urgent from the office: {words}, press *0"),
    "came": ("办公室通知: {words}", "From the office: {words}"),
    "came_urgent": ("紧急通知: {words}", "Urgent from the office: {words}"),
    "more": ("办公室通知", "From the office"),
    "title": ("通知", "From the office"),
    "urgent": ("紧急通知", "Urgent"),
    "left": ("共{n}条", "{n} to read"),
    "office": ("办公室", "the office"),
    "by": ("{name} {time}", "{name} {time}"),
    "read": ("已读", "read it"),
    "was_read": ("已记录: 通知已读", "Recorded: read"),
}
