"""The rest of the menu: what a post does beside rounds."""

TABLE = {
    "support": ("支持文件写到U盘", "support file onto the stick"),
    "support_made": ("已写到U盘:{name}", "on the stick: {name}"),
    "support_no_stick": ("没有U盘:请插上再试", "no stick: plug one in and try again"),
    "support_waits": ("正在写,请勿拔U盘……", "writing it: leave the stick in ..."),
    "title": ("更多", "More"),
    "practice": ("练习一轮 (不记录)", "practise a round (not recorded)"),
    "registers": ("登记簿", "registers"),
    "take": ("接单", "take an order"),
    "orders": ("工单", "work orders"),
    "afterwards": ("说明 免巡 补录", "explain, excuse, enter from paper"),
    "matters": ("问题和隐患", "open findings"),
    "equipment": ("设备台账", "equipment"),
    "procedures": ("应急预案和通讯录", "emergencies, whom to call"),
}
