"""Practice: a round that is not recorded, and the line that says which key comes next."""

TABLE = {
    "begun": (
        "练习: 什么都不记,报警也不发出。结束: * 再按 8",
        "Practice: nothing is recorded, no alarm goes out. To end it: * then 8",
    ),
    "over": ("练习结束,什么都没记。下面是原来的屏幕", "Practice is over, nothing was recorded. You are where you were"),
    "end": ("结束练习", "end the practice"),
    "not_now": (
        "有报警没人接,或您正在单人值守:现在不能练习",
        "An alarm is open, or you are watched over as working alone: no practice now",
    ),
    "no_round": ("计划里没有能练的任务", "The plan has no round to practise"),
    "no_room": ("没有地方放练习的临时记录", "There is no room for the practice's temporary records"),
    "no_sync": ("练习中: 没有东西要传", "Practice: there is nothing to send"),
    "guide": (">> {words}", ">> {words}"),
    "press": ("按 {key}: {words}", "press {key}: {words}"),
    "type": ("输 {keys} 再按 Enter", "type {keys}, then Enter"),
    "enter": ("按 Enter", "press Enter"),
    "wait": ("等着: 模拟的人正走过去,到了会自己记上", "wait: somebody simulated walks there, it is recorded by itself"),
    "code": ("按 1,输 {code},再按 Enter", "press 1, type {code}, then Enter"),
    "skip": ("按 2 选去不了的原因", "press 2 and choose why you cannot go"),
    "ok": ("看过没问题: 按 1;都没问题: 按 Enter", "look, then press 1 for OK, or Enter if all is OK"),
    "choose": ("按一个数字选,或按退格返回", "choose by a digit, or Backspace"),
    "alarm": (
        "练习的报警谁也收不到。真有险情: * 8 先结束练习",
        "nobody gets a practice alarm. In real danger end the practice first: * 8",
    ),
}
