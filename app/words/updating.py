"""A new program on its way to a handheld: one line for the crew, and the same for the office.

None has a field: the office shows them by their keys.
"""

TABLE = {
    "fetching": (
        "新程序下载中,只在空闲并充电时进行",
        "A new program is being fetched, while the handheld is idle and charging",
    ),
    "ready": ("新程序已备好,无人值班时自动更换", "A new program is ready: it comes in when nobody is on shift"),
    "never_free": (
        "新程序备好一天多了,一直有人值班换不上:请换班时先签退",
        "A new program has been ready for a day, but somebody was always on shift: sign out once",
    ),
    "no_power": ("新程序已备好,等充电后更换", "A new program is ready: it comes in on the charger"),
    "taken": ("程序已更新", "The program was updated"),
    "rolled_back": (
        "新程序没能正常运行,已换回原来的程序",
        "The new program did not run as it should: the one before is back",
    ),
    "no_room": (
        "存储空间不够更新程序,请联系管理员",
        "There is no room for the new program: call the administrator",
    ),
    "torn": ("新程序几次下载都不完整,没有更换", "The new program came damaged several times and was left out"),
    "forged": ("新程序的签名不对,没有更换", "The new program is not its publisher's and was left out"),
    "unfit": ("新程序不是给这种手持机的,没有更换", "The new program is for other handhelds and was left out"),
    "too_far": (
        "新程序打不开这台手持机的记录,没有更换",
        "The new program cannot open this handheld's records and was left out",
    ),
    "not_laid": ("新程序没能装好,没有更换", "The new program could not be installed and was left out"),
    "not_tried": (
        "新程序试开记录没有通过,没有更换",
        "The new program did not open the records as it should and was left out",
    ),
}
