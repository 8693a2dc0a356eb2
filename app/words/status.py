"""The last row of every screen, and how times are said."""

TABLE = {
    "practice": ("练习! 什么都不记", "PRACTICE! Nothing is recorded"),
    "practice_ends": ("结束:*8", "end: * 8"),
    "unsent": ("未传", "unsent"),
    "all_sent": ("已传完", "all sent"),
    "offline": ("离线{span}", "off {span}"),
    "never": ("未联网", "offline"),
    "not_enrolled": ("未登记", "no office"),
    "battery": ("电{percent}%", "bat {percent}%"),
    "battery_low": (
        "电量只剩{percent}%:正在上传,屏幕已调暗,请尽快充电",
        "Battery at {percent}%: sending what there is, screen dimmed. Charge it soon",
    ),
    "buzz": ("震动", "vibrate"),
    "light": ("静音亮灯", "light only"),
    "hush": ("静音", "silent"),
    "sound": ("声音", "sound"),
    "locked": ("已锁", "locked"),
    "alarm": ("报警没人接!", "ALARM OPEN!"),
    "seconds": ("{n}秒", "{n}s"),
    "minutes": ("{n}分", "{n}min"),
    "hours": ("{n}小时", "{n}h"),
    "days": ("{n}天", "{n}d"),
    "today": ("今天{time}", "today {time}"),
    "tomorrow": ("明天{time}", "tomorrow {time}"),
    "day": ("{month}月{day}日{time}", "{month:02d}-{day:02d} {time}"),
    "settings_came": ("办公室改了本机的设置", "the office has changed the settings of this handheld"),
    "broken": (
        "程序出错,已停止。已记的记录都在,请重新打开;再出错请告诉管理员。",
        "The program failed and stopped. All records are kept: start again; if it fails again, tell the administrator.",
    ),
}
